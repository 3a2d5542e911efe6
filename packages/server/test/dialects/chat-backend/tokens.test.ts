import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createOlderClient } from '../../harness/older-client.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { backend, type Backend, type Chat, type Member } from './people.ts'

let world: World
let people: Backend
let ann: Member
let chat: Chat
/** Somebody of another of the older APIs. */
let eve: { access: string; refresh: string }
beforeAll(async () => {
  world = await openWorld()
  people = backend(world)
  ann = await people.person('ann')
  chat = await people.group(ann, 'chat')
  const json = { username: 'eve', password: '123456' }
  await people.api.ask('POST', '/api/register/', { json })
  eve = (await people.api.ask('POST', '/api/login/', { json })).json as typeof eve
})
afterAll(() => world[Symbol.asyncDispose]())

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, string | number>
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const refreshed = (refresh: unknown) => people.api.ask('POST', '/api/token/refresh/', { json: { refresh } })

test('tokens have the claims of the original and two more, for a day and for seven', () => {
  const seconds = (token: string) => Number(claimsOf(token).exp) - Number(claimsOf(token).iat)
  expect([seconds(ann.access), seconds(ann.refresh)]).toEqual([86_400, 604_800])
  expect(claimsOf(ann.access)).toMatchObject({ token_type: 'access', user_id: ann.number, dia: 'chat-backend', sid: expect.any(String) })
  expect(claimsOf(ann.refresh)).toMatchObject({ token_type: 'refresh', user_id: ann.number, sid: String(claimsOf(ann.access).sid) })
})

describe('a bearer is refused', () => {
  const invalid = {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid or expired' }],
  }
  const sign = (claims: Record<string, unknown>, now = Date.now(), seconds = 60) =>
    world.server.running.house.services.tokens.signDialect(
      { token_type: 'access', user_id: ann.number, dia: 'chat-backend', sid: String(claimsOf(ann.access).sid), ...claims },
      { now, seconds },
    )
  const changed = (token: string) => {
    const [header, , signature] = token.split('.')
    return `${header}.${part({ ...claimsOf(token), user_id: 2 })}.${signature}`
  }
  const cases: [what: string, token: () => string | Promise<string>][] = [
    ['that is none', () => 'abc'],
    ['that is a refresh token', () => ann.refresh],
    ['that is a native refresh token', () => world.person().then(({ refresh }) => refresh)],
    ['that has expired', () => sign({}, Date.now() - 120_000)],
    ['without our session', () => sign({ sid: '0190f0aa-0000-7000-8000-00000000000a' })],
    ['with another person’s session', () => sign({ user_id: ann.number + 1 })],
    ['of no algorithm', () => `${part({ alg: 'none', typ: 'JWT' })}.${part(claimsOf(ann.access))}.`],
    ['with other claims under the same signature', () => changed(ann.access)],
    ['that is very long', () => 'a'.repeat(5000)],
  ]
  test.each(cases)('%s', async (_, make) => {
    const token = await make()
    const answer = await people.api.ask('GET', '/api/chats/', { token })
    expect([answer.status, answer.json]).toEqual([401, invalid])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"')
    expect(await people.api.handshake(`/ws/chat/${chat.id}/?token=${token}`)).toBe(403)
  })

  test('that is missing', async () => {
    const answer = await people.api.ask('GET', '/api/chats/')
    expect([answer.status, answer.json]).toEqual([401, { detail: 'Authentication credentials were not provided.' }])
    expect(await people.api.handshake(`/ws/chat/${chat.id}/`)).toBe(403)
    expect(await people.api.handshake(`/ws/chat/${chat.id}/`, { Authorization: `Bearer ${ann.access}` })).toBe(403)
  })
})

