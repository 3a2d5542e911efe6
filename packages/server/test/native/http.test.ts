import { describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { limits } from '@parlance/protocol'
import { startServer } from '../harness/server.ts'
import { openWorld, password } from '../harness/world.ts'

const json = { 'content-type': 'application/json' }

describe('bad input over HTTP', () => {
  const deep = `{"meta":${'{"a":'.repeat(limits.json_depth)}1${'}'.repeat(limits.json_depth)}}`
  const rows: [
    string,
    { method?: string; path?: string; body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> },
    number,
    string,
  ][] = [
    ['text that is not JSON', { body: 'hello' }, 400, 'malformed'],
    ['bytes that are not UTF-8', { body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]) }, 400, 'malformed'],
    ['an array', { body: '[]' }, 400, 'invalid_input'],
    ['an empty body', { body: '' }, 400, 'invalid_input'],
    ['a key __proto__', { body: '{"kind":"group","__proto__":{"admin":true}}' }, 400, 'invalid_input'],
    ['nesting beyond the bound', { body: deep }, 400, 'malformed'],
    ['a body above the bound', { body: `{"kind":"group","title":"${'x'.repeat(limits.body_bytes)}"}` }, 413, 'payload_too_large'],
    ['a body far above the bound', { body: 'x'.repeat(limits.body_bytes * 20) }, 413, 'payload_too_large'],
    ['another media type', { body: 'kind=group', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type'],
    ['a huge number', { path: '/api/v1/rooms?limit=1e400', method: 'GET' }, 400, 'invalid_input'],
    ['a parameter twice', { path: '/api/v1/rooms?limit=1&limit=2', method: 'GET' }, 400, 'invalid_input'],
    ['a parameter __proto__', { path: '/api/v1/rooms?__proto__=1', method: 'GET' }, 400, 'invalid_input'],
    ['a lone surrogate', { body: '{"kind":"group","title":"\\ud800"}' }, 400, 'invalid_input'],
    ['a NUL', { body: '{"kind":"group","title":"a\\u0000"}' }, 400, 'invalid_input'],
    ['a cursor from elsewhere', { path: '/api/v1/rooms?cursor=zzz', method: 'GET' }, 400, 'invalid_cursor'],
    ['a path of nobody', { path: '/api/v1/nothing', method: 'GET' }, 404, 'not_found'],
    ['a method the path has not', { method: 'PUT' }, 405, 'method_not_allowed'],
  ]
  for (const [what, { method = 'POST', path = '/api/v1/rooms', body, headers }, status, code] of rows) {
    test(`${what} is ${status} ${code}`, async () => {
      await using world = await openWorld()
      const ada = await world.person('ada')
      const answer = await world.rest.raw(method, path, { body, headers: { ...json, authorization: `Bearer ${ada.token}`, ...headers } })
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code])
      expect((await world.rest.call('rooms.list', {}, ada)).items).toEqual([])
    })
  }

  test('a 405 says what the path answers', async () => {
    await using world = await openWorld()
    const answer = await world.rest.raw('PUT', '/api/v1/rooms')
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'POST'])
  })
})

