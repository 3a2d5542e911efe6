import { describe, expect, test } from 'bun:test'
import { eventually } from '../../server/test/harness/eventually.ts'
import { ConnectionError, type SocketConstructor } from '../src/index.ts'
import { scene, statuses } from './peer/scene.ts'

describe('a connection', () => {
  test('says hello with the token and is ready after the heads', async () => {
    await using stage = scene()
    const client = stage.client({ client: 'test/1' })
    await client.login('alice', 'alice-password')
    const seen = statuses(client)
    client.connect()
    await client.ready()
    expect(seen).toEqual([
      { state: 'connecting', attempt: 0 },
      { state: 'ready', mode: 'heads' },
    ])
    expect(stage.peer.latest.hello).toEqual({ token: client.session?.access_token ?? '', client: 'test/1' })
    expect(client.positions).toEqual({ epoch: 'e1', useq: stage.alice.useq, rooms: { [stage.hall.id]: stage.hall.log.length } })
  })

  test('needs somebody to be signed in', async () => {
    await using stage = scene()
    expect(() => stage.client().connect()).toThrow('unauthenticated')
  })

  test('comes back by itself when it is cut, however often', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    for (let round = 0; round < 5; round += 1) {
      const seen = statuses(client)
      stage.peer.cut()
      await eventually(() => seen.some(({ state }) => state === 'ready'))
      expect(seen.map(({ state }) => state).slice(0, 2)).toEqual(['waiting', 'connecting'])
    }
    expect(client.status).toEqual({ state: 'ready', mode: 'resumed' })
  })

  test('never gives up on a server that is away', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    await stage.peer.stop()
    await eventually(() => client.status.state === 'waiting' && client.status.attempt > 6)
    stage.peer.restart()
    await eventually(() => client.status.state === 'ready')
  })

  test('tries at once when asked to while it waits', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice, {
      timing: { backoff: { base_ms: 60_000, cap_ms: 60_000 } },
      platform: { random: () => 1 },
    })
    stage.peer.cut()
    await eventually(() => client.status.state === 'waiting')
    client.connect()
    await client.ready()
  })

  test.each([4400, 4403])('does not come back after %d', async (code) => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    stage.peer.close(code)
    await eventually(() => client.status.state === 'stopped')
    expect(client.status).toEqual({ state: 'stopped', code, error: null })
    expect(client.ready()).rejects.toBeInstanceOf(ConnectionError)
    client.connect()
    await client.ready()
  })

  test('waits as long as it is told before it comes back to a server that drains', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice, { platform: { random: () => 0.5 } })
    stage.peer.close(4503, { code: 4503, reconnect_ms: 100, jitter_ms: 60 })
    await eventually(() => client.status.state === 'waiting')
    expect(client.status).toMatchObject({ code: 4503, retry_ms: 130 })
    await client.ready()
  })

  test('counts as lost after silence, without waiting for the other side', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice, { timing: { silence_ms: 120 } })
    const seen = statuses(client)
    await eventually(() => seen.length > 0)
    expect(seen[0]).toMatchObject({ state: 'waiting', code: 4408 })
    await client.ready()
  })

  test('is kept alive from its own side', async () => {
    await using stage = scene()
    stage.peer.heartbeat = 100
    const client = await stage.connected(stage.alice, { timing: { silence_ms: 1000 } })
    const seen = statuses(client)
    await eventually(() => stage.peer.latest.frames.filter((frame) => frame === '{"ping":1}').length >= 16)
    expect(seen).toEqual([])
  })

  test('is given up when it does not open', async () => {
    await using stage = scene()
    const opened: string[] = []
    class Stuck {
      constructor(url: string) {
        opened.push(url)
      }
      send(): void {}
      close(): void {}
      addEventListener(): void {}
    }
    const client = stage.client({ platform: { WebSocket: Stuck satisfies SocketConstructor }, timing: { connect_ms: 30 } })
    await client.login('alice', 'alice-password')
    client.connect()
    await eventually(() => opened.length > 2)
    expect(opened[0]).toBe(`${stage.peer.url.replace('http', 'ws')}/ws`)
  })

  test('starts anew when what it hears is not the protocol', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    const seen = statuses(client)
    for (const { socket } of stage.peer.door.live) socket.send('[1,')
    await eventually(() => seen.some(({ state }) => state === 'ready'))
  })

  test('ignores frames of a later version', async () => {
    await using stage = scene()
    const heard: string[] = []
    const client = await stage.connected(stage.alice, { onFrame: (text) => void heard.push(text) })
    const seen = statuses(client)
    for (const { socket } of stage.peer.door.live) {
      socket.send('{"weather":"fine"}')
      socket.send('{"eph":"smell","room":"x"}')
      socket.send('{"id":999,"ok":null}')
    }
    await client.call('accounts.me', {})
    expect(heard).toContain('{"weather":"fine"}')
    expect(seen).toEqual([])
  })

  test('ends when asked to, and nothing tries again', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    client.disconnect()
    expect(client.status).toEqual({ state: 'offline' })
    await eventually(() => stage.peer.door.live.length === 0)
    expect(client.ready()).rejects.toBeInstanceOf(ConnectionError)
  })
})
