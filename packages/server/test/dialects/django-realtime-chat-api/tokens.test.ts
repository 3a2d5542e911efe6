import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { createOlderClient } from '../../harness/older-client.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { type Member, older, type Older } from './people.ts'

let world: World
let people: Older
let ann: Member
beforeAll(async () => {
  // Beside other APIs a handshake may be theirs.
  world = await openWorld({ env: { DIALECTS: 'django-realtime-chat-api' } })
  people = older(world)
  ann = await people.person('ann')
})
afterAll(() => world[Symbol.asyncDispose]())

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>

/** A token that another server might have signed. */
function foreign(claims: object): string {
  const content = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${content}.${createHmac('sha256', 'another secret').update(content).digest('base64url')}`
}

const notValid = {
  detail: 'Given token not valid for any token type',
  code: 'token_not_valid',
  messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid or expired' }],
}
const notProvided = { detail: 'Authentication credentials were not provided.' }
const notTwo = { detail: 'Authorization header must contain two space-delimited values', code: 'bad_authorization_header' }

test('a login’s tokens are HS256 with the claims that clients know, and two more', () => {
  const [access, refresh] = [claimsOf(ann.access), claimsOf(ann.refresh)]
  expect(headerOf(ann.access)).toEqual({ alg: 'HS256', typ: 'JWT' })
  const known = {
    user_id: expect.any(Number),
    jti: expect.stringMatching(/^[0-9a-f]{32}$/),
    iat: expect.any(Number),
    exp: expect.any(Number),
  }
  const ours = { dia: 'django-realtime-chat-api', sid: expect.any(String) }
  expect(access).toEqual({ token_type: 'access', ...known, ...ours })
  expect(refresh).toEqual({ token_type: 'refresh', ...known, ...ours })
  expect(Number(access.exp) - Number(access.iat)).toBe(5 * 60)
  expect(Number(refresh.exp) - Number(refresh.iat)).toBe(24 * 60 * 60)
  expect([refresh.sid, refresh.user_id]).toEqual([access.sid, access.user_id])
  expect(refresh.jti).not.toBe(access.jti)
})

describe('a header is refused with 401', () => {
  const cases: [what: string, header: () => string | undefined, body: object][] = [
    ['none', () => undefined, notProvided],
    ['another scheme', () => 'Basic YTpi', notProvided],
    ['the scheme in small letters, which this API does not know', () => `bearer ${ann.access}`, notProvided],
    ['a bearer without a token', () => 'Bearer', notTwo],
    ['a bearer of two words', () => `Bearer ${ann.access} x`, notTwo],
    ['a token that is none', () => 'Bearer abc', notValid],
    ['the refresh token', () => `Bearer ${ann.refresh}`, notValid],
    ['a token signed by another server', () => `Bearer ${foreign({ ...claimsOf(ann.access), user_id: 1 })}`, notValid],
    ['a token of no algorithm', () => `Bearer ${part({ alg: 'none', typ: 'JWT' })}.${part(claimsOf(ann.access))}.`, notValid],
    ['a token with other claims under the same signature', () => `Bearer ${changed(ann.access)}`, notValid],
    ['a native refresh token', () => `Bearer ${nativeRefresh}`, notValid],
    ['a very long token', () => `Bearer ${'a'.repeat(5000)}`, notValid],
  ]
  let nativeRefresh = ''
  beforeAll(async () => {
    nativeRefresh = (await world.person()).refresh
  })

  const changed = (token: string): string => {
    const [header, , signature] = token.split('.')
    return `${header}.${part({ ...claimsOf(token), user_id: 2 })}.${signature}`
  }

  for (const [what, header, body] of cases) {
    test(what, async () => {
      const authorization = header()
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await people.api.ask('GET', '/api/chat/history/global/', { headers })
      expect([answer.status, answer.json]).toEqual([401, body])
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"')
      expect(answer.headers.get('allow')).toBe('GET, OPTIONS')
      if (body === notProvided) return
      expect((await people.api.ask('POST', '/api/register/', { headers, json: {} })).json).toEqual(body)
      const token = authorization?.split(' ')[1] ?? ''
      // Two words are one too many in a header only.
      if (body === notValid) expect(await people.api.handshake(`/ws/chat/global/?token=${token}`)).toBe(403)
    })
  }
})

test('an expired token is refused, and the socket it once opened lives as long as the login', async () => {
  const { tokens, sessions } = world.server.running.house.services
  const { user_id, dia, sid } = claimsOf(ann.access) as { user_id: number; dia: string; sid: string }
  const expired = await tokens.signDialect({ token_type: 'access', user_id, dia, sid }, { now: Date.now() - 60_000, seconds: 59 })
  expect((await people.api.ask('GET', '/api/chat/history/global/', { token: expired })).json).toEqual(notValid)
  expect(await people.api.handshake(`/ws/chat/global/?token=${expired}`)).toBe(403)
  expect(sessions.dialectOf(expired)).toBe(dia)
  const { exp } = claimsOf(ann.refresh) as { exp: number }
  const login = await sessions.authenticate(ann.access)
  expect(Math.abs(login.sessionEndsAt - exp * 1000)).toBeLessThan(2000)
})

test('a token without our session is refused, whoever it names', async () => {
  const { tokens } = world.server.running.house.services
  const { user_id, dia } = claimsOf(ann.access) as { user_id: number; dia: string }
  const sid = '0190f0aa-0000-7000-8000-00000000000a'
  const token = await tokens.signDialect({ token_type: 'access', user_id, dia, sid }, { now: Date.now(), seconds: 60 })
  expect((await people.api.ask('GET', '/api/chat/history/global/', { token })).json).toEqual(notValid)
  expect(await people.api.handshake(`/ws/chat/global/?token=${token}`)).toBe(403)
})

test('a native token opens this API, and a token of this API the native one', async () => {
  const bob = await world.person('bob')
  expect((await people.api.ask('GET', '/api/chat/history/global/', { token: bob.token })).status).toBe(200)
  expect(await people.api.handshake(`/ws/chat/global/?token=${bob.token}`)).toBe(101)
  expect(await world.rest.call('accounts.me', {}, { token: ann.access })).toMatchObject({ username: 'ann' })
})

test('after a logout nothing of the login is accepted any more', async () => {
  const eve = await people.person('eve')
  await world.rest.call('accounts.logout', {}, { token: eve.access })
  expect((await people.api.ask('GET', '/api/chat/history/global/', { token: eve.access })).json).toEqual(notValid)
  expect(await people.api.handshake(`/ws/chat/global/?token=${eve.access}`)).toBe(403)
})

test('no token of an address reaches the log', async () => {
  await using _socket = await people.open(ann, 'logged')
  await people.api.ask('GET', `/ws/chat/logged/?token=${ann.access}`)
  expect(world.server.lines.length).toBeGreaterThan(10)
  expect(world.server.lines.filter((line) => line.includes(ann.access.slice(-20)))).toEqual([])
})

test('where the API is switched off, its paths are nobody’s and its sockets are refused', async () => {
  await using other = await openWorld({ env: { DIALECTS: 'none' } })
  const api = createOlderClient(other.server.url)
  const { token } = await other.person()
  expect((await api.ask('POST', '/api/login/', { json: {} })).status).toBe(404)
  expect((await api.ask('GET', '/django-realtime-chat-api/api/chat/history/global/', { token })).status).toBe(404)
  expect([403, 404]).toContain(await api.handshake(`/ws/chat/global/?token=${token}`))
})
