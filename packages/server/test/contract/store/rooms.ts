import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { NewRoom } from '../../../src/store/writes.ts'
import { type Backend, newId } from './backends.ts'
import { digestOf, expectStatus, fresh, newRoom, now, oneTo, openWorld, policy, type StoreWorld, tally } from './world.ts'

export function roomContract(backend: Backend): void {
  describe('rooms', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const create = (room: NewRoom, cid: string | null = null, digest = digestOf('')) =>
      world.store.queue.write('rooms.create', { room, cid, digest })
    const direct = (a: number, b: number) =>
      world.store.queue.write('rooms.direct', { id: newId(), a, b, policy, creator: a, userRooms: 10_000, at: now })

    test('a new room begins with its making and the joins of its first members', async () => {
      const [owner, bob, eve] = await world.users(3)
      const wanted = { ...newRoom([owner, bob, eve]), title: 'Tea', description: 'green', meta: { colour: 'blue' } }
      const created = expectStatus(await create(wanted), 'created')
      const { number } = created.room
      expect(created.events).toEqual([
        { room: number, seq: 1, type: 'room.created', actor: owner.number, ref: null, data: { kind: 'group' }, at: now },
        { room: number, seq: 2, type: 'member.joined', actor: null, ref: owner.number, data: { role: 'owner' }, at: now },
        { room: number, seq: 3, type: 'member.joined', actor: owner.number, ref: bob.number, data: { role: 'member' }, at: now },
        { room: number, seq: 4, type: 'member.joined', actor: owner.number, ref: eve.number, data: { role: 'member' }, at: now },
      ])
      expect(await world.log(created.room)).toEqual(created.events)
      expect(created.userEvents.map(({ user, useq, type, position }) => ({ user, useq, type, position }))).toEqual([
        { user: owner.number, useq: 1, type: 'room.joined', position: 2 },
        { user: bob.number, useq: 1, type: 'room.joined', position: 3 },
        { user: eve.number, useq: 1, type: 'room.joined', position: 4 },
      ])
      const { id, title, description, meta } = wanted
      expect(created.room).toMatchObject({
        id,
        title,
        description,
        meta,
        policy,
        kind: 'group',
        name: null,
        pair: null,
        creator: owner.number,
      })
      expect(created.room).toMatchObject({
        members: 3,
        last_seq: 4,
        last_n: 0,
        shared_n: 0,
        floor_seq: 0,
        floor_n: 0,
        large: false,
        created_at: now,
      })
      expect(await world.present(created.room)).toEqual(created.room)
      expect(await world.store.rooms.byId(id)).toEqual(created.room)
      expect(await world.store.members.stays(number, bob.number)).toEqual([
        { room: number, user: bob.number, from_seq: 2, from_n: 0, to_seq: null, to_n: null },
      ])
    })

    test('a room may have no member at all', async () => {
      const owner = await world.user()
      const { room, events } = expectStatus(await create({ ...newRoom([owner], null), kind: 'public', name: fresh('bare') }), 'created')
      expect([room.members, events.map(({ type }) => type)]).toEqual([0, ['room.created']])
    })

    test('a name is given once, whoever asks for it at the same time, and the others leave nothing behind', async () => {
      const [owner, other] = await world.users(2)
      const name = fresh('once')
      const answers = await Promise.all(oneTo(20).map((i) => create({ ...newRoom([i % 2 === 0 ? owner : other]), kind: 'public', name })))
      expect(tally(answers)).toEqual({ created: 1, name_taken: 19 })
      const logs = await Promise.all([owner, other].map(({ number }) => world.store.events.ofUser(number, { after: 0, limit: 100 })))
      expect(logs.map(({ head }) => head).sort((a, b) => a - b)).toEqual([0, 1])
    })

    test('a retry with the same cid finds the room, another request with it is a conflict', async () => {
      const owner = await world.user()
      const first = newRoom([owner])
      const answers = await Promise.all(oneTo(20).map(() => create({ ...first, id: newId() }, 'make', digestOf('a'))))
      expect(tally(answers)).toEqual({ created: 1, known: 19 })
      expect(new Set(answers.map((answer) => 'room' in answer && answer.room.number)).size).toBe(1)
      expect(await create({ ...first, id: newId() }, 'make', digestOf('b'))).toEqual({ status: 'conflict' })
      expect(tally([await create(newRoom([await world.user()]), 'make', digestOf('b'))])).toEqual({ created: 1 })
    })

    test('a hundred who ask for the room of a pair at once find one room', async () => {
      const [alice, bob] = await world.users(2)
      const answers = await Promise.all(
        oneTo(100).map((i) => (i % 2 === 0 ? direct(alice.number, bob.number) : direct(bob.number, alice.number))),
      )
      expect(tally(answers)).toEqual({ created: 1, known: 99 })
      expect(new Set(answers.map((answer) => 'room' in answer && answer.room.number)).size).toBe(1)
      const { room } = expectStatus(await direct(alice.number, bob.number), 'known')
      expect(room).toMatchObject({ kind: 'direct', members: 2, pair: `${alice.number}:${bob.number}`, last_seq: 3 })
      expect((await world.store.members.list(room.number, { after: null, limit: 10 })).map(({ user, role }) => [user, role])).toEqual([
        [alice.number, 'member'],
        [bob.number, 'member'],
      ])
      expect(await world.store.members.peers([room.number], alice.number)).toEqual([{ room: room.number, user: bob.number }])
    })

    test('the room with oneself has one member', async () => {
      const alice = await world.user()
      const { room } = expectStatus(await direct(alice.number, alice.number), 'created')
      expect(room).toMatchObject({ members: 1, pair: `${alice.number}:${alice.number}` })
    })

    test('the room of two is the oldest of which exactly these two are members, public ones left out', async () => {
      const [ann, bob, eve] = await world.users(3)
      const find = async (one: { number: number }, other: { number: number }) =>
        (await world.store.rooms.ofTwo(one.number, other.number))?.number
      expect(await find(ann, bob)).toBeUndefined()
      await world.group([ann, bob], { kind: 'public', name: fresh('open') })
      await world.group([ann, bob, eve])
      const pair = await world.group([bob, ann])
      await direct(ann.number, bob.number)
      expect([await find(ann, bob), await find(bob, ann)]).toEqual([pair.number, pair.number])
      const join = { room: pair.number, user: eve.number, by: null, role: 'member' as const, at: now, roomMembers: 10, userRooms: 10 }
      await world.judged(pair, (acl) => world.store.queue.write('members.join', { ...join, acl }))
      expect(await find(ann, bob)).toBe(expectStatus(await direct(ann.number, bob.number), 'known').room.number)
      expect(await find(eve, eve)).toBeUndefined()
      const own = expectStatus(await direct(eve.number, eve.number), 'created')
      expect(await find(eve, eve)).toBe(own.room.number)
    })

    test('who is in as many rooms as allowed gets no further one', async () => {
      const [alice, bob] = await world.users(2)
      await world.group([alice])
      const wanted = { ...newRoom([alice]), userRooms: 1 }
      expect(await create(wanted)).toEqual({ status: 'too_many_rooms' })
      expect(await create({ ...newRoom([bob, alice]), userRooms: 1 })).toEqual({ status: 'too_many_rooms' })
      const pair = { id: newId(), a: bob.number, b: alice.number, policy, creator: bob.number, userRooms: 1, at: now }
      expect(await world.store.queue.write('rooms.direct', pair)).toEqual({ status: 'too_many_rooms' })
      expect(await world.store.members.ofUser(bob.number, { after: null, limit: 10 })).toEqual([])
    })

    test('rooms are found by number, name and id, and what is not there is not found', async () => {
      const owner = await world.user()
      const name = fresh('Näme')
      const room = await world.group([owner], { kind: 'public', name })
      const { rooms } = world.store
      expect([await rooms.byNumber(room.number), await rooms.byName(name), await rooms.byId(room.id)]).toEqual([room, room, room])
      expect([
        await rooms.byNumber(999_999),
        await rooms.byName(name.toUpperCase()),
        await rooms.byId(newId()),
        await rooms.byId('x'),
      ]).toEqual([undefined, undefined, undefined, undefined])
      expect(await rooms.byNumbers([room.number, 999_999])).toEqual([room])
      expect(await rooms.heads([room.number, 999_999])).toEqual([{ room: room.number, seq: 2, n: 0 }])
      expect([await rooms.byNumbers([]), await rooms.heads([])]).toEqual([[], []])
    })

    test('the index shows named public rooms by the bytes of their names, to whom they are listed', async () => {
      const owner = await world.user()
      const stem = fresh('index')
      const listed = async (name: string, to: 'anyone' | 'users' | 'members') =>
        await world.group([owner], { kind: 'public', name: stem + name, policy: { ...policy, listed: to } })
      const [b, c, a] = [await listed('B', 'anyone'), await listed('a', 'users'), await listed('A', 'anyone')]
      await listed('hidden', 'members')
      await world.group([owner], { name: `${stem}C` })
      const index = async (to: ('anyone' | 'users')[], after: string, limit = 10) =>
        (await world.store.rooms.index(to, { after, limit })).filter(({ name }) => name?.startsWith(stem)).map(({ number }) => number)
      expect(await index(['anyone'], stem)).toEqual([a.number, b.number])
      expect(await index(['users', 'anyone'], stem)).toEqual([a.number, b.number, c.number])
      expect(await index(['users', 'anyone'], `${stem}A`, 1)).toEqual([b.number])
      expect((await world.store.rooms.index(['anyone'], { after: null, limit: 1 })).length).toBe(1)
    })

    test('the room of a pair is found by the two numbers, the lower one first', async () => {
      const [ann, bob] = await world.users(2)
      expect(await world.store.rooms.byPair(ann.number, bob.number)).toBeUndefined()
      const { room } = expectStatus(await direct(ann.number, bob.number), 'created')
      expect(await world.store.rooms.byPair(ann.number, bob.number)).toEqual(room)
      expect(await world.store.rooms.byPair(bob.number, ann.number)).toBeUndefined()
    })

    test('browsing shows listed public rooms, newest first, by a part of name or title without case', async () => {
      const owner = await world.user()
      const make = (title: string, change: Partial<NewRoom>) =>
        world.group([owner], { kind: 'public', name: fresh('browse'), title, ...change })
      const first = await make('Straße zum Meer_10%', {})
      const second = await make('STRASSE', { policy: { ...policy, listed: 'anyone' } })
      await make('strasse', { policy: { ...policy, listed: 'members' } })
      await make('strasse', { kind: 'group' })
      const found = async (query: string, after: number | null = null) =>
        (await world.store.rooms.browse(query, { after, limit: 10 })).map(({ number }) => number)
      expect(await found('strasse')).toEqual([second.number, first.number])
      expect(await found('strasse', second.number)).toEqual([first.number])
      expect(await found('meer_10%')).toEqual([first.number])
      expect(await found('_10%z')).toEqual([])
      expect(await found(first.name ?? '')).toEqual([first.number])
      expect((await found('')).slice(0, 2)).toEqual([second.number, first.number])
    })

    test('an operator finds every room by part of its name or title, page by page', async () => {
      const [owner] = await world.users(1)
      const title = fresh('Every ROOM_')
      const made = [
        await world.group([owner], { title }),
        await world.group([owner], { kind: 'public', name: fresh('every'), title, policy: { ...policy, listed: 'members' } }),
        await world.group([owner], { title }),
      ].map(({ number }) => number)
      const found = async (query: string, after: number | null, limit: number) =>
        (await world.store.rooms.list(query, { after, limit })).map(({ number }) => number)
      expect(await found(title.toLowerCase(), null, 10)).toEqual(made)
      expect(await found(title.toLowerCase(), null, 2)).toEqual(made.slice(0, 2))
      expect(await found(title.toLowerCase(), made[1] ?? 0, 2)).toEqual(made.slice(2))
      expect((await found('', (made[0] ?? 0) - 1, 3)).slice(0, 3)).toEqual(made)
    })
  })
}