describe('conventions of REST', () => {
  test('Idempotency-Key stands for cid: 201 first, then 200 with dup', async () => {
    await using world = await openWorld()
    const ada = await world.person('ada')
    const room = await world.publicRoom(ada)
    const send = () => world.rest.ask('messages.send', { room, content: 'once' }, { ...ada, key: 'k1' })
    const [first, second] = [await send(), await send()]
    expect([first.status, second.status]).toEqual([201, 200])
    expect(second.result).toEqual({ message: first.result?.message as never, dup: true })
    const other = await world.rest.ask('messages.send', { room, content: 'another' }, { ...ada, key: 'k1' })
    expect([other.status, other.problem?.code]).toEqual([409, 'cid_conflict'])
  })

  test('answers carry a request id, are nobody else’s to cache, and pages of any origin may read them', async () => {
    await using world = await openWorld()
    const answer = await world.rest.raw('GET', '/api/v1/me', { headers: { origin: 'https://elsewhere.example' } })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  })

  test('a cookie session keeps the refresh token out of scripts’ reach', async () => {
    await using world = await openWorld()
    const { username } = await world.person('ada')
    const login = await world.rest.raw('POST', '/api/v1/auth/login', {
      headers: json,
      body: JSON.stringify({ username, password, session: 'cookie' }),
    })
    expect(((await login.json()) as { refresh_token: unknown }).refresh_token).toBeNull()
    const cookie = login.headers.get('set-cookie') ?? ''
    expect(cookie).toContain('HttpOnly')
    expect(cookie).toContain('SameSite=Strict')
    expect(cookie).toContain('Path=/api/v1/auth')
    const pair = cookie.split(';')[0] ?? ''
    const refresh = (origin: string) =>
      world.rest.raw('POST', '/api/v1/auth/refresh', { headers: { ...json, cookie: pair, origin }, body: '{}' })
    expect((await refresh('https://evil.example')).status).toBe(401)
    const own = await refresh(world.server.url)
    expect(own.status).toBe(200)
    expect(own.headers.get('set-cookie')).toContain('parlance_refresh=')
  })

  test('a page of another origin that may use the cookie is told so, and no other', async () => {
    await using world = await openWorld({ env: { CSRF_ALLOWED: 'https://app.example' } })
    const told = async (method: string, origin: string) => {
      const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
      const headers = { ...json, origin, ...(method === 'OPTIONS' && asked) }
      const answer = await world.rest.raw(method, '/api/v1/auth/refresh', { headers, ...(method === 'POST' && { body: '{}' }) })
      return ['origin', 'credentials'].map((name) => answer.headers.get(`access-control-allow-${name}`))
    }
    for (const method of ['OPTIONS', 'POST']) {
      expect(await told(method, 'https://app.example')).toEqual(['https://app.example', 'true'])
      expect(await told(method, 'https://evil.example')).toEqual(['*', null])
    }
  })

  test('only hosts that are allowed are answered', async () => {
    await using world = await openWorld({ env: { ALLOWED_HOSTS: 'chat.example,.example.org' } })
    const status = async (host: string) => (await world.rest.raw('GET', '/healthz', { headers: { host } })).status
    expect([await status('chat.example'), await status('a.example.org:80'), await status('evil.example')]).toEqual([200, 200, 400])
  })

  test('signed-out work is limited per address, signed-in work per user', async () => {
    await using world = await openWorld({ env: { RATE_LIMIT: 'on' }, limits: { signedOutPerAddress: { burst: 3, perMinute: 1 } } })
    const ada = await world.person('ada')
    const attempts = await Promise.all(Array.from({ length: 4 }, () => world.rest.ask('accounts.login', { username: 'nobody', password })))
    const refused = attempts.filter(({ status }) => status === 429)
    expect(refused.length).toBe(2)
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await world.rest.ask('accounts.me', {}, ada)).status).toBe(200)
  })
})

describe('what operators see', () => {
  test('health, readiness and metrics answer on loopback, but not through a proxy', async () => {
    await using world = await openWorld()
    for (const path of ['/healthz', '/readyz', '/metrics']) expect([path, (await world.rest.raw('GET', path)).status]).toEqual([path, 200])
    expect((await world.rest.raw('GET', '/metrics', { headers: { 'x-forwarded-for': '8.8.8.8' } })).status).toBe(403)
  })

  test('a second server on the same directory refuses to start and says who has it', async () => {
    await using world = await openWorld()
    const second = await startServer({ dataDir: world.server.dataDir }).then(
      () => null,
      (error: Error) => error.message,
    )
    expect(second).toContain(`process ${process.pid}`)
  })

  test('keys and the control socket are their owner’s alone', async () => {
    await using world = await openWorld()
    for (const file of ['secret', 'control.sock'])
      expect([file, statSync(join(world.server.dataDir, file)).mode & 0o777]).toEqual([file, 0o600])
  })

  test('draining answers what is under way and tells sockets when to come back', async () => {
    const world = await openWorld()
    const ada = await world.person('ada')
    const room = await world.publicRoom(ada)
    const socket = await world.socket(ada)
    const send = socket.op('messages.send', { room, content: 'last', cid: 'last' })
    await send
    await world.server.running[Symbol.asyncDispose]()
    const { bye } = await socket.next('bye')
    expect(bye).toMatchObject({ code: 4503, reconnect_ms: expect.any(Number), jitter_ms: expect.any(Number) })
    expect((await socket.closed).code).toBe(4503)
  })
})
