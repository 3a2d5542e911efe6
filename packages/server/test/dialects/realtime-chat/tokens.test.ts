import { afterAll, describe, expect, test } from 'bun:test'
import { backends, startServer } from '../../harness/server.ts'
import { openWorld } from '../../harness/world.ts'
import { type Member, older, type Older } from './people.ts'

type Claims = { exp: number; iat: number; user_id: number; dia: string; sid: string; token_type: string; jti: string }

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims
const secondsOf = (token: string) => claimsOf(token).exp - claimsOf(token).iat
const day = 86_400

const refresh = async (people: Older, token: string, path = '/users/token/refresh/') => {
  const { status, json } = await people.api.ask('POST', path, { json: { refresh: token } })
  return { status, ...(json as { access?: string; refresh?: string; detail?: string; code?: string }) }
}
const works = async (people: Older, access: string) => (await people.ask('GET', '/users/auth/profile/', { token: access })).status === 200

test('as the document sets them up, tokens live for five minutes and a day and do not rotate', async () => {
  await using server = await startServer()
  const people = older(server.url)
  const ann = await people.person('ann')
  expect([secondsOf(ann.access), secondsOf(ann.refresh)]).toEqual([300, day])
  expect(claimsOf(ann.access)).toMatchObject({
    token_type: 'access',
    user_id: ann.id,
    dia: 'realtime-chat',
    jti: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  const answers = [await refresh(people, ann.refresh), await refresh(people, ann.refresh)]
  for (const answer of answers) expect(Object.keys(answer)).toEqual(['status', 'access'])
  expect(await works(people, answers[1]?.access ?? '')).toBe(true)
})

describe.each(await backends())('the settings of the document act ($name)', ({ env }) => {
  const servers: AsyncDisposable[] = []
  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]()
  })
  const started = async (settings: Record<string, string>): Promise<{ people: Older; ann: Member }> => {
    const server = await startServer({ env: { ...(await env()), ...settings } })
    servers.push(server)
    const people = older(server.url)
    return { people, ann: await people.person('ann') }
  }

  test('lifetimes are as set', async () => {
    const { people, ann } = await started({ ACCESS_TOKEN_LIFETIME_MINUTES: '7', REFRESH_TOKEN_LIFETIME_DAYS: '3' })
    expect([secondsOf(ann.access), secondsOf(ann.refresh)]).toEqual([7 * 60, 3 * day])
    expect(secondsOf((await refresh(people, ann.refresh)).access ?? '')).toBe(7 * 60)
  })

  test('with rotation a refresh brings a new refresh token, and the old one goes on', async () => {
    const { people, ann } = await started({ ROTATE_REFRESH_TOKENS: 'True' })
    const first = await refresh(people, ann.refresh)
    expect(first.status).toBe(200)
    expect([claimsOf(first.refresh ?? '').sid, secondsOf(first.refresh ?? '')]).toEqual([claimsOf(ann.refresh).sid, day])
    expect(first.refresh).not.toBe(ann.refresh)
    expect((await refresh(people, ann.refresh)).status).toBe(200)
    expect((await refresh(people, first.refresh ?? '')).status).toBe(200)
    expect(await works(people, first.access ?? '')).toBe(true)
  })

  test('with the blacklist the one used is dead, at both refresh paths and however it is spelled; of many at once one succeeds', async () => {
    const { people, ann } = await started({ ROTATE_REFRESH_TOKENS: 'True', BLACKLIST_AFTER_ROTATION: 'True' })
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(people, ann.refresh)))
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200,
      ...Array.from({ length: 7 }, () => 401),
    ])
    const refused = await refresh(people, ann.refresh)
    expect([refused.status, refused.code]).toEqual([401, 'token_not_valid'])
    expect((await refresh(people, ann.refresh, '/api/token/refresh/')).status).toBe(401)
    // The last letter of a signature has bits that count for nothing.
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = letters.indexOf(ann.refresh.at(-1) ?? '')
    for (const bits of [1, 2, 3]) expect((await refresh(people, ann.refresh.slice(0, -1) + letters[last ^ bits])).status).toBe(401)
    const next = answers.find(({ status }) => status === 200)?.refresh ?? ''
    expect((await refresh(people, next)).status).toBe(200)
    expect(await works(people, ann.access)).toBe(true)
  })

  test('they act on the tokens of this API only', async () => {
    const { people } = await started({ ACCESS_TOKEN_LIFETIME_MINUTES: '7', ROTATE_REFRESH_TOKENS: 'True' })
    const json = { username: 'ann', password: 'Passw0rd!x' }
    const tokens = (await people.api.ask('POST', '/api/login/', { json })).json as { access: string; refresh: string }
    expect(secondsOf(tokens.access)).toBe(300)
    const renewed = await refresh(people, tokens.refresh)
    expect([renewed.status, renewed.refresh]).toEqual([200, undefined])
    const { dia } = claimsOf(renewed.access ?? '')
    expect([dia, secondsOf(renewed.access ?? '')]).toEqual(['django-realtime-chat-api', 300])
  })
})

test('any live access token opens every door, and no refresh token does; what is not ours is refused', async () => {
  await using world = await openWorld()
  const people = older(world.server.url)
  const ann = await people.person('ann')
  const native = await world.person('native')
  expect(await works(people, native.token)).toBe(true)
  expect(await works(people, native.refresh)).toBe(false)
  expect((await refresh(people, native.refresh)).status).toBe(401)
  expect((await refresh(people, ann.access)).detail).toBe('Token has wrong type')
  expect((await world.rest.ask('accounts.refresh', { refresh_token: ann.refresh })).status).toBe(401)
  expect((await world.rest.call('accounts.me', {}, { token: ann.access })).username).toBe('ann')
  const [head, body] = ann.access.split('.')
  for (const token of ['abc', `${head}.${body}.`, `${head}.${body}.AAAA`, ann.refresh, '']) expect(await works(people, token)).toBe(false)
  await world.rest.call('accounts.logout', {}, { token: ann.access })
  expect(await works(people, ann.access)).toBe(false)
  expect((await refresh(people, ann.refresh)).status).toBe(401)
})
