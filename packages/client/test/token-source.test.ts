import { describe, expect, test } from 'bun:test'
import { eventually } from '../../server/test/harness/eventually.ts'
import { type ChatError, type ClientOptions, ConnectionError, type Session } from '../src/index.ts'
import { scene, type Scene, statuses } from './peer/scene.ts'

/** A client of an application that has tokens of its own: alice's, unless it `gives` something else. */
function application(stage: Scene, options: Partial<ClientOptions> = {}) {
  const tokenOf = (username: string) => stage.peer.accounts.login({ username, password: `${username}-password` }).access_token
  const app = { asked: 0, gives: (): string | null | Promise<string | null> => tokenOf('alice') }
  const token = () => {
    app.asked += 1
    return app.gives()
  }
  return { app, tokenOf, client: stage.client({ token, ...options }) }
}

const refusal = (call: Promise<unknown>) => call.catch((error: unknown) => error)

describe('tokens of the application', () => {
  test('are asked for once before the first calls, and tell who is signed in', async () => {
    await using stage = scene()
    const kept: (Session | null)[] = []
    const { app, client } = application(stage, { onSession: (session) => void kept.push(session) })
    expect(client.user).toBeNull()
    const answers = await Promise.all(Array.from({ length: 12 }, () => client.call('accounts.me', {})))
    expect(answers.every(({ username }) => username === 'alice')).toBe(true)
    expect([app.asked, client.user?.username, kept.length]).toEqual([1, 'alice', 1])
    expect(client.session).toMatchObject({ session: null, refresh_token: null })
  })

  test('open a connection without a login', async () => {
    await using stage = scene()
    const { app, client } = application(stage)
    client.connect()
    await client.ready()
    await client.open(stage.hall.id)
    await client.send(stage.hall.id, 'hello')
    expect([app.asked, stage.peer.latest.hello?.token]).toEqual([1, client.session?.access_token ?? ''])
  })

  test('are exchanged before they end, and the connection lives on', async () => {
    await using stage = scene()
    // A token that does not say when it ends is exchanged within a minute; here after a moment.
    const soon = (ms: number) => (ms > 44_000 && ms <= 45_000 ? 20 : ms)
    const { app, client } = application(stage, { platform: { random: () => 0, setTimeout: (task, ms) => setTimeout(task, soon(ms)) } })
    client.connect()
    await client.ready()
    const seen = statuses(client)
    await eventually(() => stage.peer.latest.frames.some((frame) => frame.startsWith('{"auth":')))
    expect(app.asked).toBeGreaterThan(1)
    expect(seen).toEqual([])
  })

  test('that are over are asked for anew once, however many calls find out, and when the server closes for it', async () => {
    await using stage = scene()
    const { app, client } = application(stage)
    await client.refresh()
    stage.peer.accounts.expireAll()
    await Promise.all(Array.from({ length: 12 }, () => client.call('accounts.me', {})))
    expect(app.asked).toBe(2)
    client.connect()
    await client.ready()
    stage.peer.accounts.expireAll()
    stage.peer.close(4401)
    await eventually(() => app.asked === 3)
    await client.ready()
    expect(stage.peer.latest.hello?.token).toBe(client.session?.access_token ?? '')
  })

  test('that cannot be had are asked for after a pause, not with every call, and the connection waits for them', async () => {
    await using stage = scene()
    let now = Date.now()
    const { app, client, tokenOf } = application(stage, { platform: { now: () => now } })
    app.gives = () => Promise.reject(new Error('the application is away'))
    const refusals = []
    for (let i = 0; i < 20; i += 1) refusals.push(await refusal(client.call('accounts.me', {})))
    expect(refusals.every((error) => error instanceof ConnectionError)).toBe(true)
    expect(app.asked).toBe(1)
    now += 60_000
    await refusal(client.call('accounts.me', {}))
    expect(app.asked).toBe(2)
    client.connect()
    await eventually(() => client.status.state === 'waiting')
    app.gives = () => tokenOf('alice')
    await client.ready()
    expect(client.user?.username).toBe('alice')
  })

  test('that are still good are used while there is no newer one', async () => {
    await using stage = scene()
    let now = Date.now()
    const { app, client } = application(stage, { platform: { now: () => now } })
    await client.refresh()
    app.gives = () => Promise.reject(new Error('the application is away'))
    now += 55_000
    expect([(await client.call('accounts.me', {})).username, (await client.call('accounts.me', {})).username]).toEqual(['alice', 'alice'])
    expect(app.asked).toBe(2)
  })

  test('that there are none any more end the session with a reason, until the application connects again', async () => {
    await using stage = scene()
    const { app, client, tokenOf } = application(stage)
    const ends: (ChatError | null)[] = []
    client.connect()
    await client.ready()
    client.on('session', ({ error }) => void ends.push(error))
    app.gives = () => null
    stage.peer.accounts.expireAll()
    stage.peer.close(4401)
    await eventually(() => client.status.state === 'stopped')
    expect([client.session, ends[0]?.code, app.asked]).toEqual([null, 'unauthenticated', 2])
    expect(await refusal(client.call('accounts.me', {}))).toMatchObject({ code: 'unauthenticated' })
    expect(app.asked).toBe(2)
    app.gives = () => tokenOf('alice')
    client.connect()
    await client.ready()
    expect(client.user?.username).toBe('alice')
  })

  test('are not asked for after a logout, one that comes while the application is asked included', async () => {
    await using stage = scene()
    const { app, client, tokenOf } = application(stage)
    const given = Promise.withResolvers<string>()
    app.gives = () => given.promise
    client.connect()
    await eventually(() => app.asked === 1)
    await client.logout()
    given.resolve(tokenOf('alice'))
    expect(await refusal(client.call('accounts.me', {}))).toMatchObject({ code: 'unauthenticated' })
    expect([client.session, client.status.state, app.asked]).toEqual([null, 'offline', 1])
  })

  test('of somebody else drop what was kept and connect as them', async () => {
    await using stage = scene()
    const { app, client, tokenOf } = application(stage)
    client.connect()
    await client.ready()
    await client.open(stage.hall.id)
    app.gives = () => tokenOf('bob')
    await client.refresh()
    await eventually(() => stage.peer.latest.person?.username === 'bob')
    await client.ready()
    expect([stage.peer.latest.hello?.resume, stage.peer.latest.open.size]).toEqual([undefined, 0])
  })

  test('leave no way to sign in here', async () => {
    await using stage = scene()
    const { client } = application(stage)
    expect(String(await refusal(client.login('alice', 'alice-password')))).toContain('from the application')
    expect(String(await refusal(client.register({ username: 'carol', password: 'carol-password' })))).toContain('from the application')
  })

  test('that the application never gives are given up', async () => {
    await using stage = scene()
    const { app, client } = application(stage, { platform: { setTimeout: (task, ms) => setTimeout(task, ms === 30_000 ? 10 : ms) } })
    app.gives = () => new Promise(() => undefined)
    expect(await refusal(client.call('accounts.me', {}))).toBeInstanceOf(ConnectionError)
  })
})
