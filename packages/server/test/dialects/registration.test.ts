import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createOlderClient } from '../harness/older-client.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { openWorld, password } from '../harness/world.ts'
import { older } from './django-realtime-chat-api/people.ts'

const account = { username: 'ann', password, email: 'ann@example.org' }
/** Where people register at the older doors, and how each says why not. One of them has no such path: its people come from outside. */
const doors: { path: string; shape: (words: string) => object }[] = [
  { path: '/django-realtime-chat-api/api/register/', shape: (detail) => ({ detail }) },
  { path: '/realtime-chat/users/auth/register/', shape: (detail) => ({ detail }) },
  { path: '/django-chat-app/register/', shape: (message) => ({ success: false, message }) },
]

describe.each([
  ['off', 'This server does not take registrations.'],
  ['invite', 'This server takes registrations by invitation only.'],
])('with REGISTRATION=%s', (mode, words) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ env: { REGISTRATION: mode } })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each(doors)('$path answers 403 in its own shape, and makes nobody', async ({ path, shape }) => {
    const answer = await createOlderClient(server.url).ask('POST', path, { json: account })
    expect([answer.status, answer.json]).toEqual([403, shape(words)])
    expect(answer.headers.get('content-type')).toStartWith('application/json')
    expect(await server.running.house.store.users.list('', { after: null, limit: 1 })).toEqual([])
  })
})

test('a changed password ends the logins of older doors: their sockets within a second, their tokens with them', async () => {
  await using world = await openWorld()
  const people = older(world)
  const ann = await world.person('ann')
  const { access, refresh } = (await people.api.ask('POST', '/api/login/', { json: { username: ann.username, password } })).json as {
    access: string
    refresh: string
  }
  const member = { username: ann.username, access, refresh }
  await using socket = await people.open(member, 'somewhere')
  await world.rest.call('accounts.password', { current: password, password: 'battery staple' }, ann)
  const answered = performance.now()
  expect((await socket.closed).code).toBe(4401)
  expect(performance.now() - answered).toBeLessThan(1000)
  expect((await people.api.ask('GET', '/api/chat/history/somewhere/', { token: access })).status).toBe(401)
  expect((await people.api.ask('POST', '/django-realtime-chat-api/api/token/refresh/', { json: { refresh } })).status).toBeOneOf([401, 404])
  expect((await world.rest.call('accounts.me', {}, ann)).username).toBe(ann.username)
})
