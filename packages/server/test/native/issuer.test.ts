import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { JWTPayload } from 'jose'
import { SignJWT } from 'jose'
import { readConfig } from '../../src/main.ts'
import { audience, claims, issuerKey, issuerName, type IssuerKey, type JwksServer, serveJwks } from '../harness/issuer.ts'
import { createOlderClient } from '../harness/older-client.ts'
import { connect } from '../harness/socket.ts'
import { openWorld, password, type World } from '../harness/world.ts'

const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const byAlgorithm = new Map<string, IssuerKey>()
for (const alg of algorithms) byAlgorithm.set(alg, await issuerKey(alg, `key ${alg}`))
const key = byAlgorithm.get('ES256') ?? (await issuerKey('ES256', 'none'))

const settings = (jwks: JwksServer): Record<string, string> => ({
  AUTH_ISSUER: issuerName,
  AUTH_AUDIENCE: audience,
  AUTH_JWKS_URL: jwks.url,
})

let jwks: JwksServer
let world: World
beforeAll(async () => {
  jwks = serveJwks(() => [...byAlgorithm.values()].map(({ jwk }) => jwk))
  world = await openWorld({ env: settings(jwks) })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  jwks[Symbol.dispose]()
})

let people = 0
const token = (change: JWTPayload = {}) => key.sign(claims({ sub: `person ${++people}`, preferred_username: `person${people}`, ...change }))
const ask = async (bearer: string) => (await world.rest.ask('accounts.me', {}, { token: bearer })).problem?.code ?? 'in'

describe('a token of the installation’s own issuer', () => {
  for (const alg of algorithms) {
    test(`signed by ${alg} opens REST, the socket and an older API`, async () => {
      const bearer = (await byAlgorithm.get(alg)?.sign(claims({ sub: `by ${alg}`, preferred_username: alg.toLowerCase() }))) ?? ''
      expect((await world.rest.call('accounts.me', {}, { token: bearer })).username).toBe(alg.toLowerCase())
      await using socket = await connect(world.server.url)
      expect((await socket.hello(bearer)).welcome.user.username).toBe(alg.toLowerCase())
      const api = createOlderClient(world.server.url)
      expect((await api.ask('GET', '/api/chat/history/global/', { token: bearer })).status).toBe(200)
      expect(await api.handshake(`/django-realtime-chat-api/ws/chat/global/?token=${bearer}`)).toBe(101)
    })
  }

  test('signed with a shared secret does so, too', async () => {
    const secret = 'a secret of the issuer, thirty-two bytes and more'
    const env = { AUTH_ISSUER: issuerName, AUTH_AUDIENCE: audience, AUTH_JWT_SECRET: secret, AUTH_JWT_ALGORITHM: 'HS512' }
    await using other = await openWorld({ env })
    const sign = (alg: string) => new SignJWT(claims()).setProtectedHeader({ alg }).sign(Buffer.from(secret))
    expect((await other.rest.call('accounts.me', {}, { token: await sign('HS512') })).username).toBe('ada')
    expect((await other.rest.ask('accounts.me', {}, { token: await sign('HS256') })).problem?.code).toBe('unauthenticated')
  })

  test('has no password and no refresh, and its person talks like anybody', async () => {
    const [ada, bob] = [await token(), await token()]
    const { id } = await world.rest.call('accounts.me', {}, { token: bob })
    const { room } = await world.rest.call('rooms.direct', { user: id }, { token: ada })
    await world.rest.call('messages.send', { room: room.id, content: 'hello', cid: 'first' }, { token: ada })
    expect((await world.rest.call('messages.list', { room: room.id }, { token: bob })).items).toMatchObject([{ content: 'hello' }])
    expect((await world.rest.ask('accounts.refresh', { refresh_token: ada })).problem?.code).toBe('invalid_refresh')
  })

  test('is accepted although registration is off, which it is unless the setting says otherwise', async () => {
    const registered = await world.rest.ask('accounts.register', { username: 'stranger', password })
    expect(registered.problem?.code).toBe('registration_closed')
    const api = createOlderClient(world.server.url)
    const older = await api.ask('POST', '/api/register/', { json: { username: 'stranger', password, email: '' } })
    expect(older.status).toBe(403)
    await using open = await openWorld({ env: { ...settings(jwks), REGISTRATION: 'open' } })
    expect((await open.person('native')).username).toBe('native1')
  })

  test('ends every socket it opened at its end, native and older', async () => {
    const exp = Math.ceil(Date.now() / 1000) + 2
    const bearer = await token({ exp })
    await using native = await connect(world.server.url)
    await native.hello(bearer)
    await using older = await createOlderClient(world.server.url).open(`/django-realtime-chat-api/ws/chat/global/?token=${bearer}`)
    const ends = await Promise.all([native.closed, older.closed])
    expect(Math.abs(Date.now() - exp * 1000)).toBeLessThan(1000)
    expect(ends.map(({ code }) => code)).toEqual([4401, 4401])
    expect(await ask(bearer)).toBe('token_expired')
  })

  test('a socket goes on with a newer one', async () => {
    const sub = 'renewing'
    await using socket = await connect(world.server.url)
    await socket.hello(await token({ sub, exp: Math.ceil(Date.now() / 1000) + 2 }))
    socket.send({ auth: await token({ sub, jti: 'newer' }) })
    const { auth } = await socket.next('auth')
    expect(auth.expires_in).toBeGreaterThan(200)
    socket.send({ auth: await token() })
    expect((await socket.closed).code).toBe(4401)
  })

  test('a suspended person is out, whatever tokens the issuer goes on giving', async () => {
    const sub = 'suspended'
    const bearer = await token({ sub })
    const { id } = await world.rest.call('accounts.me', {}, { token: bearer })
    const user = await world.server.running.house.store.users.byId(id)
    await world.server.running.house.services.admission.set(user ?? { number: 0 }, 'suspended', null)
    expect([await ask(bearer), await ask(await token({ sub, jti: 'newer' }))]).toEqual(['suspended', 'suspended'])
    expect(
      await createOlderClient(world.server.url).handshake(`/django-realtime-chat-api/ws/chat/global/?token=${await token({ sub })}`),
    ).toBe(403)
  })
})

