import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { MessageRow, RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { Backend } from './backends.ts'
import { expectRow, expectStatus, now, oneTo, openWorld, type StoreWorld } from './world.ts'

export function threadContract(backend: Backend): void {
  describe('threads, pins and reads', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    async function spoken() {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      return { alice, bob, room, first: await world.said(room, alice, 'first') }
    }
    const reply = (root: MessageRow, content: string) => ({ content, replyTo: root.id, root: root.id })
    const again = async (room: RoomRow, { id }: MessageRow) => expectRow(await world.store.messages.byId(room.number, id))
    const change = (room: RoomRow, by: UserRow, message: string) => ({
      room: room.number,
      message,
      by: by.number,
      acl: room.acl,
      at: now + 9,
    })

    test('a reply counts in the row of its root, which it gives its own position as rev', async () => {
      const { alice, bob, room, first } = await spoken()
      const one = await world.said(room, bob, { ...reply(first, 'one'), at: now + 1 })
      const two = await world.said(room, alice, { ...reply(first, 'two'), at: now + 2 })
      expect(one).toMatchObject({ root: first.id, reply_to: first.id, replies: 0, last_reply_n: null })
      expect(await again(room, first)).toEqual({ ...first, rev: two.seq, replies: 2, last_reply_n: two.n, last_reply_at: now + 2 })
      expect(await world.store.messages.thread(room.number, first.id, { after: one.n, limit: 9 })).toEqual([two])
      expect(await world.store.messages.thread(room.number, first.id, { after: null, limit: 1 })).toEqual([one])
    })

    test('replies that come together are all counted, a retry is not', async () => {
      const { alice, bob, room, first } = await spoken()
      const other = await world.said(room, bob, 'other')
      const sends = oneTo(40).map((i) => {
        const root = i % 4 === 0 ? other : first
        return world.send(room, i % 2 === 0 ? alice : bob, { ...reply(root, `r${i}`), cid: `c${i % 20}` })
      })
      await Promise.all(sends)
      const history = await world.history(room)
      for (const root of [first, other]) {
        const replies = history.filter((message) => message.root === root.id)
        expect(await again(room, root)).toMatchObject({
          replies: replies.length,
          last_reply_n: replies.at(-1)?.n,
          rev: replies.at(-1)?.seq,
        })
      }
      expect(history).toHaveLength(22)
    })

    test('a deleted reply counts no more, and its event says what is left', async () => {
      const { alice, room, first } = await spoken()
      const one = await world.said(room, alice, reply(first, 'one'))
      const two = await world.said(room, alice, reply(first, 'two'))
      const deleted = expectStatus(await world.store.queue.write('messages.delete', change(room, alice, two.id)), 'deleted')
      const thread = { root: first.id, replies: 1, last_n: one.n, last_at: one.created_at }
      expect(deleted.events).toMatchObject([{ type: 'message.deleted', data: { thread } }])
      expect(await again(room, first)).toMatchObject({ replies: 1, last_reply_n: one.n, rev: two.seq + 1 })
      expectStatus(await world.store.queue.write('messages.delete', change(room, alice, one.id)), 'deleted')
      expect(await again(room, first)).toMatchObject({ replies: 0, last_reply_n: null, last_reply_at: null, rev: two.seq + 2 })
      const three = await world.said(room, alice, reply(first, 'three'))
      expect(await again(room, first)).toMatchObject({ replies: 1, last_reply_n: three.n })
    })

    test('a forwarded message keeps whose it was', async () => {
      const { alice, bob, room } = await spoken()
      const forward = { sender: bob.number, at: now - 5, room: room.id }
      const copy = await world.said(room, alice, { content: 'words', forward })
      expect(copy.forward).toEqual(forward)
      expect((await world.history(room))[0]?.forward).toBeNull()
    })

    test('a pin is a time in the row and an event, and there are so many at most', async () => {
      const { alice, room, first } = await spoken()
      const second = await world.said(room, alice, 'second')
      const pin = (message: string, pinned: boolean) =>
        world.store.queue.write('messages.pin', { ...change(room, alice, message), pinned, pins: 1 })
      const pinned = expectStatus(await pin(first.id, true), 'changed')
      expect(pinned.message).toEqual({ ...first, rev: second.seq + 1, pinned_at: now + 9 })
      expect(pinned.events).toMatchObject([{ type: 'message.pinned', ref: first.n, actor: alice.number }])
      expect(await pin(first.id, true)).toEqual({ status: 'unchanged', message: pinned.message })
      expect(await pin(second.id, true)).toEqual({ status: 'too_many_pins' })
      expect(await world.store.messages.pinned(room.number, 10)).toEqual([pinned.message])
      expect(expectStatus(await pin(first.id, false), 'changed').message).toMatchObject({ pinned_at: null })
      expect(await world.store.messages.pinned(room.number, 10)).toEqual([])
    })

    test('a message read by name is remembered once; the marker tells of the others', async () => {
      const [alice, bob, cy] = await world.users(3)
      const room = await world.group([alice, bob, cy])
      for (const i of oneTo(3)) await world.said(room, alice, `m${i}`)
      const read = (user: UserRow, n: number, change: { at?: number; named?: number[] } = {}) =>
        world.store.queue.read({ room: room.number, user: user.number, n, at: now, named: [n], ...change })
      await Promise.all([read(bob, 2, { at: now + 1 }), read(bob, 1, { at: now + 1 }), read(cy, 3, { named: [] })])
      await read(bob, 2, { at: now + 50 })
      const readers = (n: number) => world.store.members.readers(room.number, { n, sender: alice.number }, 10)
      expect(await readers(2)).toEqual([
        { user: bob.number, at: now + 1 },
        { user: cy.number, at: null },
      ])
      expect(await readers(1)).toMatchObject([{ at: now + 1 }, { at: null }])
      expect(await readers(3)).toEqual([{ user: cy.number, at: null }])
      expect(await read(bob, 99)).toMatchObject({ read: 3 })
      expect(await world.store.members.readers(room.number, { n: 99, sender: 0 }, 10)).toEqual([])
      expect(await readers(2)).toHaveLength(2)
    })
  })
}
