import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RoomRow, UserRow } from '../../../src/store/rows.ts'
import { type Backend, newId } from './backends.ts'
import { expectStatus, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

export function reactionContract(backend: Backend): void {
  describe('reactions', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    type Reacting = { emoji?: string; add?: boolean; acl?: number; message: string }
    const react = (room: RoomRow, user: UserRow, { emoji = '👍', add = true, acl = room.acl, message }: Reacting) =>
      world.store.queue.react({ room: room.number, user: user.number, acl, message, emoji, add, at: now })

    async function spoken() {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      return { alice, bob, room, message: await world.said(room, alice, 'hi') }
    }
    const countsOf = async (room: RoomRow, id: string) => (await world.store.messages.byId(room.number, id))?.reactions

    test('a reaction is a row, a count beside the rev, and an event', async () => {
      const { alice, bob, room, message } = await spoken()
      const { n, seq, id } = message
      const added = expectStatus(await react(room, bob, { message: id }), 'changed')
      const event = {
        room: room.number,
        seq: seq + 1,
        type: 'reaction.added',
        actor: bob.number,
        ref: n,
        data: { emoji: '👍', count: 1 },
        at: now,
      }
      expect(added).toEqual({ status: 'changed', n, rev: seq + 1, count: 1, events: [event], userEvents: [] } as never)
      expect((await world.log(room)).at(-1)).toEqual(event as never)
      await react(room, alice, { message: id })
      await react(room, bob, { message: id, emoji: '🎈' })
      expect(await world.store.messages.byId(room.number, id)).toEqual({
        ...message,
        rev: seq + 3,
        reactions: [
          ['👍', 2],
          ['🎈', 1],
        ],
      })
      expect(await world.store.reactions.ofUser(room.number, bob.number, [n])).toBeArrayOfSize(2)
      const taken = expectStatus(await react(room, alice, { message: id, add: false }), 'changed')
      expect(taken).toMatchObject({ count: 1, rev: seq + 4, events: [{ type: 'reaction.removed', data: { emoji: '👍', count: 1 } }] })
      const all = await world.store.reactions.of(room.number, { n, emoji: null }, { after: null, limit: 10 })
      expect(all.map(({ user, emoji, seq: at }) => [user, emoji, at])).toEqual([
        [bob.number, '👍', seq + 1],
        [bob.number, '🎈', seq + 3],
      ])
      expect(await world.present(room)).toMatchObject({ last_seq: seq + 4, last_n: n })
    })

    test('what stands so already is left alone', async () => {
      const { bob, room, message } = await spoken()
      expect(await react(room, bob, { message: message.id, add: false })).toMatchObject({ status: 'unchanged', count: 0, rev: message.seq })
      await react(room, bob, { message: message.id })
      expect(await react(room, bob, { message: message.id })).toMatchObject({ status: 'unchanged', count: 1, rev: message.seq + 1 })
      expect((await world.present(room)).last_seq).toBe(message.seq + 1)
    })

    test('many at once each take a position, and the counts are those of the rows', async () => {
      const users = await world.users(12)
      const room = await world.group(users)
      const said = await Promise.all(oneTo(4).map((i) => world.said(room, users[0], `m${i}`)))
      const before = (await world.present(room)).last_seq
      const answers = await Promise.all(
        users.flatMap((user) =>
          said.flatMap(({ id }) => [
            react(room, user, { message: id }),
            react(room, user, { message: id, emoji: '🎈' }),
            react(room, user, { message: id, add: false }),
            world.send(room, user, 'between'),
          ]),
        ),
      )
      expect(tally(answers)).toEqual({ changed: 144, stored: 48 })
      const log = await world.log(room)
      expect(log.map(({ seq }) => seq)).toEqual(oneTo(before + 192))
      for (const { id, n } of said) {
        expect(await countsOf(room, id)).toEqual([['🎈', 12]])
        expect(await world.store.reactions.of(room.number, { n, emoji: '🎈' }, { after: null, limit: 100 })).toHaveLength(12)
      }
    })

    test('one judged before a right was taken comes back stale, and writes nothing', async () => {
      const { alice, bob, room, message } = await spoken()
      const left = { room: room.number, user: bob.number, by: alice.number, acl: room.acl, at: now, keepOwner: true }
      expectStatus(await world.store.queue.write('members.leave', left), 'left')
      expect(await react(room, bob, { message: message.id })).toEqual({ status: 'stale' })
      expect(await countsOf(room, message.id)).toEqual([])
    })

    test('what is deleted, elsewhere or nowhere takes none, and a deletion takes them along', async () => {
      const { alice, bob, room, message } = await spoken()
      await react(room, bob, { message: message.id })
      const gone = { room: room.number, message: message.id, by: alice.number, acl: room.acl, at: now }
      expectStatus(await world.store.queue.write('messages.delete', gone), 'deleted')
      expect(await react(room, bob, { message: message.id })).toEqual({ status: 'deleted' })
      expect(await world.store.reactions.ofUser(room.number, bob.number, [message.n])).toEqual([])
      expect(await countsOf(room, message.id)).toEqual([])
      expect(await react(room, bob, { message: newId() })).toEqual({ status: 'gone' })
      const elsewhere = await world.group([alice])
      expect(await react(elsewhere, alice, { message: message.id })).toEqual({ status: 'gone' })
    })
  })
}