describe('its key set', () => {
  test('is asked again for a key that is new', async () => {
    const keys = [key.jwk]
    using served = serveJwks(() => keys)
    await using other = await openWorld({ env: settings(served) })
    const [fresh, unknown] = [await issuerKey('EdDSA', 'fresh'), await issuerKey('EdDSA', 'unknown')]
    const code = async (by: IssuerKey) =>
      (await other.rest.ask('accounts.me', {}, { token: await by.sign(claims()) })).problem?.code ?? 'in'
    expect(await code(key)).toBe('in')
    keys.push(fresh.jwk)
    // The first look was less than a minute ago.
    expect([await code(fresh), await code(unknown), served.asked]).toEqual(['unauthenticated', 'unauthenticated', 1])
  })

  test('that is too long, of another kind, elsewhere or an error is none: 503, and again later', async () => {
    const answers: (() => Response)[] = [
      () => new Response(`{"keys":[],"padding":"${'x'.repeat(300 * 1024)}"}`),
      () => new Response('<html>'),
      () => Response.redirect(jwks.url),
      () => new Response(null, { status: 500 }),
    ]
    for (const answer of answers) {
      using served = serveJwks(() => [])
      served.answer = answer
      await using other = await openWorld({ env: settings(served) })
      const bearer = await key.sign(claims())
      const { problem, headers } = await other.rest.ask('accounts.me', {}, { token: bearer })
      expect([problem?.code, headers.get('retry-after')]).toEqual(['issuer_unavailable', '5'])
      await using socket = await connect(other.server.url)
      socket.send({ hello: { token: bearer } })
      expect((await socket.closed).code).toBe(4429)
      expect(await createOlderClient(other.server.url).handshake(`/django-realtime-chat-api/ws/chat/global/?token=${bearer}`)).toBe(503)
      expect(served.asked).toBe(1)
    }
  })

  test('that is never sent to its end is given up after five seconds, and nobody else waits for it', async () => {
    using served = serveJwks(() => [])
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new TextEncoder().encode(' ')), type: 'bytes' })
    served.answer = () => new Promise((resolve) => setTimeout(() => resolve(new Response(endless)), 60_000).unref())
    await using other = await openWorld({ env: { ...settings(served), REGISTRATION: 'open' } })
    const asked = other.rest.ask('accounts.me', {}, { token: await key.sign(claims()) })
    const own = await other.person()
    expect((await other.rest.ask('accounts.me', {}, own)).status).toBe(200)
    expect((await asked).problem?.code).toBe('issuer_unavailable')
  }, 15_000)
})

test('half a configuration is refused with what is missing', () => {
  const faults = (env: Record<string, string>): string => {
    try {
      readConfig(env)
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }
  const url = 'https://id.example.org/jwks.json'
  expect(faults({ AUTH_JWKS_URL: url })).toContain('AUTH_ISSUER: must be set where AUTH_JWKS_URL is')
  expect(faults({ AUTH_JWKS_URL: url, AUTH_ISSUER: issuerName })).toContain('AUTH_AUDIENCE: must be set')
  expect(faults({ AUTH_ISSUER: issuerName, AUTH_AUDIENCE: audience })).toContain('AUTH_JWKS_URL or AUTH_JWT_SECRET')
  const secret = 'x'.repeat(32)
  const both = { AUTH_ISSUER: issuerName, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: url, AUTH_JWT_SECRET: secret }
  expect(faults(both)).toContain('set one')
  const short = faults({ ...both, AUTH_JWKS_URL: '', AUTH_JWT_SECRET: 'hunter2' })
  expect(short).toContain('at least 32 bytes')
  expect(short).not.toContain('hunter2')
  expect(faults({ ...both, AUTH_JWT_SECRET: '', AUTH_ISSUER: 'parlance' })).toContain('AUTH_ISSUER')
  expect(faults({ ...both, AUTH_JWT_SECRET: '', AUTH_JWKS_URL: 'file:///etc/passwd' })).toContain('AUTH_JWKS_URL')
})
