import { connect as dial } from 'node:net'
import { describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { eventually } from '../harness/eventually.ts'
import { backends } from '../harness/server.ts'
import { Refused } from '../harness/schemas.ts'
import { openStream } from '../harness/stream.ts'
import { openWorld, type Person, type World } from '../harness/world.ts'

const roomStream = ({ server }: World, room: string, { token, lastEventId }: { token: string; lastEventId?: string }) =>
  openStream(server.url, `/rooms/${room}/stream`, { token, lastEventId })
const ownStream = (world: World, person: Person, { query = '', lastEventId }: { query?: string; lastEventId?: string } = {}) =>
  openStream(world.server.url, `/me/stream${query}`, { token: person.token, lastEventId })

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index)
const figure = async (world: World, name: string): Promise<number> => {
  const text = await (await world.rest.raw('GET', '/metrics')).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

for (const { name, env } of await backends()) {
  describe(`a stream of one room (${name})`, () => {
    test('brings what happens, each event once and in order, with its position as id', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada, bob])
      await using stream = await roomStream(world, room, bob)
      expect(stream.headers.get('content-type')).toBe('text/event-stream')
      const { seq } = await stream.next('opened')
      await Promise.all(upTo(40).map((i) => world.send(ada, room, `text ${i}`)))
      await stream.next('ev', (frame) => frame.seq === seq + 40)
      expect(stream.positions(room)).toEqual(upTo(seq + 40, seq + 1))
      expect(stream.lastId).toEndWith(`.${seq + 40}`)
    })

    test('goes on behind Last-Event-ID without a hole, whatever happened meanwhile', async () => {
      await using world = await openWorld({ env: await env() })
      const ada = await world.person('ada')
      const room = await world.group([ada])
      const sending = (async () => {
        for (let i = 0; i < 300; i++) await world.send(ada, room, `text ${i}`)
      })()
      const all: number[] = []
      let lastEventId: string | undefined
      for (let visit = 0; visit < 12; visit++) {
        await using stream = await roomStream(world, room, { token: ada.token, lastEventId })
        await stream.next('ev')
        if (lastEventId === undefined) all.push(...upTo(stream.positions(room)[0] ?? 1).slice(0, -1))
        all.push(...stream.positions(room))
        lastEventId = stream.lastId
      }
      await sending
      const { seq } = await world.send(ada, room, 'the last')
      await using stream = await roomStream(world, room, { token: ada.token, lastEventId })
      const opened = await stream.next('opened')
      expect(opened.seq).toBe(seq)
      expect([...all, ...stream.positions(room)]).toEqual(upTo(seq))
    }, 60_000)

    test('ends with the removal of its reader, which is the last thing it tells of the room', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada, bob])
      await using stream = await roomStream(world, room, bob)
      await stream.next('opened')
      await world.rest.call('members.remove', { room, user: bob.id }, ada)
      await world.send(ada, room, 'he is gone')
      await stream.ended
      const [last, bye] = stream.events.slice(-2)
      expect(last?.seen).toMatchObject({ kind: 'ev', frame: { ev: 'member.left' } })
      expect(bye).toMatchObject({ name: 'bye', seen: { kind: 'bye', frame: { bye: { code: 4404 } } } })
      expect(roomStream(world, room, bob)).rejects.toMatchObject({ code: 'not_found' })
    })
  })
}

