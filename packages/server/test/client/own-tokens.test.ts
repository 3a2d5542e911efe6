import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Client, type ClientOptions, createClient } from '@parlance/client'
import { SignJWT } from 'jose'
import { eventually } from '../harness/eventually.ts'
import { audience, claims, issuerKey, issuerName, type JwksServer, serveJwks } from '../harness/issuer.ts'
import { readFrame } from '../harness/schemas.ts'
import { openWorld, type World } from '../harness/world.ts'
import { blockingProxy } from './blocking-proxy.ts'

const key = await issuerKey('ES256', 'of the application')
let jwks: JwksServer
let world: World
beforeAll(async () => {
  jwks = serveJwks(() => [key.jwk])
  world = await openWorld({ env: { AUTH_ISSUER: issuerName, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: jwks.url } })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  jwks[Symbol.dispose]()
})

let given = 0
/** What an application does: its own session decides whose token it signs. */
const signed = (sub: string) => key.sign(claims({ sub, preferred_username: sub, jti: String((given += 1)) }))

const timing = { stable_ms: 200, backoff: { base_ms: 5, cap_ms: 50 }, probe: { base_ms: 60_000, cap_ms: 60_000 } }

/** Tokens last five minutes and are exchanged a minute before; here after a moment, and so again and again. */
const hasty = { random: () => 0, setTimeout: (task: () => void, ms: number) => setTimeout(task, ms > 200_000 && ms <= 240_000 ? 30 : ms) }

async function join(sub: string, options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = createClient({
    url: world.server.url,
    timing,
    onFrame: (text) => void readFrame(text),
    token: () => signed(sub),
    ...options,
  })
  client.connect()
  await client.ready()
  return client
}

/** A room of these two, open at the second, and what it hears there. */
async function listening(speaker: Client, listener: Client) {
  const { room } = await speaker.call('rooms.direct', { user: listener.user?.id ?? '' })
  const heard: string[] = []
  listener.on('message.created', ({ data }) => heard.push(data.content))
  await listener.open(room.id)
  return { room: room.id, heard }
}

describe('a client of an application with an issuer of its own', () => {
  test('talks over the socket, and the socket goes on with each newer token', async () => {
    await using ada = await join('ada')
    const auths: string[] = []
    await using bob = await join('bob', { platform: hasty, onFrame: (text) => text.startsWith('{"auth":') && auths.push(text) })
    const seen: string[] = []
    bob.on('status', ({ state }) => seen.push(state))
    const { room, heard } = await listening(ada, bob)
    await ada.send(room, 'before')
    await eventually(() => auths.length >= 2)
    await ada.send(room, 'after')
    await eventually(() => heard.length === 2)
    expect([heard, seen, ada.user?.username]).toEqual([['before', 'after'], [], 'ada'])
  })

  test('is back with a newer token when the server ends its login', async () => {
    await using eve = await join('eve')
    const closed: (number | null)[] = []
    eve.on('status', (status) => status.state === 'waiting' && closed.push(status.code))
    await world.rest.call('accounts.logout_all', {}, { token: await signed('eve') })
    await eventually(() => closed.length > 0)
    await eve.ready()
    expect(closed).toEqual([4401])
    expect((await eve.call('accounts.me', {})).username).toBe('eve')
  })

  test('goes on over server-sent events where no socket gets through', async () => {
    await using proxy = await blockingProxy(world.server.url)
    await using ida = await join('ida')
    const before = given
    await using tim = await join('tim', { url: proxy.url, platform: hasty })
    expect(tim.status).toMatchObject({ state: 'ready', via: 'stream' })
    const { room, heard } = await listening(ida, tim)
    await ida.send(room, 'first')
    await eventually(() => given >= before + 4)
    await ida.send(room, 'second')
    await tim.send(room, 'third')
    await eventually(() => heard.length === 3)
    expect(heard).toEqual(['first', 'second', 'third'])
  })

  test('is signed out when its tokens are refused, and asks for no more', async () => {
    let asked = 0
    const token = () => {
      asked += 1
      return new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32))
    }
    await using client = createClient({ url: world.server.url, timing, token })
    client.connect()
    expect(await client.ready().catch((error: unknown) => error)).toMatchObject({ code: 'unauthenticated' })
    expect([client.status.state, client.session, asked]).toEqual(['stopped', null, 1])
  })

  test('does the same with a shared secret', async () => {
    const secret = 'a secret of the issuer, thirty-two bytes and more'
    const env = { AUTH_ISSUER: issuerName, AUTH_AUDIENCE: audience, AUTH_JWT_SECRET: secret }
    await using other = await openWorld({ env })
    const token = () => new SignJWT(claims({ sub: '4711' })).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret))
    await using client = createClient({ url: other.server.url, timing, token })
    expect((await client.call('accounts.me', {})).username).toBe('ada')
    client.connect()
    await client.ready()
    expect(client.status).toEqual({ state: 'ready', mode: 'heads' })
  })
})
