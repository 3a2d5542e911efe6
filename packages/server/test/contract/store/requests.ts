import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { Backend } from './backends.ts'
import { expectStatus, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

export function requestContract(backend: Backend): void {
  describe('requests to join', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const bounds = { roomRequests: 3, userRequests: 3, told: 2 }
    const ask = (room: RoomRow, { number: user }: UserRow, change: Partial<typeof bounds> = {}) =>
      world.judged(room, (acl) =>
        world.store.queue.write('requests.open', { room: room.number, user, message: null, acl, at: now, ...bounds, ...change }),
      )
    const close = (room: RoomRow, { number: user }: UserRow, acl: number | null = null) =>
      world.store.queue.write('requests.close', { room: room.number, user, acl, at: now })
    const accept = (room: RoomRow, { number: user }: UserRow, by: UserRow) =>
      world.judged(room, (acl) =>
        world.store.queue.write('members.join', {
          ...{ room: room.number, user, by: by.number, acl, at: now },
          ...{ role: 'member', roomMembers: 100, userRooms: 100, requested: true },
        }),
      )
    const open = async (room: RoomRow) =>
      (await world.store.requests.ofRoom(room.number, { after: null, limit: 10 })).map(({ user }) => user)

    test('one person has one in a room, however often they ask at once', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner])
      const before = await world.present(room)
      const answers = await Promise.all(oneTo(6).map(() => ask(room, bob)))
      expect(tally(answers)).toEqual({ open: 6 })
      expect(answers.flatMap((answer) => expectStatus(answer, 'open').userEvents)).toMatchObject([
        { user: owner.number, type: 'room.requested', room: room.number, position: 1 },
      ])
      expect(await open(room)).toEqual([bob.number])
      expect(await world.present(room)).toEqual(before)
    })

    test('a newer fact about the requests of a room takes the place of the older', async () => {
      const [owner, bob, eve] = await world.users(3)
      const room = await world.group([owner])
      for (const user of [bob, eve]) expectStatus(await ask(room, user), 'open')
      const { events } = await world.store.events.ofUser(owner.number, { after: 0, limit: 10 })
      expect(events.filter(({ type }) => type === 'room.requested')).toMatchObject([{ position: 2 }])
    })

    test('a room and a user have so many, whatever the race', async () => {
      const [owner, ...others] = await world.users(9)
      const room = await world.group([owner])
      expect(tally(await Promise.all(others.map((user) => ask(room, user))))).toEqual({ open: 3, list_full: 5 })
      const rooms = await Promise.all(oneTo(6).map(() => world.group([owner])))
      const [, ...rest] = others
      const last = await world.user()
      expect(rest).toHaveLength(7)
      expect(tally(await Promise.all(rooms.map((other) => ask(other, last))))).toEqual({ open: 3, list_full: 3 })
    })

    test('accepting joins whoever asks once, and nobody who does not', async () => {
      const [owner, bob, eve] = await world.users(3)
      const room = await world.group([owner])
      expectStatus(await ask(room, bob), 'open')
      expect(tally(await Promise.all(oneTo(5).map(() => accept(room, bob, owner))))).toEqual({ joined: 1, present: 4 })
      expect(await accept(room, eve, owner)).toEqual({ status: 'absent' })
      expect(await open(room)).toEqual([])
    })

    test('of an acceptance and a withdrawal at once one comes first', async () => {
      for (const _ of oneTo(10)) {
        const [owner, bob] = await world.users(2)
        const room = await world.group([owner])
        expectStatus(await ask(room, bob), 'open')
        const [accepted, withdrawn] = await Promise.all([accept(room, bob, owner), close(room, bob)])
        expect([
          ['joined', 'absent'],
          ['absent', 'closed'],
        ]).toContainEqual([accepted.status, withdrawn.status])
        expect(await open(room)).toEqual([])
      }
    })

    test('a declined person is told, one who withdraws is not', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner])
      expectStatus(await ask(room, bob), 'open')
      expect(await close(room, bob, (await world.present(room)).acl)).toMatchObject({
        userEvents: [{ user: bob.number, type: 'request.declined' }],
      })
      expectStatus(await ask(room, bob), 'open')
      expect(await close(room, bob)).toMatchObject({ status: 'closed', userEvents: [] })
      expect(await close(room, bob)).toEqual({ status: 'absent' })
    })
  })
}
