import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { WriteInput } from '../../../src/store/writes.ts'
import { type Backend, newId } from './backends.ts'
import { digestOf, expectRow, expectStatus, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

type Change = Pick<WriteInput<'messages.edit'>, 'room' | 'message' | 'by' | 'acl' | 'at'>

export function messageContract(backend: Backend): void {
  describe('messages', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const edit = (change: WriteInput<'messages.edit'>) => world.store.queue.write('messages.edit', change)
    const remove = (change: Change) => world.store.queue.write('messages.delete', change)
    /** A room with one message that mentions somebody, and how its sender changes it. */
    async function spoken() {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      const mentions = [{ id: bob.id, number: bob.number }]
      const message = await world.said(room, alice, { content: 'first', cid: 'c', meta: '{"a":1}', mentions, mentionAll: true })
      const change: Change = { room: room.number, message: message.id, by: alice.number, acl: room.acl, at: now + 5 }
      return { alice, bob, room, message, change }
    }

    test('the room of a message is found by the id alone', async () => {
      const { room, message } = await spoken()
      const found = await Promise.all([message.id, newId(), 'x'].map((one) => world.store.messages.roomOf(one)))
      expect(found).toEqual([room.number, undefined, undefined])
    })

    test('an edit changes what it names, keeps the rest, and its event carries the rev', async () => {
      const { alice, room, message, change } = await spoken()
      const edited = expectStatus(await edit({ ...change, content: 'second' }), 'edited')
      const seq = message.seq + 1
      expect(edited.events).toEqual([
        { room: room.number, seq, type: 'message.edited', actor: alice.number, ref: message.n, data: null, at: now + 5 },
      ])
      expect(edited.message).toEqual({ ...message, content: 'second', rev: seq, edited_at: now + 5 })
      expect(await world.store.messages.byId(room.number, message.id)).toEqual(edited.message)
      const bare = expectStatus(await edit({ ...change, meta: null, mentions: [], mentionAll: false }), 'edited')
      expect(bare.message).toMatchObject({
        content: 'second',
        meta: null,
        mentions: [],
        mention_all: false,
        rev: seq + 1,
        seq: message.seq,
      })
    })

    test('a deleted message keeps its place and loses its text', async () => {
      const { alice, room, message, change } = await spoken()
      const deleted = expectStatus(await remove(change), 'deleted')
      const rev = message.seq + 1
      expect(deleted.events).toMatchObject([{ seq: rev, type: 'message.deleted', actor: alice.number, ref: message.n }])
      const tombstone = { ...message, content: '', meta: null, mentions: [], mention_all: false, rev, deleted_at: now + 5 }
      expect(deleted.message).toEqual(tombstone)
      expect(await world.history(room)).toEqual([tombstone])
      expect(await remove(change)).toEqual({ status: 'unchanged' })
      expect(await edit({ ...change, content: 'back' })).toEqual({ status: 'deleted' })
      expect(await world.present(room)).toMatchObject({ last_seq: rev, last_n: 1 })
    })

    test('a retry of a deleted message finds the tombstone, whatever it says', async () => {
      const { alice, room, change } = await spoken()
      await remove(change)
      const again = await world.send(room, alice, { content: 'anything', cid: 'c', digest: digestOf('anything') })
      expect(expectStatus(again, 'known').message).toMatchObject({ content: '', deleted_at: now + 5 })
      expect((await world.store.messages.byCid(room.number, alice.number, 'c'))?.digest).toBeNull()
    })

    test('edits and deletions that race each take a seq, and none follows the deletion', async () => {
      const { room, message, change } = await spoken()
      const answers = await Promise.all(oneTo(30).map((i) => (i === 17 ? remove(change) : edit({ ...change, content: `e${i}` }))))
      const { edited = 0, deleted = 0 } = tally(answers)
      expect(edited + deleted).toBe(30)
      const events = await world.log(room)
      expect(events.map(({ seq }) => seq)).toEqual(oneTo(events.length))
      expect(events.at(-1)?.type).toBe('message.deleted')
      expect(await world.store.messages.byId(room.number, message.id)).toMatchObject({ content: '', rev: events.length })
    })

    test('what is not in the room cannot be changed', async () => {
      const { change, alice } = await spoken()
      const elsewhere = await world.group([alice])
      expect(await edit({ ...change, room: elsewhere.number, content: 'x' })).toEqual({ status: 'gone' })
      expect(await remove({ ...change, message: newId() })).toEqual({ status: 'gone' })
    })

    test('history is read from either end of a range, oldest first', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const judge = () => ({ acl: room.acl, join: null })
      await Promise.all(oneTo(9).map((i) => world.send(room, alice, { content: `m${i}`, judge })))
      const numbers = async (from: number, to: number, end: 'oldest' | 'newest') =>
        (await world.store.messages.range(room.number, { from, to }, { limit: 3, end })).map(({ n }) => n)
      expect(await numbers(2, 8, 'oldest')).toEqual([2, 3, 4])
      expect(await numbers(2, 8, 'newest')).toEqual([6, 7, 8])
      expect(await numbers(8, 20, 'newest')).toEqual([8, 9])
      expect(await numbers(10, 20, 'oldest')).toEqual([])
    })

    test('messages of many rooms are fetched by their places', async () => {
      const alice = await world.user()
      const rooms = await Promise.all(oneTo(3).map(() => world.group([alice])))
      for (const room of rooms) await Promise.all(oneTo(2).map((i) => world.send(room, alice, `m${i}`)))
      const [one, two, three] = rooms.map(({ number }) => number)
      const keys = [
        { room: expectRow(one), n: 1 },
        { room: expectRow(three), n: 2 },
        { room: expectRow(three), n: 1 },
        { room: expectRow(two), n: 99 },
      ]
      const found = await world.store.messages.at(keys)
      expect(found.map(({ room, n }) => `${room}:${n}`).sort()).toEqual([`${one}:1`, `${three}:1`, `${three}:2`].sort())
      expect(await world.store.messages.at([])).toEqual([])
    })

    test('the log is read in ranges behind a position', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      for (const i of oneTo(6)) await world.said(room, alice, `m${i}`)
      const seqs = async (after: number, upto: number, limit: number) =>
        (await world.store.events.range(room.number, { after, upto, limit })).map(({ seq }) => seq)
      expect(await seqs(0, 100, 3)).toEqual([1, 2, 3])
      expect(await seqs(3, 5, 10)).toEqual([4, 5])
      expect(await seqs(8, 100, 10)).toEqual([])
    })
  })
}
