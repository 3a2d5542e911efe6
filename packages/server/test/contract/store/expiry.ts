import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { Backend } from './backends.ts'
import { expectStatus, now, oneTo, openWorld, type StoreWorld } from './world.ts'

export function expiryContract(backend: Backend): void {
  describe('rooms that forget', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const expiry = (room: RoomRow, by: UserRow, ttl_s: number | null) =>
      world.judged(room, (acl) => world.store.queue.write('rooms.expiry', { room: room.number, by: by.number, acl, at: now, ttl_s }))
    const retire = (room: RoomRow, seconds: number, events = 100) =>
      world.store.queue.write('rooms.retire', { room: room.number, at: now + seconds * 1000, events })
    const isDue = async (room: RoomRow, seconds: number) =>
      (await world.store.rooms.forgetting(now + seconds * 1000, 10_000)).includes(room.number)

    /** Five messages, ten seconds apart, in a room that keeps them for a minute. */
    async function forgetful() {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      expectStatus(await expiry(room, alice, 60), 'changed')
      const said = []
      for (const i of oneTo(5)) said.push(await world.said(room, alice, { content: `m${i}`, at: now + i * 10_000, mentionAll: true }))
      return { alice, bob, room, said }
    }

    test('the time of a room is an event, and the same again is nothing', async () => {
      const [alice] = await world.users(1)
      const room = await world.group([alice])
      expect(expectStatus(await expiry(room, alice, 60), 'changed').events).toMatchObject([
        { type: 'expiry.set', data: { ttl_s: 60 }, actor: alice.number },
      ])
      expect(await world.present(room)).toMatchObject({ ttl_s: 60, last_seq: room.last_seq + 1 })
      expect(await expiry(room, alice, 60)).toEqual({ status: 'unchanged' })
      expectStatus(await expiry(room, alice, null), 'changed')
      expect(await isDue(room, 1000)).toBe(false)
      expect(await retire(room, 1000)).toEqual({ status: 'nothing' })
    })

    test('what is old goes from the front, and nothing before its time', async () => {
      const { alice, bob, room, said } = await forgetful()
      await world.store.queue.react({
        room: room.number,
        user: bob.number,
        acl: 99,
        message: said[1]?.id ?? '',
        emoji: '👍',
        add: true,
        at: now + 50_000,
      })
      await world.store.queue.read({ room: room.number, user: bob.number, n: 2, at: now + 50_000, named: [2] })
      expect(await isDue(room, 59)).toBe(false)
      expect(await isDue(room, 60)).toBe(true)
      const { floor_seq } = expectStatus(await retire(room, 60), 'retired').room
      expect(floor_seq).toBe((said[0]?.seq ?? 0) - 1)
      expect(await world.history(room)).toHaveLength(5)
      const retired = expectStatus(await retire(room, 80), 'retired').room
      expect(retired).toMatchObject({ floor_seq: said[1]?.seq, floor_n: 2, last_n: 5 })
      expect(await world.present(room)).toEqual(retired)
      expect((await world.history(room)).map(({ n }) => n)).toEqual([3, 4, 5])
      expect((await world.log(room)).map(({ seq }) => seq)).toEqual(oneTo(4).map((i) => retired.floor_seq + i))
      expect(await world.store.reactions.of(room.number, { n: 2, emoji: null }, { after: null, limit: 9 })).toEqual([])
      expect(await world.store.members.readers(room.number, { n: 2, sender: alice.number }, 9)).toEqual([{ user: bob.number, at: null }])
      expect(await retire(room, 80)).toEqual({ status: 'nothing' })
    })

    test('a step retires so many events at most, and sends go on between the steps', async () => {
      const { alice, room } = await forgetful()
      const floors = []
      for (;;) {
        const outcome = await retire(room, 1000, 3)
        if (outcome.status === 'nothing') break
        floors.push(outcome.room.floor_seq)
        await world.said(room, alice, { content: 'between', at: now + 1_000_000 })
      }
      expect(floors).toEqual([3, 6, 9])
      const { last_seq, last_n, floor_n } = await world.present(room)
      expect([last_seq, last_n, floor_n]).toEqual([12, 8, 5])
      expect((await world.log(room)).map(({ seq }) => seq)).toEqual([10, 11, 12])
    })

    test('unread begins behind the floor', async () => {
      const { bob, room, alice } = await forgetful()
      expectStatus(await retire(room, 1000), 'retired')
      const read = (n: number) => world.store.queue.read({ room: room.number, user: bob.number, n, at: now })
      expect(await read(1)).toMatchObject({ unread: 0 })
      await world.said(room, alice, 'new')
      expect(await read(1)).toMatchObject({ unread: 1 })
    })
  })
}
