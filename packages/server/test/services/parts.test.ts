import { describe, expect, spyOn, test } from 'bun:test'
import { directPolicy } from '../../src/rules/room-kinds.ts'
import { numberCursors, textCursors } from '../../src/services/parts/cursors.ts'
import { Lanes } from '../../src/services/parts/lanes.ts'
import { Lru } from '../../src/services/parts/lru.ts'
import { People } from '../../src/services/parts/people.ts'
import { Standings } from '../../src/services/parts/standings.ts'
import type { MemberRow, RoomRow } from '../../src/store/rows.ts'
import { openWorld } from './world.ts'

const room = (number: number, acl = 1): RoomRow => ({
  ...{ number, id: `room ${number}`, kind: 'group', name: null, title: null, description: null, meta: null, policy: directPolicy, acl },
  ...{ creator: null, pair: null, last_seq: 0, last_n: 0, shared_n: 0, floor_seq: 0, floor_n: 0, members: 0, large: false, created_at: 0 },
  ...{ slow_mode_s: 0, archived_at: null, deleted_at: null, ttl_s: null },
})
const member = (role: MemberRow['role']): MemberRow => ({
  number: 1,
  room: 1,
  user: 1,
  role,
  from_seq: 0,
  from_n: 0,
  read_n: 0,
  joined_at: 0,
})

describe('remembered standings', () => {
  test('go together when the acl of the room moves on', () => {
    const standings = new Standings()
    standings.put(1, { room: room(1), member: member('owner'), at: 0, now: 0 })
    standings.put(2, { room: room(1), member: member('member'), at: 0, now: 0 })
    standings.put(2, { room: room(1, 2), member: undefined, at: 5, now: 0 })
    expect(standings.get('room 1', 1)).toBeUndefined()
    expect(standings.get('room 1', 2)).toMatchObject({ role: null, confirmedAt: 5, room: { acl: 2 } })
  })

  test('are not put back by an answer that was read before and came later', () => {
    const standings = new Standings()
    standings.put(1, { room: room(1, 2), member: undefined, at: 5, now: 0 })
    expect(standings.put(1, { room: room(1), member: member('owner'), at: 4, now: 0 })).toMatchObject({ role: 'owner', room: { acl: 1 } })
    expect(standings.get('room 1', 1)).toMatchObject({ role: null, room: { acl: 2 } })
  })

  test('stay within their bounds: the room untouched for longest goes first', () => {
    const standings = new Standings({ rooms: 3, standings: 5 })
    for (const number of [1, 2, 3]) standings.put(1, { room: room(number), member: undefined, at: 0, now: 0 })
    standings.get('room 1', 1)
    standings.put(1, { room: room(4), member: undefined, at: 0, now: 0 })
    expect([1, 2, 3, 4].filter((number) => standings.get(`room ${number}`, 1) !== undefined)).toEqual([1, 3, 4])
    for (const user of [2, 3, 4]) standings.put(user, { room: room(4), member: undefined, at: 0, now: 0 })
    expect([1, 2, 3, 4].filter((number) => standings.get(`room ${number}`, 1) !== undefined)).toEqual([3, 4])
    standings.forget('room 4')
    expect(standings.get('room 4', 1)).toBeUndefined()
  })
})

test('a bounded map forgets what was untouched for longest', () => {
  const map = new Lru<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.get('a')
  map.set('c', 3)
  map.set('a', 4)
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([4, undefined, 3])
  map.delete('a')
  expect(map.get('a')).toBeUndefined()
})

test('people are read once, all missing ones in one statement', async () => {
  await using world = await openWorld()
  const made = await Promise.all(['ada', 'bob', 'eve'].map((name) => world.somebody(name)))
  const [ada = 0, bob = 0, eve = 0] = made.map(({ actor }) => actor.number)
  const asked = spyOn(world.deps.store.users, 'byNumbers')
  const people = new People(world.deps.store.users, world.clock)
  await people.load([ada, bob, bob, ada])
  const person = await people.load([ada, bob, eve, 9999])
  expect(asked.mock.calls).toEqual([[[ada, bob]], [[eve, 9999]]])
  expect(person(eve)).toEqual({ number: eve, id: made[2]?.actor.id ?? '', username: 'eve' })
  expect(() => person(9999)).toThrow('user 9999 is missing')
})

describe('a lane', () => {
  test('runs its tasks one after the other, whatever became of the one before, and other lanes beside it', async () => {
    const lanes = new Lanes()
    const [mine, other] = [{}, {}]
    const told: string[] = []
    const slow = Promise.withResolvers<void>()
    const first = lanes.inTurn(mine, async () => {
      await slow.promise
      told.push('first')
      throw new Error('planted')
    })
    const second = lanes.inTurn(mine, () => Promise.resolve(void told.push('second')))
    expect([lanes.isFree(mine), lanes.isFree(other), lanes.isFree(null)]).toEqual([false, true, true])
    await lanes.inTurn(other, () => Promise.resolve(void told.push('beside')))
    await lanes.inTurn(null, () => Promise.resolve(void told.push('without')))
    slow.resolve()
    expect(await first.catch(String)).toBe('Error: planted')
    await second
    expect(told).toEqual(['beside', 'without', 'first', 'second'])
    expect(lanes.isFree(mine)).toBe(true)
  })
})

describe('a cursor', () => {
  const rows = [1, 2, 3].map((key) => ({ key }))
  const keyOf = (row: { key: number }) => row.key

  test('leads to the rows behind the last one shown', () => {
    const cursors = numberCursors('things')
    expect(cursors.ask({ limit: 2 })).toEqual({ after: null, limit: 3 })
    const { rows: shown, next } = cursors.page(rows, { limit: 2 }, keyOf)
    expect(shown).toEqual([{ key: 1 }, { key: 2 }])
    expect(cursors.ask({ limit: 2, cursor: next ?? '' })).toEqual({ after: 2, limit: 3 })
    expect(cursors.page(rows.slice(2), { limit: 2 }, keyOf).next).toBeNull()
    expect(cursors.page([], {}, keyOf)).toEqual({ rows: [], next: null })
  })

  test('keeps names of any characters', () => {
    const cursors = textCursors('names')
    for (const name of ['ünï 🎈:/+', 'a:b']) {
      const { next } = cursors.page([name, 'more'], { limit: 1 }, (key) => key)
      expect(cursors.ask({ cursor: next ?? '' }).after).toBe(name)
    }
  })

  test('of another list, of another kind or damaged is refused', () => {
    const encode = (text: string) => Buffer.from(text).toString('base64url')
    for (const cursor of [
      encode('others:1'),
      encode('things:x'),
      encode('things:0'),
      encode('things:1e3'),
      encode('things:-1'),
      'things:1',
      '%',
      '',
    ]) {
      expect(() => numberCursors('things').ask({ cursor })).toThrow('invalid_cursor')
    }
  })
})