describe('a stream of one room', () => {
  test('tells who types and who read, and a public room to somebody who is no member', async () => {
    await using world = await openWorld()
    const [ada, guest] = [await world.person('ada'), await world.person('guest')]
    const room = await world.publicRoom(ada)
    await using stream = await roomStream(world, room, guest)
    await stream.next('opened')
    await world.rest.call('rooms.typing', { room, typing: true }, ada)
    expect((await stream.next('typing')).user.id).toBe(ada.id)
    await using own = await roomStream(world, room, ada)
    await own.next('opened')
    await world.rest.call('rooms.join', { room }, guest)
    await own.next('ev', (frame) => frame.ev === 'member.joined' && frame.seq > 1)
    const later = await world.send(ada, room, 'welcome')
    await world.rest.call('rooms.read', { room, n: later.n }, guest)
    expect((await own.next('receipt')).user.id).toBe(guest.id)
  })

  test('begins anew with `reset` where the position is of another database, or not reached', async () => {
    await using world = await openWorld()
    const ada = await world.person('ada')
    const room = await world.group([ada])
    const first = await roomStream(world, room, ada)
    await first.next('opened')
    const epoch = first.lastId.split('.')[0]
    await first[Symbol.asyncDispose]()
    for (const lastEventId of ['elsewhere.1', `${epoch}.999999`]) {
      await using stream = await roomStream(world, room, { token: ada.token, lastEventId })
      expect((await stream.next('reset')).reset).toEqual([room])
      await stream.next('opened')
    }
  })

  test('is refused in the words of every other request', async () => {
    await using world = await openWorld()
    const [ada, stranger] = [await world.person('ada'), await world.person('stranger')]
    const room = await world.group([ada])
    const refused = async (reading: Parameters<typeof openStream>[2], path = `/rooms/${room}/stream`) => {
      const error: unknown = await openStream(world.server.url, path, reading).catch((thrown: unknown) => thrown)
      return error instanceof Refused ? error.code : error
    }
    expect(await refused({ token: 'nonsense' })).toBe('unauthenticated')
    expect(await refused({ token: stranger.token })).toBe('not_found')
    const open = await world.publicRoom(ada)
    await world.rest.call('bans.set', { room: open, user: stranger.id }, ada)
    expect(await refused({ token: stranger.token }, `/rooms/${open}/stream`)).toBe('banned')
    expect(await refused({ token: ada.token, lastEventId: 'what?' })).toBe('invalid_input')
    expect(await refused({ token: ada.token }, `/rooms/${room}/stream?after=x`)).toBe('invalid_input')
    expect(await refused({ token: ada.token }, '/rooms/nowhere/stream')).toBe('invalid_input')
    expect(await refused({ token: ada.token }, '/me/stream?open=x')).toBe('invalid_input')
    expect(await refused({ token: ada.token }, '/me/stream?unheard=of')).toBe('invalid_input')
  })

  test('says something every few seconds, and ends when its token does', async () => {
    await using world = await openWorld({ limits: { accessTokenSeconds: 17 } })
    const ada = await world.person('ada')
    const room = await world.group([ada])
    await using stream = await roomStream(world, room, ada)
    await eventually(() => stream.comments > 0, { timeout_ms: limits.stream_comment_ms + 1000 })
    await stream.ended
    expect(stream.events.at(-1)).toMatchObject({ name: 'bye', seen: { frame: { bye: { code: 4401, reason: 'token_expired' } } } })
  }, 60_000)

  test('ends when the session does', async () => {
    await using world = await openWorld()
    const ada = await world.person('ada')
    const room = await world.group([ada])
    await using stream = await roomStream(world, room, ada)
    await stream.next('opened')
    await world.rest.call('accounts.logout', {}, ada)
    await stream.ended
    expect(stream.events.at(-1)).toMatchObject({ name: 'bye', seen: { frame: { bye: { code: 4401 } } } })
  })

  test('ends with the suspension of its reader', async () => {
    await using world = await openWorld()
    const ada = await world.person('ada')
    const room = await world.group([ada])
    await using stream = await roomStream(world, room, ada)
    await using own = await ownStream(world, ada)
    await Promise.all([stream.next('opened'), own.next('ready')])
    const { services, store } = world.server.running.house
    await services.admission.set((await store.users.byId(ada.id)) ?? { number: 0 }, 'suspended', null)
    for (const one of [stream, own]) {
      await one.ended
      expect(one.events.at(-1)).toMatchObject({ name: 'bye', seen: { frame: { bye: { code: 4403, reason: 'suspended' } } } })
    }
    expect(roomStream(world, room, ada)).rejects.toMatchObject({ code: 'suspended' })
  })

  test('is counted while it is open, and there are only so many of one user', async () => {
    await using world = await openWorld()
    const ada = await world.person('ada')
    const room = await world.group([ada])
    const open = await Promise.all(upTo(limits.user_streams).map(() => roomStream(world, room, ada)))
    expect(await figure(world, 'parlance_stream_connections')).toBe(limits.user_streams)
    expect(roomStream(world, room, ada)).rejects.toMatchObject({ code: 'rate_limited' })
    for (const stream of open) await stream[Symbol.asyncDispose]()
    await eventually(async () => (await figure(world, 'parlance_stream_connections')) === 0)
    const again = await roomStream(world, room, ada)
    await again[Symbol.asyncDispose]()
  })
})