describe('a refresh', () => {
  const unusable = { detail: 'Token is invalid or expired', code: 'token_not_valid' }
  const cases: [what: string, token: () => unknown, status: number, body: unknown][] = [
    ['by an access token', () => ann.access, 401, { ...unusable, detail: 'Token has wrong type' }],
    ['by a native refresh token', () => ann.token, 401, unusable],
    ['by nonsense', () => 'x.y.z', 401, unusable],
    ['by a very long text', () => 'x'.repeat(5000), 401, unusable],
    ['by a number', () => 5, 401, unusable],
    ['by a list', () => [], 400, { refresh: ['Not a valid string.'] }],
  ]
  test.each(cases)('%s is refused', async (_, token, ...outcome) => {
    const { status, json } = await refreshed(token())
    expect([status, json]).toEqual(outcome)
  })

  test('may be repeated, keeps the API it was issued at, and takes the tokens of the other older APIs', async () => {
    const [first, second] = [await refreshed(ann.refresh), await refreshed(ann.refresh)]
    expect([first.status, second.status]).toEqual([200, 200])
    expect(claimsOf((first.json as { access: string }).access)).toMatchObject({ dia: 'chat-backend', user_id: ann.number })
    const { access } = (await refreshed(eve.refresh)).json as { access: string }
    expect(claimsOf(access)).toMatchObject({ dia: 'django-realtime-chat-api', user_id: claimsOf(eve.access).user_id ?? '' })
  })

  test('gives an access token for as long as the API does that the refresh token is of, and keeps its name', async () => {
    const seconds = async (refresh: string) => {
      const { access } = (await refreshed(refresh)).json as { access: string }
      const { iat, exp, username } = claimsOf(access)
      return [Number(exp) - Number(iat), username]
    }
    expect(await seconds(ann.refresh)).toEqual([86_400, undefined])
    expect(await seconds(eve.refresh)).toEqual([300, undefined])
    const { user_id, sid, dia } = claimsOf(eve.refresh) as { user_id: number; sid: string; dia: string }
    const named = await world.server.running.house.services.tokens.signDialect(
      { token_type: 'refresh', user_id, sid, dia, username: 'eve' },
      { now: Date.now(), seconds: 60 },
    )
    expect(await seconds(named)).toEqual([300, 'eve'])
  })

  test('with the login ended is refused', async () => {
    const bob = await people.person('bob')
    await world.rest.call('accounts.logout', {}, { token: bob.access })
    const { status, json } = await refreshed(bob.refresh)
    expect([status, json]).toEqual([401, unusable])
  })
})

test('any access token works here, and one of here elsewhere', async () => {
  for (const token of [ann.token, eve.access]) {
    expect((await people.api.ask('GET', '/api/chats/', { token })).status).toBe(200)
  }
  expect(await world.rest.call('accounts.me', {}, { token: ann.access })).toMatchObject({ username: ann.username })
  const history = await people.api.ask('GET', '/api/chat/history/global/', { token: ann.access })
  expect([history.status, history.json]).toEqual([200, []])
  expect(await people.api.handshake(`/ws/chat/${chat.id}/?token=${ann.token}`)).toBe(101)
})

test('addresses are shown to others where the installation says so', async () => {
  await using open = await openWorld({ env: { SHOW_EMAILS: 'on' } })
  const there = backend(open)
  const [one, two] = [await there.person('one'), await there.person('two')]
  await open.rest.call('accounts.update', { email: 'two@example.org' }, two)
  const [, shown] = (await there.group(one, 'open', [two])).members
  expect(shown).toEqual({ id: two.number, username: two.username, email: 'two@example.org' })
  await world.rest.call('accounts.update', { email: 'ann@example.org' }, ann)
  expect((await people.ask<Chat>(ann, 'GET', `/api/chats/${chat.id}/`)).members[0]?.email).toBe('ann@example.org')
})

test('where the API is switched off, its paths are nobody’s and its sockets are refused', async () => {
  await using other = await openWorld({ env: { DIALECTS: 'none' } })
  const api = createOlderClient(other.server.url)
  const { token } = await other.person()
  expect((await api.ask('POST', '/api/token/', { json: {} })).status).toBe(404)
  expect((await api.ask('GET', '/chat-backend/api/chats/', { token })).status).toBe(404)
  expect(await api.handshake(`/ws/chat/${chat.id}/?token=${token}`)).toBe(403)
})
