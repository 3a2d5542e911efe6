import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { Backend } from './backends.ts'
import { expectRow, now, oneTo, openWorld, type StoreWorld } from './world.ts'

export function markerContract(backend: Backend): void {
  describe('read markers', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const read = (room: Pick<RoomRow, 'number'>, user: UserRow, n: number) =>
      world.store.queue.read({ room: room.number, user: user.number, n, at: now })

    test('a marker rises, never falls, and stops at the last message', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      for (const i of oneTo(5)) await world.said(room, alice, `m${i}`)
      expect(await read(room, bob, 2)).toMatchObject({ read: 2, unread: 3, raised: true })
      expect(await read(room, bob, 1)).toEqual({ read: 2, unread: 3, raised: false, userEvents: [] })
      expect(await read(room, bob, 1000)).toMatchObject({ read: 5, unread: 0, raised: true })
      expect(await read(room, bob, 1000)).toMatchObject({ read: 5, raised: false })
      expect(await world.store.members.one(room.number, bob.number)).toMatchObject({ read_n: 5 })
    })

    test('unread counts what came after the join, and nothing for who sent it', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice])
      for (const i of oneTo(3)) await world.said(room, alice, `early ${i}`)
      const acl = (await world.present(room)).acl
      const join = { room: room.number, user: bob.number, by: null, acl, at: now, role: 'member' as const, roomMembers: 10, userRooms: 10 }
      await world.store.queue.write('members.join', join)
      expect(await read(room, bob, 0)).toMatchObject({ read: 3, unread: 0 })
      await world.said(room, alice, 'late')
      expect(await read(room, bob, 0)).toMatchObject({ read: 3, unread: 1 })
      expect(await read(room, alice, 0)).toMatchObject({ read: 4, unread: 0 })
    })

    test('who is no member has no marker', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice])
      expect(await read(room, bob, 1)).toBeNull()
      expect(await read({ number: 999_999 }, bob, 1)).toBeNull()
    })

    test("each rise is one fact of one's own log, and the newest takes the place of the older", async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      for (const i of oneTo(3)) await world.said(room, alice, `m${i}`)
      const rise = expectRow(await read(room, bob, 1))
      expect(rise.userEvents).toEqual([
        { user: bob.number, useq: 2, type: 'room.read', room: room.number, position: 1, session: null, at: now },
      ])
      await read(room, bob, 3)
      const { head, events } = await world.store.events.ofUser(bob.number, { after: 0, limit: 10 })
      expect(head).toBe(3)
      expect(events.map(({ useq, type, position }) => [useq, type, position])).toEqual([
        [1, 'room.joined', 3],
        [3, 'room.read', 3],
      ])
      expect(await world.store.events.ofUser(bob.number, { after: 2, limit: 10 })).toMatchObject({ head: 3, events: [{ useq: 3 }] })
    })

    test('reads that wait together are one write: one of them raised the marker', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      for (const i of oneTo(10)) await world.said(room, alice, `m${i}`)
      const answers = await Promise.all([3, 9, 1, 9, 4].map((n) => read(room, bob, n)))
      expect(answers.map((answer) => [answer?.read, answer?.unread])).toEqual(oneTo(5).map(() => [9, 1]))
      expect(answers.map((answer) => answer?.raised)).toEqual([false, true, false, false, false])
      expect(answers.flatMap((answer) => answer?.userEvents ?? [])).toHaveLength(1)
      expect(await world.store.events.userHeads([bob.number, 999_999])).toEqual([{ user: bob.number, useq: 2 }])
    })

    test('a read behind a send in one batch sees it, and a send behind a read raises further', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const judge = () => ({ acl: room.acl, join: null })
      const [, seen] = await Promise.all([
        world.send(room, alice, { content: 'one', judge }),
        read(room, alice, 1),
        world.send(room, alice, { content: 'two', judge }),
      ])
      expect(seen).toMatchObject({ read: expect.any(Number), raised: false, userEvents: [] })
      expect(await world.store.members.one(room.number, alice.number)).toMatchObject({ read_n: 2 })
    })
  })
}
