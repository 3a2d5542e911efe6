import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { audience, claims, issuerKey, issuerName, type JwksServer, serveJwks } from '../harness/issuer.ts'
import { createOlderClient } from '../harness/older-client.ts'
import { openStream } from '../harness/stream.ts'
import { connect } from '../harness/socket.ts'
import { openWorld, type World } from '../harness/world.ts'

/** Something open under a token, and when it ended. */
type Open = { door: string; ended: Promise<unknown> }

const key = await issuerKey('EdDSA', 'only')
let jwks: JwksServer
let world: World
beforeAll(async () => {
  jwks = serveJwks(() => [key.jwk])
  const env = { AUTH_ISSUER: issuerName, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: jwks.url, REGISTRATION: 'open' }
  world = await openWorld({ env })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  jwks[Symbol.dispose]()
})

/** One socket or stream of every door there is, opened with this token. */
async function openEverywhere(token: string): Promise<Open[]> {
  const api = createOlderClient(world.server.url)
  const { room } = await world.rest.call('rooms.create', { kind: 'group', title: 'everywhere' }, { token })
  const native = await connect(world.server.url)
  await native.hello(token)
  const stream = await openStream(world.server.url, '/me/stream', { token })
  const query = `?token=${encodeURIComponent(token)}`
  const older: [door: string, path: string][] = [
    ['chat-backend', `/chat-backend/ws/chat/${room.id}/${query}`],
    ['django-realtime-chat-api', `/django-realtime-chat-api/ws/chat/lobby/${query}`],
    ['realtime-chat', `/realtime-chat/ws/chat/lobby/${query}`],
  ]
  const sockets = await Promise.all(older.map(async ([door, path]) => ({ door, ended: (await api.open(path)).closed })))
  // The one door that takes its token in a frame.
  const talk = await api.open('/django-chat-app/ws/chat/lobby/')
  talk.send({ type: 'join', token })
  await talk.take(1)
  return [
    { door: 'native', ended: native.closed },
    { door: 'a stream', ended: stream.ended },
    ...sockets,
    { door: 'django-chat-app', ended: talk.closed },
  ]
}

/** The doors at which something was still open so long after the moment (ms). */
async function stillOpen(opened: readonly Open[], ms: number): Promise<string[]> {
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => late.resolve('late'), ms)
  const ends = await Promise.all(
    opened.map(async ({ door, ended }) => ((await Promise.race([ended, late.promise])) === 'late' ? [door] : [])),
  )
  clearTimeout(timer)
  return ends.flat()
}

describe('at every door what is open ends within a second', () => {
  test('of a suspension', async () => {
    const ada = await world.person('ada')
    const opened = await openEverywhere(ada.token)
    const { store, services } = world.server.running.house
    await services.admission.set((await store.users.byId(ada.id)) ?? { number: 0 }, 'suspended', null)
    expect(await stillOpen(opened, 1000)).toEqual([])
  })

  test('of logging out everywhere', async () => {
    const bob = await world.person('bob')
    const opened = await openEverywhere(bob.token)
    await world.rest.call('accounts.logout_all', {}, bob)
    expect(await stillOpen(opened, 1000)).toEqual([])
  })

  test('of the end of a token of the installation’s own issuer', async () => {
    const exp = Math.ceil(Date.now() / 1000) + 3
    const opened = await openEverywhere(await key.sign(claims({ sub: 'ending', preferred_username: 'ending', exp })))
    expect(await stillOpen(opened, exp * 1000 - Date.now() - 200)).toHaveLength(opened.length)
    expect(await stillOpen(opened, exp * 1000 - Date.now() + 1000)).toEqual([])
  })
})
