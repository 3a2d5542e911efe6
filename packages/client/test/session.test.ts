import { describe, expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import { eventually } from '../../server/test/harness/eventually.ts'
import { ConnectionError, type Session } from '../src/index.ts'
import { scene, statuses } from './peer/scene.ts'

describe('a session', () => {
  test('begins with an account or a login and is handed to the host to keep', async () => {
    await using stage = scene()
    const kept: (Session | null)[] = []
    const client = stage.client({ onSession: (session) => void kept.push(session) })
    const carol = await client.register({ username: 'carol', password: 'carol-password' })
    expect([carol.username, client.user?.id, kept.length]).toEqual(['carol', carol.id, 1])

    const again = stage.client({ session: kept[0] ?? null })
    expect(await again.call('accounts.me', {})).toEqual(carol)
    expect(client.login('carol', 'wrong')).rejects.toMatchObject({ code: 'invalid_credentials' })
    expect(client.user?.username).toBe('carol')
  })

  test('whose host throws when it is to keep it, or at a frame, goes on, and the host hears of its own error', async () => {
    await using stage = scene()
    const errors: unknown[] = []
    const full = new Error('the storage is full')
    const client = stage.client({
      onSession: () => {
        throw full
      },
      onFrame: () => {
        throw full
      },
      onError: (error) => errors.push(error),
    })
    expect((await client.login('alice', 'alice-password')).username).toBe('alice')
    client.connect()
    await client.ready()
    await client.refresh()
    await client.logout()
    expect(client.session).toBeNull()
    expect(errors.length).toBeGreaterThan(3)
    expect(new Set(errors)).toEqual(new Set([full]))
  })

  test('is renewed once, however many calls find its token expired', async () => {
    await using stage = scene()
    const client = stage.client()
    await client.login('alice', 'alice-password')
    stage.peer.accounts.expireAll()
    const answers = await Promise.all(Array.from({ length: 12 }, () => client.call('accounts.me', {})))
    expect(answers.every(({ username }) => username === 'alice')).toBe(true)
    expect(stage.peer.accounts.refreshes).toBe(1)
  })

  test('is renewed before a token is used that is about to expire', async () => {
    await using stage = scene()
    const client = stage.client()
    stage.peer.accounts.expiresIn = 5
    await client.login('alice', 'alice-password')
    stage.peer.accounts.expiresIn = 900
    await client.call('accounts.me', {})
    expect(stage.peer.calls.map(({ op }) => op)).toEqual(['accounts.login', 'accounts.refresh', 'accounts.me'])
  })

  test('carries a connection over the end of its token', async () => {
    await using stage = scene()
    stage.peer.accounts.expiresIn = 12
    // A quarter of its life before its end, that is after 9 s; here after a moment.
    const soon = (ms: number) => (ms > 8500 && ms <= 9000 ? 50 : ms)
    const client = stage.client({ platform: { random: () => 0, setTimeout: (task, ms) => setTimeout(task, soon(ms)) } })
    await client.login('alice', 'alice-password')
    const first = client.session?.access_token
    client.connect()
    await client.ready()
    const seen = statuses(client)
    await eventually(() => stage.peer.latest.frames.some((frame) => frame.startsWith('{"auth":')))
    expect(client.session?.access_token).not.toBe(first)
    expect(stage.peer.latest.frames).toContain(JSON.stringify({ auth: client.session?.access_token }))
    expect(seen).toEqual([])
  })

  test('is renewed when the server closes for it, and the connection comes back', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    stage.peer.accounts.expireAll()
    stage.peer.close(4401)
    await eventually(() => stage.peer.accounts.refreshes === 1)
    await client.ready()
    expect(stage.peer.latest.hello?.token).toBe(client.session?.access_token ?? '')
  })

  test('that is refused a renewal is over, with the reason', async () => {
    await using stage = scene()
    const kept: (Session | null)[] = []
    const client = await stage.connected(stage.alice, { onSession: (session) => void kept.push(session) })
    const ends: (ChatError | null)[] = []
    client.on('session', ({ error }) => void ends.push(error))
    stage.peer.accounts.revokeAll()
    stage.peer.close(4401)
    await eventually(() => client.status.state === 'stopped')
    expect(client.status).toMatchObject({ code: null, error: { code: 'invalid_refresh' } })
    expect([client.session, kept.at(-1), ends[0]?.code]).toEqual([null, null, 'invalid_refresh'])
    expect(client.call('accounts.me', {})).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('survives a renewal that the server does not answer', async () => {
    await using stage = scene()
    const client = stage.client()
    await client.login('alice', 'alice-password')
    stage.peer.accounts.expireAll()
    await stage.peer.stop()
    expect(await client.call('accounts.me', {}).catch((error: unknown) => error)).toBeInstanceOf(ConnectionError)
    stage.peer.restart()
    expect((await client.call('accounts.me', {})).username).toBe('alice')
  })

  test('of somebody else drops what was kept and connects as them', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    await client.open(stage.hall.id)
    await client.login('bob', 'bob-password')
    await eventually(() => stage.peer.latest.person?.username === 'bob')
    await client.ready()
    expect(stage.peer.latest.hello?.resume).toBeUndefined()
    expect(stage.peer.latest.open.size).toBe(0)
  })

  test('ends with a logout, here and there', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    const token = client.session?.access_token ?? ''
    await client.logout()
    expect([client.session, client.status.state]).toEqual([null, 'offline'])
    expect(() => stage.peer.accounts.bearer(token)).toThrow('token_expired')
    await eventually(() => stage.peer.door.live.length === 0)
  })

  test('ends here even if the server cannot be told', async () => {
    await using stage = scene()
    const client = stage.client()
    await client.login('alice', 'alice-password')
    await stage.peer.stop()
    expect(await client.logout().catch((error: unknown) => error)).toBeInstanceOf(ChatError)
    expect(client.session).toBeNull()
  })
})
