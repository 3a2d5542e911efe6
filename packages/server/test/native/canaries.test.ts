import { describe, expect, test } from 'bun:test'
import { noteSecret, noteSecretsIn, searchLog, secretsIn } from '../harness/secrets.ts'
import { createOlderClient } from '../harness/older-client.ts'
import { connect } from '../harness/socket.ts'
import { openWorld } from '../harness/world.ts'

let planted = 0
/** A text that is nowhere else in the world, long enough for a token and good enough for a password. */
const canary = (what: string): string => {
  const text = `canary-${what}-${(planted += 1)}-${crypto.randomUUID().replaceAll('-', '')}`
  noteSecret(what, text)
  return text
}

describe('the search for secrets', () => {
  test('finds a token, a part of one, a password and a link, wherever they stand', () => {
    const secret = canary('search')
    const jwt = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(`{"sub":"${secret}"}`).toString('base64url')}.${'s'.repeat(20)}${planted}`
    noteSecretsIn({ items: [{ access_token: jwt }], password: 'correct horse of canaries', url: `https://chat/#${canary('link')}` })
    const [, payload = '', signature = ''] = jwt.split('.')
    const shown = [
      `{"path":"/ws/?token=${secret}&x=1"}`,
      `{"text":"${jwt}"}`,
      `{"text":"…${payload}…"}`,
      `{"text":"…${signature}"}`,
      'an error: correct horse of canaries is wrong',
    ]
    for (const line of shown) expect([line, secretsIn([line]).length]).toEqual([line, 1])
    expect(() => searchLog(shown)).toThrow('a log shows 5 secrets')
  })

  test('takes ids, times, headers of tokens and names of errors for what they are', () => {
    const id = crypto.randomUUID()
    noteSecretsIn({
      session: id,
      token: id,
      password: '1234567890',
      problem: { title: 'x', status: 401, code: 'invalid_credentials' },
      code: 'abc',
    })
    const lines = [`{"request":"${id}","at":"1234567890123"}`, '{"code":"invalid_credentials"}', 'eyJhbGciOiJIUzI1NiJ9', 'abc']
    expect(secretsIn(lines)).toEqual([])
  })
})

test('canaries in every place a secret can be sent to, right and wrong, reach no log', async () => {
  // Closing the world searches its log: that is the assertion.
  await using world = await openWorld()
  const { rest, server } = world
  const ada = await world.person('ada')
  const json = { 'content-type': 'application/json' }
  const api = createOlderClient(server.url)
  const everywhere = (path: string) => [
    rest.raw('GET', path, { headers: { authorization: `Bearer ${canary('bearer')}` } }),
    rest.raw('GET', path, { headers: { authorization: canary('bare') } }),
    rest.raw('GET', path, { headers: { cookie: `parlance_refresh=${canary('cookie')}` } }),
    rest.raw('GET', `${path}?token=${canary('query')}&access_token=${canary('query')}`, {
      headers: { authorization: `Bearer ${ada.token}` },
    }),
    rest.raw('POST', path, { headers: json, body: JSON.stringify({ password: canary('password'), token: canary('token') }) }),
    rest.raw('POST', path, { headers: json, body: `{"password":"${canary('broken')}` }),
    rest.raw('POST', path, { body: canary('text') }),
    rest.raw('PUT', path, { headers: json, body: JSON.stringify([canary('list')]) }),
  ]
  const paths = [
    '/api/v1/me',
    '/api/v1/auth/login',
    '/api/v1/auth/refresh',
    '/api/v1/nowhere',
    '/api/login/',
    '/api/token/refresh/',
    '/metrics',
    '/ws',
  ]
  await Promise.all(paths.flatMap(everywhere))
  await rest.ask('accounts.login', { username: ada.username, password: canary('password') })
  await rest.ask('accounts.register', { username: 'bea', password: canary('password') })
  await rest.ask('accounts.refresh', { refresh_token: canary('refresh') })
  for (const path of [
    '/ws/chat/lobby/',
    '/django-realtime-chat-api/ws/chat/lobby/',
    '/ws/chat/1/',
    `/ws/chat/${crypto.randomUUID()}/`,
    '/ws/nowhere/',
  ]) {
    await api.handshake(`${path}?token=${canary('socket')}`)
    await api.handshake(path, { authorization: `Bearer ${canary('socket')}`, 'sec-websocket-protocol': `token, ${canary('protocol')}` })
  }
  for (const frame of [{ hello: { token: canary('hello') } }, { hello: { token: canary('hello'), more: 1 } }, { auth: canary('auth') }]) {
    await using socket = await connect(server.url)
    socket.sendRaw(JSON.stringify(frame))
    await socket.closed
  }
  const socket = await world.socket(ada)
  await socket.op('accounts.login', { username: ada.username, password: canary('password') }).catch(() => null)
  socket.send({ auth: canary('auth') })
  await socket.closed
  expect(server.lines.length).toBeGreaterThan(50)
})

test('nor do they when the work itself fails', async () => {
  await using world = await openWorld()
  const { rest, server } = world
  const ada = await world.person('ada')
  // A store that fails at everything, in words of its own that show what it was asked.
  const { store } = server.running.house
  const write = store.queue.write.bind(store.queue)
  Object.assign(store.queue, { write: () => Promise.reject(new Error('the disk is on fire')) })
  await rest.ask('accounts.register', { username: 'bea', password: canary('password') })
  await rest.ask('accounts.refresh', { refresh_token: ada.refresh })
  Object.assign(store.queue, { write })
  expect(server.lines.some((line) => line.includes('the disk is on fire'))).toBe(true)
})
