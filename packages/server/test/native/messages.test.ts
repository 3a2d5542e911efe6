import { describe, expect, test } from 'bun:test'
import { backends } from '../harness/server.ts'
import { openWorld } from '../harness/world.ts'

for (const backend of await backends()) {
  describe(`reactions, threads, pins and forwarding on ${backend.name}`, () => {
    test('reach everybody in the room as the facts they are, in the order of the log', async () => {
      await using world = await openWorld({ env: await backend.env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada, bob])
      const socket = await world.socket(bob)
      const first = await world.send(ada, room, 'first')
      const one = { room, message: first.id }
      await world.rest.call('reactions.add', { ...one, emoji: '👍' }, ada)
      await socket.op('reactions.add', { ...one, emoji: '👍' })
      await socket.op('messages.send', { room, content: 're', reply_to: first.id })
      await world.rest.call('pins.add', one, ada)
      await socket.op('messages.forward', { ...one, to: room, cid: 'f' })
      await socket.op('reactions.remove', { ...one, emoji: '👍' })
      const last = await world.rest.call('rooms.expiry', { room, ttl_s: 3600 }, ada)
      await socket.next('ev', ({ ev }) => ev === 'expiry.set')
      const told = socket.frames.flatMap(({ kind, frame }) => (kind === 'ev' && frame.room === room ? [frame] : []))
      expect(told.map(({ ev }) => ev)).toEqual([
        'message.created',
        'reaction.added',
        'reaction.added',
        'message.created',
        'message.pinned',
        'message.created',
        'reaction.removed',
        'expiry.set',
      ])
      expect(told.map(({ seq }) => seq)).toEqual(told.map((_, index) => first.seq + index))
      expect(told.at(-1)?.seq).toBe(last.seq)
      const log = await world.rest.call('rooms.events', { room, after: first.seq - 1 }, bob)
      // Messages stand in their present state in a replay; everything else is as it was told.
      expect(log.events.filter(({ ev }) => ev !== 'message.created')).toEqual(told.filter(({ ev }) => ev !== 'message.created'))
      expect(log.events[0]?.data).toMatchObject({
        reactions: [{ emoji: '👍', count: 1 }],
        thread: { count: 1, last_n: 2 },
        pinned_at: expect.any(String),
        rev: last.seq - 1,
      })
    })

    test('take every emoji and short word as it is, and nothing else', async () => {
      await using world = await openWorld({ env: await backend.env() })
      const ada = await world.person('ada')
      const room = await world.group([ada])
      const one = { room, message: (await world.send(ada, room, 'x')).id }
      const good = ['👩‍👩‍👧‍👦', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '❤️', '❤', '"', '\\', '%', '../..', "';drop", '+1']
      for (const emoji of good) await world.rest.call('reactions.add', { ...one, emoji }, ada)
      const { reactions = [] } = await world.rest.call('messages.get', one, ada)
      expect(reactions.map(({ emoji }) => emoji)).toEqual(good)
      for (const emoji of reactions.map((each) => each.emoji)) await world.rest.call('reactions.remove', { ...one, emoji }, ada)
      expect(await world.rest.call('messages.get', one, ada)).not.toHaveProperty('reactions')
      for (const emoji of ['', ' ', 'a b', 'a\u0000', '\n', 'x'.repeat(33), '\ud83d', '\u007f'])
        expect((await world.rest.ask('reactions.add', { ...one, emoji }, ada)).problem?.code).toBe('invalid_input')
    })

    test('of many at once end in counts that are those of the people', async () => {
      await using world = await openWorld({ env: await backend.env() })
      const people = await Promise.all(Array.from({ length: 8 }, (_, i) => world.person(`p${i}`)))
      const [first, ...others] = people
      if (first === undefined) throw new Error('nobody')
      const room = await world.group([first, ...others])
      const { id } = await world.send(first, room, 'root')
      const one = { room, message: id }
      await Promise.all(
        people.flatMap((who) => [
          world.rest.call('reactions.add', { ...one, emoji: '👍' }, who),
          world.rest.call('reactions.add', { ...one, emoji: '🎈' }, who),
          world.rest.call('messages.send', { room, content: 're', reply_to: id }, who),
          world.rest.call('messages.read', one, who),
        ]),
      )
      const view = await world.rest.call('messages.get', one, first)
      expect(view.reactions?.map(({ emoji, count }) => `${emoji} ${count}`).toSorted()).toEqual(['🎈 8', '👍 8'])
      expect(view.thread?.count).toBe(8)
      expect((await world.rest.call('messages.thread', one, first)).items).toHaveLength(8)
      expect((await world.rest.call('messages.reads', one, first)).items.map(({ at }) => typeof at)).toEqual(others.map(() => 'string'))
    })
  })
}