describe('the stream of the own log', () => {
  test('brings what the socket brings: rooms with their heads, their events, and facts with their position', async () => {
    await using world = await openWorld()
    const [ada, bob] = [await world.person('ada'), await world.person('bob')]
    const room = await world.group([ada, bob])
    await using stream = await ownStream(world, bob)
    const { welcome } = await stream.next('welcome')
    expect(welcome.user.id).toBe(bob.id)
    const { heads } = await stream.next('heads')
    expect(heads.map((head) => head.room)).toEqual([room])
    const { ready } = await stream.next('ready')
    expect(ready.mode).toBe('heads')
    expect(stream.lastId).toBe(`${ready.epoch}.${ready.useq}`)
    await world.send(ada, room, 'hello')
    expect((await stream.next('ev')).room).toBe(room)
    expect(stream.lastId).toBe(`${ready.epoch}.${ready.useq}`)
    const other = await world.group([ada, bob])
    expect(await stream.next('uev')).toMatchObject({ uev: 'room.joined', data: { room: other } })
    await world.send(ada, other, 'hello there')
    await stream.next('ev', (frame) => frame.room === other && frame.ev === 'message.created')
  })

  test('goes on behind Last-Event-ID', async () => {
    await using world = await openWorld()
    const [ada, bob] = [await world.person('ada'), await world.person('bob')]
    const first = await ownStream(world, bob)
    await first.next('ready')
    await first[Symbol.asyncDispose]()
    const room = await world.group([ada, bob])
    await using second = await ownStream(world, bob, { lastEventId: first.lastId })
    expect((await second.next('ulog')).ulog.events).toMatchObject([{ uev: 'room.joined', data: { room } }])
    expect((await second.next('ready')).ready.mode).toBe('resumed')
    await using third = await ownStream(world, bob, { lastEventId: 'elsewhere.7' })
    expect((await third.next('ready')).ready.mode).toBe('reset')
  })

  test('has rooms open and people watched as asked', async () => {
    await using world = await openWorld()
    const [ada, bob, stranger] = [await world.person('ada'), await world.person('bob'), await world.person('stranger')]
    const room = await world.group([ada, bob])
    const hidden = await world.group([stranger])
    await using stream = await ownStream(world, bob, { query: `?open=${room},${hidden}&watch=${ada.id},${stranger.id}` })
    expect((await stream.next('opened')).opened).toBe(room)
    expect((await stream.next('refused')).refused).toBe(hidden)
    expect(await stream.next('presence')).toMatchObject({ user: ada.id, status: 'offline' })
    await stream.next('ready')
    await world.rest.call('rooms.typing', { room, typing: true }, ada)
    expect((await stream.next('typing')).user.id).toBe(ada.id)
    await world.socket(ada)
    expect(await stream.next('presence')).toMatchObject({ user: ada.id, status: 'online' })
  })

  test('is sent away when the server drains', async () => {
    const world = await openWorld()
    const ada = await world.person('ada')
    const stream = await ownStream(world, ada)
    await stream.next('ready')
    await world[Symbol.asyncDispose]()
    await stream.ended
    expect(stream.events.at(-1)).toMatchObject({ name: 'bye', seen: { frame: { bye: { code: 4503, reconnect_ms: 500 } } } })
  })
})

test('a stream that is not read is cut at a bound, and slows nobody else', async () => {
  await using world = await openWorld()
  const [ada, bob] = [await world.person('ada'), await world.person('bob')]
  const room = await world.group([ada, bob])
  await using reader = await roomStream(world, room, bob)
  await reader.next('opened')
  const { hostname, port } = new URL(world.server.url)
  const lazy = dial({ host: hostname, port: Number(port) })
  lazy.write(`GET /api/v1/rooms/${room}/stream HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${bob.token}\r\n\r\n`)
  await new Promise<void>((resolve) => lazy.once('data', () => resolve()))
  lazy.pause()
  await eventually(async () => (await figure(world, 'parlance_stream_connections')) === 2)

  // The kernel takes some megabytes before the server sees any of it waiting.
  const content = 'x'.repeat(limits.content_chars)
  let sent = 0
  while ((await figure(world, 'parlance_stream_connections')) > 1) {
    expect(sent).toBeLessThan(20_000)
    await Promise.all(upTo(100).map(() => world.send(ada, room, content)))
    sent += 100
  }
  await eventually(() => reader.positions(room).length === sent)
  lazy.destroy()
}, 60_000)
