import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createOlderClient } from '../../harness/older-client.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { before, type Member, older, type Older, addressOf, password } from './people.ts'

let world: World
let people: Older
let ann: Member
beforeAll(async () => {
  world = await openWorld()
  people = older(world.server.url)
  ann = await people.person('ann')
})
afterAll(() => world[Symbol.asyncDispose]())

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown> & { iat: number; exp: number }
const rooms = (token: string) => people.api.ask('GET', '/my-rooms/', { token })
const logout = (token: string, refresh: string) => people.api.ask('POST', '/logout/', { token, json: { refresh } })
const day = 24 * 60 * 60

test('a login’s tokens last three and thirty days and name their API', () => {
  const [access, refresh] = [claimsOf(ann.access), claimsOf(ann.refresh)]
  expect(access).toMatchObject({ token_type: 'access', user_id: ann.id, dia: 'django-chat-app' })
  expect(refresh).toMatchObject({ token_type: 'refresh', user_id: ann.id, dia: 'django-chat-app', sid: access.sid })
  expect([access.exp - access.iat, refresh.exp - refresh.iat]).toEqual([3 * day, 30 * day])
})

describe('a bad bearer is told in the framework’s own form', () => {
  const cases: [what: string, header: () => string | undefined, code: string | undefined][] = [
    ['none', () => undefined, undefined],
    ['another scheme', () => 'Basic YTpi', undefined],
    ['two words', () => `Bearer ${ann.access} x`, 'bad_authorization_header'],
    ['a token that is none', () => 'Bearer abc', 'token_not_valid'],
    ['a refresh token', () => `Bearer ${ann.refresh}`, 'token_not_valid'],
    ['a token with a part missing', () => `Bearer ${ann.access.split('.').slice(0, 2).join('.')}`, 'token_not_valid'],
  ]
  for (const [what, header, code] of cases) {
    test(what, async () => {
      const authorization = header()
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      for (const [method, path] of [
        ['GET', '/users/'],
        ['GET', '/rooms/'],
        ['POST', '/rooms/'],
        ['GET', '/messages/1/'],
        ['POST', '/logout/'],
      ] as const) {
        const answer = await people.api.ask(method, path, { headers })
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"'])
        expect(answer.json).toMatchObject({ detail: expect.any(String), ...(code !== undefined && { code }) })
      }
    })
  }
})

test('a wrong login is told in the envelope, whatever is wrong with it', async () => {
  const cases = [
    { email: addressOf('ann'), password: 'wrong!' },
    { email: 'nobody@example.org', password },
    { email: 'x'.repeat(5000), password },
    { email: addressOf('ann'), password: 'x'.repeat(5000) },
  ]
  for (const json of cases) {
    const answer = await people.api.ask('POST', '/login/', { json })
    expect([answer.status, answer.json]).toEqual([401, { success: false, message: 'Invalid email or password.' }])
    expect(answer.headers.get('www-authenticate')).toBeNull()
  }
})

describe('a logout', () => {
  test('spends the refresh token at every API, once, and nothing else', async () => {
    const bob = await people.person('bob')
    await using socket = await people.listen(bob, 'staying')
    expect((await logout(bob.access, bob.refresh)).status).toBe(205)
    const again = await logout(bob.access, bob.refresh)
    expect([again.status, again.json]).toEqual([400, { success: false, message: 'Logout failed: Token is blacklisted' }])
    expect((await people.api.ask('POST', '/api/token/refresh/', { json: { refresh: bob.refresh } })).status).toBe(401)
    expect((await rooms(bob.access)).status).toBe(200)
    expect(await before(socket, bob)).toEqual([])
  })

  test('is refused for what is no refresh token of an older API', async () => {
    const native = await world.person('native')
    const cases: [refresh: string, reason: string][] = [
      ['x.y.z', 'Token is invalid or expired'],
      [native.refresh, 'Token is invalid or expired'],
      ['x'.repeat(6000), 'Token is invalid or expired'],
      [ann.access, 'Token has wrong type'],
    ]
    for (const [refresh, reason] of cases) {
      const answer = await logout(ann.access, refresh)
      expect([answer.status, answer.json]).toEqual([400, { success: false, message: `Logout failed: ${reason}` }])
    }
  })

  test('of a hundred at once succeeds once', async () => {
    const cid = await people.person('cid')
    const answers = await Promise.all(Array.from({ length: 100 }, () => logout(cid.access, cid.refresh)))
    expect(answers.filter(({ status }) => status === 205)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(99)
  })
})

test('a refresh token may be used at the refresh path, keeps its API and goes on', async () => {
  const { status, json } = await people.api.ask('POST', '/api/token/refresh/', { json: { refresh: ann.refresh } })
  const { access } = json as { access: string }
  expect([status, claimsOf(access)]).toMatchObject([200, { dia: 'django-chat-app', user_id: ann.id }])
  expect((await rooms(access)).status).toBe(200)
})

test('tokens of every API open this one, and those of this one the others', async () => {
  const native = await world.person('native')
  expect((await rooms(native.token)).status).toBe(200)
  await using socket = await people.open('any')
  socket.send({ token: native.token, type: 'join' })
  expect(await socket.take(1)).toEqual([{ type: 'join', username: native.username }])
  expect(await world.rest.call('accounts.me', {}, { token: ann.access })).toMatchObject({ username: 'ann' })
  expect((await people.api.ask('GET', '/api/chats/', { token: ann.access })).status).toBe(200)
})

test('everything open ends within a second of a logout of the whole login', async () => {
  const eve = await people.person('eve')
  await using socket = await people.listen(eve, 'ending')
  await world.rest.call('accounts.logout', {}, { token: eve.access })
  const answered = performance.now()
  expect((await socket.closed).code).toBe(4401)
  expect(performance.now() - answered).toBeLessThan(1000)
  expect((await rooms(eve.access)).status).toBe(401)
  await using again = await people.open('ending')
  again.send({ token: eve.access, type: 'join' })
  expect([(await again.closed).code, again.frames]).toEqual([4001, [{ type: 'unauthorized', message: 'Invalid or expired token.' }]])
})

test('no token of a frame or an address reaches the log', async () => {
  await using socket = await people.listen(ann, 'logged')
  await people.api.handshake(`/ws/chat/logged/?token=${ann.access}`)
  socket.send({ token: `${ann.access}x`, type: 'join' })
  await socket.closed
  expect(world.server.lines.length).toBeGreaterThan(10)
  expect(world.server.lines.filter((line) => line.includes(ann.access.slice(-20)))).toEqual([])
})

test('where the API is switched off, its paths are nobody’s and its sockets are refused', async () => {
  await using other = await openWorld({ env: { DIALECTS: 'none' } })
  const api = createOlderClient(other.server.url)
  const { token } = await other.person()
  for (const path of ['/rooms/', '/users/', '/django-chat-app/rooms/']) expect((await api.ask('GET', path, { token })).status).toBe(404)
  expect(await api.handshake('/ws/chat/test-room/')).toBe(403)
})
