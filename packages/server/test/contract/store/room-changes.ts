import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { WriteInput } from '../../../src/store/writes.ts'
import type { Backend } from './backends.ts'
import { expectStatus, fresh, now, oneTo, openWorld, policy, type StoreWorld, tally } from './world.ts'

export function roomChangeContract(backend: Backend): void {
  describe('changes of rooms', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    type Fields = Omit<WriteInput<'rooms.update'>, 'room' | 'by' | 'acl' | 'at'>
    const update = (room: RoomRow, by: UserRow, fields: Fields) =>
      world.judged(room, (acl) => world.store.queue.write('rooms.update', { room: room.number, by: by.number, acl, at: now, ...fields }))
    const remove = (room: RoomRow, by: UserRow) =>
      world.judged(room, (acl) => world.store.queue.write('rooms.delete', { room: room.number, by: by.number, acl, at: now }))
    const purge = async (room: RoomRow, { members = 100, rows = 500 } = {}) => {
      const batches = []
      for (;;) {
        const { done, userEvents } = await world.store.queue.write('rooms.purge', { room: room.number, members, rows, at: now })
        batches.push(userEvents.map(({ user }) => user))
        if (done) return batches
      }
    }

    test('an update changes what it names, says so in one event, and is nothing the second time', async () => {
      const owner = await world.user()
      const room = await world.group([owner], { title: 'Tea', description: 'green', meta: { a: 1 } })
      const fields = {
        name: fresh('named'),
        title: null,
        meta: { b: [2] },
        policy: { ...policy, listed: 'anyone' as const },
        slow_mode_s: 5,
      }
      const updated = expectStatus(await update(room, owner, fields), 'updated')
      const seq = room.last_seq + 1
      const data = { changed: ['name', 'title', 'meta', 'policy', 'slow_mode_s'] }
      expect(updated.events).toEqual([
        { room: room.number, seq, type: 'room.updated', actor: owner.number, ref: null, data, at: now } as (typeof updated.events)[0],
      ])
      const present = await world.present(room)
      expect(present).toEqual({ ...room, ...fields, last_seq: seq, acl: present.acl })
      expect(updated.room).toEqual(present)
      expect(present.acl).toBe(room.acl + 1)
      expect(expectStatus(await update(room, owner, fields), 'updated')).toMatchObject({ room: present, events: [] })
      expect(await world.log(room)).toHaveLength(seq)
    })

    test('what was judged before an update is stale behind it', async () => {
      const owner = await world.user()
      const room = await world.group([owner])
      expectStatus(await update(room, owner, { title: 'new' }), 'updated')
      const change = { room: room.number, by: owner.number, acl: room.acl, at: now }
      expect(await world.store.queue.write('rooms.update', { ...change, title: 'old' })).toEqual({ status: 'stale' })
      expect(await world.store.queue.write('rooms.delete', change)).toEqual({ status: 'stale' })
      expect(await world.present(room)).toMatchObject({ title: 'new' })
    })

    test('an archive keeps the time it was made at', async () => {
      const owner = await world.user()
      const room = await world.group([owner])
      expectStatus(await update(room, owner, { archived: true }), 'updated')
      const late = { room: room.number, by: owner.number, acl: 1000, at: now + 5 }
      expect(await world.store.queue.write('rooms.update', { ...late, archived: true })).toMatchObject({ events: [] })
      expect(await world.present(room)).toMatchObject({ archived_at: now })
      expect(await update(room, owner, { archived: false })).toMatchObject({
        room: { archived_at: null },
        events: [{ data: { changed: ['archived'] } }],
      })
    })

    test('of many rooms that want one name a single one gets it', async () => {
      const owner = await world.user()
      const rooms = await Promise.all(oneTo(6).map(() => world.group([owner])))
      const name = fresh('wanted')
      const answers = await Promise.all(rooms.map((room) => update(room, owner, { name })))
      expect(tally(answers)).toEqual({ updated: 1, name_taken: 5 })
    })

    test('a room found by its words is found by the new ones', async () => {
      const owner = await world.user()
      const [before, after] = [fresh('before'), fresh('after')]
      const room = await world.group([owner], { kind: 'public', name: before })
      expectStatus(await update(room, owner, { name: after }), 'updated')
      const found = async (word: string) => (await world.store.rooms.browse(word, { after: null, limit: 5 })).map(({ number }) => number)
      expect([await found(before), await found(after)]).toEqual([[], [room.number]])
      expect(await world.store.rooms.byName(before)).toBeUndefined()
    })

    test('a deleted room has lost its names and everything before its last event', async () => {
      const [owner, bob] = await world.users(2)
      const name = fresh('doomed')
      const room = await world.group([owner, bob], { kind: 'public', name, title: 'x', description: 'y', meta: { z: 1 } })
      for (const content of ['one', 'two']) await world.said(room, bob, { content, mentions: [{ id: owner.id, number: owner.number }] })
      const before = await world.present(room)
      const deleted = expectStatus(await remove(room, owner), 'deleted')
      const seq = before.last_seq + 1
      expect(deleted.events).toEqual([
        { room: room.number, seq, type: 'room.deleted', actor: owner.number, ref: null, data: null, at: now },
      ])
      const emptied = { name: null, title: null, description: null, meta: null, deleted_at: now }
      expect(await world.present(room)).toMatchObject({ ...emptied, last_seq: seq, floor_seq: seq - 1, floor_n: 2 })
      expect(await world.store.rooms.browse(name, { after: null, limit: 5 })).toEqual([])
      expect(await world.store.members.allOfUser(bob.number)).toEqual([])
      // The name is free at once.
      await world.group([bob], { name })
      expect(
        await world.send(room, bob, { content: 'late', judge: () => Promise.reject(new Error('judged again')) }).catch(String),
      ).toContain('judged again')
    })

    test('what a deleted room held goes in bounded batches, members first with a fact for each, and only the last event stays', async () => {
      const people = await world.users(5)
      const [owner] = people
      const room = await world.group(people)
      for (const n of oneTo(7)) await world.said(room, owner, { content: `m${n}`, mentionAll: true })
      expectStatus(await remove(room, owner), 'deleted')
      expect(await world.store.rooms.unpurged(100)).toContain(room.number)
      const batches = await purge(room, { members: 2, rows: 3 })
      expect(batches.filter(({ length }) => length > 0)).toEqual([
        [people[0].number, people[1].number],
        [people[2].number, people[3].number],
        [people[4].number],
      ])
      // Seven messages and thirteen events before the last one, three at a time; then the batch that finds nothing.
      expect(batches).toHaveLength(3 + 3 + 5 + 1)
      expect((await world.log(room)).map(({ type }) => type)).toEqual(['room.deleted'])
      expect(await world.history(room)).toEqual([])
      const { last_seq: seq } = await world.present(room)
      for (const { number } of people) {
        const { events } = await world.store.events.ofUser(number, { after: 0, limit: 10 })
        expect(events).toMatchObject([{ type: 'room.gone', room: room.number, position: seq }])
        expect(await world.store.members.stays(room.number, number)).toMatchObject([{ to_seq: seq }])
      }
      expect(await world.present(room)).toMatchObject({ members: 0 })
      expect(await world.store.rooms.unpurged(100)).not.toContain(room.number)
      expect(await purge(room)).toEqual([[]])
    })

    test('a send that races the deletion is in the log before it, or is nothing', async () => {
      for (const _ of oneTo(10)) {
        const [owner, bob] = await world.users(2)
        const room = await world.group([owner, bob])
        const judge = async () => {
          const { deleted_at, acl } = await world.present(room)
          if (deleted_at !== null) throw new Error('gone')
          return { acl, join: null }
        }
        const sends = oneTo(8).map((n) =>
          world.send(room, bob, { content: `m${n}`, judge }).then(
            ({ status }) => status,
            () => 'refused',
          ),
        )
        const [deleted, ...answers] = await Promise.all([remove(room, owner), ...sends])
        const log = await world.log(room)
        expect(log.at(-1)).toMatchObject({ type: 'room.deleted', seq: expectStatus(deleted, 'deleted').room.last_seq })
        expect(log.filter(({ type }) => type === 'message.created')).toHaveLength(answers.filter((status) => status === 'stored').length)
        expect(log.map(({ seq }) => seq)).toEqual(oneTo(log.length))
      }
    })
  })
}
