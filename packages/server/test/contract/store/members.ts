import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { limits, type Role } from '@parlance/protocol'
import type { MemberRow, RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { WriteInput } from '../../../src/store/writes.ts'
import type { Backend } from './backends.ts'
import { expectRow, expectStatus, fresh, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

export function memberContract(backend: Backend): void {
  describe('members', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    type Where = Pick<RoomRow, 'number'>
    const change = (room: Where, user: UserRow, acl: number) => ({ room: room.number, user: user.number, by: null, acl, at: now })
    const join = (room: Where, user: UserRow, options: Partial<WriteInput<'members.join'>> = {}) =>
      world.judged(room, (acl) =>
        world.store.queue.write('members.join', {
          ...change(room, user, acl),
          role: 'member',
          roomMembers: 1000,
          userRooms: 1000,
          ...options,
        }),
      )
    const leave = (room: Where, user: UserRow, options: Partial<WriteInput<'members.leave'>> = {}) =>
      world.judged(room, (acl) => world.store.queue.write('members.leave', { ...change(room, user, acl), keepOwner: false, ...options }))
    const give = (room: Where, user: UserRow, role: Role) =>
      world.judged(room, (acl) => world.store.queue.write('members.role', { ...change(room, user, acl), role }))

    test('a join begins a stay that includes itself and has read everything', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner])
      await world.said(room, owner, 'early')
      const before = await world.present(room)
      const joined = expectStatus(await join(room, bob, { by: owner.number, role: 'admin' }), 'joined')
      const seq = before.last_seq + 1
      expect(joined.events).toEqual([
        { room: room.number, seq, type: 'member.joined', actor: owner.number, ref: bob.number, data: { role: 'admin' }, at: now },
      ])
      const stay = { room: room.number, user: bob.number, from_seq: seq - 1, from_n: 1 }
      expect(joined.member).toEqual({ number: joined.member.number, ...stay, role: 'admin', read_n: 1, joined_at: now })
      expect(await world.store.members.one(room.number, bob.number)).toEqual(joined.member)
      expect(await world.store.members.stays(room.number, bob.number)).toEqual([{ ...stay, to_seq: null, to_n: null }])
      expect(await world.present(room)).toMatchObject({ members: 2, shared_n: 1, acl: before.acl + 1, last_seq: seq })
      expect(joined.userEvents).toEqual([
        { user: bob.number, useq: 1, type: 'room.joined', room: room.number, position: seq, session: null, at: now },
      ])
      expect(expectStatus(await join(room, bob), 'present').member).toEqual(joined.member)
      expect(await world.present(room)).toMatchObject({ members: 2, last_seq: seq })
    })

    test('of several rooms those are found that somebody is in', async () => {
      const [ann, bob] = await world.users(2)
      const [one, other] = [await world.group([ann, bob]), await world.group([ann])]
      const ids = [other.id, one.id, '00000000-0000-7000-8000-000000000000', 'none']
      expect(await world.store.members.inRooms(bob.number, ids)).toEqual([{ number: one.number, id: one.id }])
      expect(await world.store.members.inRooms(ann.number, ids)).toHaveLength(2)
      expect(await world.store.members.inRooms(ann.number, [])).toEqual([])
    })

    test('of several rooms the present stays of somebody are read', async () => {
      const [ann, bob] = await world.users(2)
      const [one, other, left] = [await world.group([ann, bob]), await world.group([ann]), await world.group([ann, bob])]
      await leave(left, bob)
      const read = (user: UserRow, ...rooms: Where[]) =>
        world.store.members.ofUserIn(
          user.number,
          rooms.map(({ number }) => number),
        )
      expect(await read(bob, one, other, left)).toEqual([(await world.store.members.one(one.number, bob.number)) as MemberRow])
      expect(await read(ann, one, other)).toHaveLength(2)
      expect(await read(ann)).toEqual([])
    })

    test('of several rooms so many members each are read as asked for, those who joined first', async () => {
      const [ann, bob, cid] = await world.users(3)
      const one = await world.group([cid, ann, bob])
      const other = await world.group([bob])
      const [first, second, third] = (await world.store.members.list(one.number, { after: null, limit: 10 })).map(({ user }) => user)
      const pair = (room: Where, user: number | undefined) => ({ room: room.number, user: user ?? 0 })
      const read = (each: number) => world.store.members.ofRooms([other.number, one.number], each)
      expect(await read(10)).toEqual([pair(one, first), pair(one, second), pair(one, third), pair(other, bob.number)])
      expect(await read(2)).toEqual([pair(one, first), pair(one, second), pair(other, bob.number)])
      expect(await world.store.members.ofRooms([], 10)).toEqual([])
    })

    test('leaving ends the stay, and coming back begins another one', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner, bob])
      await world.said(room, bob, 'mine')
      const before = await world.present(room)
      const left = expectStatus(await leave(room, bob, { by: owner.number }), 'left')
      const seq = before.last_seq + 1
      expect(left.events).toEqual([
        { room: room.number, seq, type: 'member.left', actor: owner.number, ref: bob.number, data: null, at: now },
      ])
      expect(left.userEvents).toMatchObject([{ user: bob.number, useq: 2, type: 'room.left', room: room.number, position: seq }])
      expect(await world.store.members.one(room.number, bob.number)).toBeUndefined()
      expect(await leave(room, bob)).toEqual({ status: 'absent' })
      await world.said(room, owner, 'without you')
      const { member } = expectStatus(await join(room, bob), 'joined')
      expect(member).toMatchObject({ from_n: 2, read_n: 2, role: 'member' })
      expect(await world.store.members.stays(room.number, bob.number)).toMatchObject([
        { from_seq: 2, from_n: 0, to_seq: seq, to_n: 1 },
        { from_n: 2, to_seq: null, to_n: null },
      ])
      const { head, events } = await world.store.events.ofUser(bob.number, { after: 0, limit: 10 })
      expect([head, events.map(({ useq, type }) => [useq, type])]).toEqual([3, [[3, 'room.joined']]])
    })

    test('acl rises with every change of membership, and what was judged before a right was taken is stale', async () => {
      const [owner, bob, eve] = await world.users(3)
      const room = await world.group([owner, bob])
      const acl = async () => (await world.present(room)).acl
      const start = await acl()
      expectStatus(await join(room, eve), 'joined')
      expect(await acl()).toBe(start + 1)
      expectStatus(await give(room, bob, 'admin'), 'changed')
      expect(await acl()).toBe(start + 2)
      expectStatus(await leave(room, eve), 'left')
      expect(await acl()).toBe(start + 3)
      const late = change(room, bob, start + 2)
      const { queue } = world.store
      expect(await queue.write('members.leave', { ...late, keepOwner: false })).toEqual({ status: 'stale' })
      expect(await queue.write('members.role', { ...late, role: 'member' })).toEqual({ status: 'stale' })
      expect(await queue.write('members.join', { ...late, role: 'member', roomMembers: 10, userRooms: 10 })).toEqual({ status: 'stale' })
      const message = { room: room.number, message: room.id, by: bob.number, acl: start + 2, at: now }
      expect(await queue.write('messages.edit', { ...message, content: 'x' })).toEqual({ status: 'stale' })
      expect(await queue.write('messages.delete', message)).toEqual({ status: 'stale' })
      expect((await world.log(room)).map(({ seq }) => seq)).toEqual(oneTo((await world.present(room)).last_seq))
    })

    test('a role changes once, and the same role again is no event', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner, bob])
      const changed = expectStatus(await give(room, bob, 'admin'), 'changed')
      expect(changed.events).toMatchObject([{ type: 'member.updated', ref: bob.number, data: { role: 'admin' } }])
      expect(changed.member).toMatchObject({ role: 'admin' })
      expect(expectStatus(await give(room, bob, 'admin'), 'changed').events).toEqual([])
      expect(await give(room, await world.user(), 'admin')).toEqual({ status: 'absent' })
    })

    test('of two last owners who leave at once one stays, while others remain', async () => {
      for (const _ of oneTo(10)) {
        const [one, two, bob] = await world.users(3)
        const room = await world.group([one, two, bob])
        await give(room, two, 'owner')
        const answers = await Promise.all([leave(room, one, { keepOwner: true }), leave(room, two, { keepOwner: true })])
        expect(tally(answers)).toEqual({ left: 1, last_owner: 1 })
      }
    })

    test('the last one of all may leave, owner or not', async () => {
      const owner = await world.user()
      const room = await world.group([owner])
      expectStatus(await leave(room, owner, { keepOwner: true }), 'left')
      expect(await world.present(room)).toMatchObject({ members: 0 })
    })

    test('a room takes as many members as it may, however many come at once', async () => {
      const [owner, ...guests] = await world.users(31)
      const room = await world.group([owner])
      const answers = await Promise.all(guests.map((guest) => join(room, guest, { roomMembers: 11 })))
      expect(tally(answers)).toEqual({ joined: 10, room_full: 20 })
      expect(await world.present(room)).toMatchObject({ members: 11 })
      expect(await world.store.members.list(room.number, { after: null, limit: 100 })).toHaveLength(11)
    })

    test('a user joins as many rooms as allowed, however many at once', async () => {
      const [owner, bob] = await world.users(2)
      const rooms = await Promise.all(oneTo(8).map(() => world.group([owner])))
      const answers = await Promise.all(rooms.map((room) => join(room, bob, { userRooms: 5 })))
      expect(tally(answers)).toEqual({ joined: 5, too_many_rooms: 3 })
    })

    test('a room is large from the join that passes the bound to the leave that passes the lower one', async () => {
      const [owner, ...guests] = await world.users(101)
      const room = await world.group([owner, ...guests.slice(0, limits.large_room - 1)])
      expect(room).toMatchObject({ members: 100, large: false })
      const passing = expectStatus(await join(room, expectRow(guests.at(-1))), 'joined')
      expect(passing.events).toMatchObject([{ data: { role: 'member', large: true } }])
      expect(await world.present(room)).toMatchObject({ members: 101, large: true })
      for (const guest of guests.slice(0, 20)) expect(expectStatus(await leave(room, guest), 'left').events).toMatchObject([{ data: null }])
      expect(await world.present(room)).toMatchObject({ members: 81, large: true })
      expect(expectStatus(await leave(room, expectRow(guests[20])), 'left').events).toMatchObject([{ data: { large: false } }])
      expect(await world.present(room)).toMatchObject({ members: 80, large: false })
    })

    test('lists of members and rooms come in their order and page by their keys', async () => {
      const [owner, bob, eve] = await world.users(3)
      const room = await world.group([owner])
      await join(room, eve)
      await join(room, bob)
      const { members } = world.store
      const list = await members.list(room.number, { after: null, limit: 2 })
      expect(list.map(({ user }) => user)).toEqual([owner.number, eve.number])
      expect((await members.list(room.number, { after: list[1]?.number ?? 0, limit: 2 })).map(({ user }) => user)).toEqual([bob.number])
      const others = [await world.group([bob]), await world.group([bob])]
      await join(expectRow(others[0]), eve)
      const latest = await members.ofUser(bob.number, { after: null, limit: 2 })
      expect(latest.map((stay) => stay.room.number)).toEqual([expectRow(others[1]).number, expectRow(others[0]).number])
      const rest = await members.ofUser(bob.number, { after: latest[1]?.member.number ?? 0, limit: 2 })
      expect(rest).toEqual([{ room: await world.present(room), member: expectRow(await members.one(room.number, bob.number)) }])
      expect((await members.allOfUser(bob.number)).map((stay) => stay.room.number)).toEqual([room, ...others].map(({ number }) => number))
      expect((await members.present(room.number, [owner.number, eve.number, 999_999])).sort((a, b) => a - b)).toEqual([
        owner.number,
        eve.number,
      ])
    })

    test('a room is read with the stay of a user in one look', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner], { kind: 'public', name: fresh('look') })
      const { members } = world.store
      const member = expectRow(await members.one(room.number, owner.number))
      for (const named of [{ number: room.number }, { id: room.id }, { name: room.name ?? '' }]) {
        expect(await members.withRoom(owner.number, named)).toEqual({ room, member, ban: undefined, mute: undefined })
        expect(await members.withRoom(bob.number, named)).toEqual({ room, member: undefined, ban: undefined, mute: undefined })
      }
      expect([await members.withRoom(owner.number, { id: 'x' }), await members.withRoom(owner.number, { number: 999_999 })]).toEqual([
        undefined,
        undefined,
      ])
    })

    test('acquainted are those who share a present room', async () => {
      const [alice, bob, eve, mallory] = await world.users(4)
      await world.group([alice, bob])
      const past = await world.group([alice, eve])
      await leave(past, eve)
      const others = [bob, eve, mallory].map(({ number }) => number)
      expect(await world.store.members.acquainted(alice.number, others)).toEqual([bob.number])
      expect(await world.store.members.acquainted(alice.number, [])).toEqual([])
    })
  })
}
