import { describe, expect, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import type { Seen } from '../harness/schemas.ts'
import { backends } from '../harness/server.ts'
import { connect } from '../harness/socket.ts'
import { openStream } from '../harness/stream.ts'
import { openWorld } from '../harness/world.ts'

/** What came of a room that was asked to be open; false so far. */
function answered(frames: readonly Seen[]): string | false {
  const answer = frames.find(({ kind }) => kind === 'opened' || kind === 'refused')
  return answer?.kind === 'refused' ? answer.frame.err.code : (answer?.kind ?? false)
}

for (const { name, env } of await backends()) {
  describe(`looking after rooms on ${name}`, () => {
    test('a deletion is the last a socket hears of a room, a guest’s as well', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob, guest] = [await world.person('ada'), await world.person('bob'), await world.person('guest')]
      const room = await world.publicRoom(ada)
      await world.rest.call('rooms.join', { room }, bob)
      const [member, visitor] = [await world.socket(bob), await world.socket(guest)]
      visitor.send({ open: room })
      await visitor.next('opened')
      const { seq } = await world.send(ada, room, 'the last words')
      await world.rest.call('rooms.delete', { room }, ada)
      for (const socket of [member, visitor]) {
        const end = await socket.next('ev', ({ ev }) => ev === 'room.deleted')
        expect(end).toMatchObject({ room, seq: seq + 1, data: { by: { username: ada.username } } })
      }
      expect(await member.next('uev', ({ uev }) => uev === 'room.gone')).toMatchObject({ data: { room, seq: seq + 1 } })
      for (const socket of [member, visitor]) {
        socket.send({ open: room })
        expect((await socket.next('refused')).err.code).toBe('not_found')
      }
    })

    test('who was away when a room was deleted hears it from the own log, and reads the last event', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada, bob])
      const before = await connect(world.server.url)
      const { ready, heads } = await before.hello(bob.token)
      await before[Symbol.asyncDispose]()
      for (let i = 0; i < 10; i++) await world.send(ada, room, `m${i}`)
      await world.rest.call('rooms.delete', { room }, ada)
      const { store } = world.server.running.house
      await eventually(async () => expect(await store.rooms.unpurged(10)).toEqual([]))
      await using again = await connect(world.server.url)
      const seq = heads[0]?.seq ?? 0
      const back = await again.hello(bob.token, { epoch: ready.epoch, useq: ready.useq, rooms: { [room]: seq } })
      expect([back.ready.mode, back.heads]).toEqual(['resumed', []])
      const { ulog } = await again.next('ulog')
      expect(ulog.events).toMatchObject([{ uev: 'room.gone', data: { room } }])
      const log = await again.op('rooms.events', { room, after: seq })
      expect(log.events).toMatchObject([{ ev: 'room.deleted', seq: log.upto }])
    })

    test('a ban is the last a socket hears of a room, of a member as of a guest, and it opens no more', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob, guest] = [await world.person('ada'), await world.person('bob'), await world.person('guest')]
      const room = await world.publicRoom(ada)
      await world.rest.call('rooms.join', { room }, bob)
      const [member, visitor] = [await world.socket(bob), await world.socket(guest)]
      visitor.send({ open: room })
      await visitor.next('opened')
      for (const user of [bob.id, guest.id]) await world.rest.call('bans.set', { room, user }, ada)
      for (let i = 0; i < 5; i++) await world.send(ada, room, 'secret')
      await member.next('ev', ({ ev }) => ev === 'member.banned')
      await member.next('ev', ({ ev }) => ev === 'member.left')
      await visitor.next('ev', ({ ev, data }) => ev === 'member.banned' && data.user.id === guest.id)
      for (const socket of [member, visitor]) {
        // An answer that came after the sends proves that nothing of them is still on its way.
        await socket.op('accounts.me', {})
        expect(socket.frames.filter((seen) => seen.kind === 'ev' && seen.frame.ev === 'message.created')).toEqual([])
        socket.send({ open: room })
        expect((await socket.next('refused')).err.code).toBe('banned')
        expect(await socket.op('rooms.get', { room }).catch((error: Error) => error.message)).toContain('banned')
      }
    })

    test('a room that is closed to somebody is so in the same words at every door, and a private one is not betrayed', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob, eve] = [await world.person('ada'), await world.person('bob'), await world.person('eve')]
      const open = await world.publicRoom(ada)
      const closed = await world.group([ada, bob])
      for (const room of [open, closed]) await world.rest.call('bans.set', { room, user: bob.id }, ada)
      const deleted = await world.publicRoom(ada)
      await world.rest.call('rooms.delete', { room: deleted }, ada)
      const never = '019a3f0e-5b7c-7d21-9c44-0000000000c2'
      const toldOf = async (person: typeof bob) => {
        const socket = await world.socket(person)
        const answers: Record<string, (string | false)[]> = {}
        for (const [name, room] of Object.entries({ open, closed, deleted, never })) {
          const from = socket.frames.length
          socket.send({ open: room })
          const bySocket = await eventually(() => answered(socket.frames.slice(from)))
          await using stream = await openStream(world.server.url, `/me/stream?open=${room}`, person)
          await stream.next('ready')
          const byStream = answered(stream.events.map(({ seen }) => seen))
          const { problem } = await world.rest.ask('rooms.get', { room }, person)
          answers[name] = [bySocket, byStream, problem?.code ?? 'opened']
        }
        return answers
      }
      const everywhere = (code: string) => [code, code, code]
      const none = { deleted: everywhere('not_found'), never: everywhere('not_found') }
      expect(await toldOf(bob)).toEqual({ open: everywhere('banned'), closed: everywhere('not_found'), ...none })
      expect(await toldOf(eve)).toEqual({ open: everywhere('opened'), closed: everywhere('not_found'), ...none })
    })

    test('slow mode lets one of many parallel messages of a member through', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada, bob])
      await world.rest.call('rooms.update', { room, slow_mode_s: 600 }, ada)
      const codes = await Promise.all(
        Array.from(
          { length: 10 },
          async (_, i) => (await world.rest.ask('messages.send', { room, content: `m${i}` }, bob)).problem?.code ?? 'sent',
        ),
      )
      expect(codes.filter((code) => code === 'slow_mode')).toHaveLength(9)
      expect(codes).toContain('sent')
    })

    test('a resume replays to a late joiner what the policy of history shows, as it stands', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const { room } = await world.rest.call('rooms.create', { kind: 'group', policy: { history: 'hidden' } }, ada)
      await world.send(ada, room.id, 'early')
      await world.rest.call('members.add', { room: room.id, user: bob.id }, ada)
      await world.send(ada, room.id, 'late')
      const epoch = world.server.running.house.feed.epoch
      const replayed = async () => {
        await using socket = await connect(world.server.url)
        await socket.hello(bob.token, { epoch, useq: 0, rooms: { [room.id]: 0 } })
        const events = socket.frames.flatMap((seen) => (seen.kind === 'log' ? seen.frame.log.events : []))
        return events.flatMap((event) => (event.ev === 'message.created' ? [event.data.content] : []))
      }
      expect(await replayed()).toEqual(['late'])
      await world.rest.call('rooms.update', { room: room.id, policy: { history: 'open' } }, ada)
      expect(await replayed()).toEqual(['early', 'late'])
      await world.rest.call('rooms.update', { room: room.id, policy: { history: 'hidden' } }, ada)
      expect(await replayed()).toEqual(['late'])
    })

    test('a new name is heard at once and found at once', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada, bob])
      const socket = await world.socket(bob)
      await world.rest.call('rooms.update', { room, name: 'tea', description: 'green' }, ada)
      const heard = await socket.next('ev', ({ ev }) => ev === 'room.updated')
      expect(heard.data).toMatchObject({
        changed: ['name', 'description'],
        settings: { rev: heard.seq, name: 'tea', description: 'green' },
      })
      expect((await socket.op('rooms.get', { room: 'name:tea' })).id).toBe(room)
    })
  })
}
