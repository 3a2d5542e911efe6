import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Role } from '@parlance/protocol'
import type { RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { SendOutcome, WriteInput } from '../../../src/store/writes.ts'
import type { Backend } from './backends.ts'
import { expectRow, expectStatus, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

export function sanctionContract(backend: Backend): void {
  describe('bans, mutes, slow mode and transfers', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    type Terms = Partial<WriteInput<'sanctions.set'>>
    const set = (room: RoomRow, [by, user]: readonly [by: UserRow, user: UserRow], terms: Terms = {}) =>
      world.judged(room, async (acl) => {
        const target = (await world.store.members.one(room.number, user.number))?.role ?? null
        const change = { room: room.number, by: by.number, user: user.number, acl, at: now }
        return await world.store.queue.write('sanctions.set', {
          ...{ kind: 'ban', reason: null, until: null, target, atMost: 100 },
          ...change,
          ...terms,
        })
      })
    const lift = (room: RoomRow, by: UserRow, { user, kind = 'ban', at = now }: { user: UserRow; kind?: 'ban' | 'mute'; at?: number }) =>
      world.judged(room, (acl) =>
        world.store.queue.write('sanctions.lift', { room: room.number, by: by.number, user: user.number, kind, acl, at }),
      )
    const list = async (room: RoomRow, kind: 'ban' | 'mute', at = now) =>
      (await world.store.sanctions.list(room.number, kind, { after: null, limit: 10, at })).map(({ user }) => user)

    test('a ban ends the stay behind itself, in one write', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner, bob])
      const before = await world.present(room)
      const { events, userEvents, sanction } = expectStatus(await set(room, [owner, bob], { reason: 'spam', until: now + 1000 }), 'set')
      const common = { room: room.number, actor: owner.number, ref: bob.number, at: now }
      expect(events).toEqual([
        { ...common, seq: before.last_seq + 1, type: 'member.banned', data: { until: now + 1000 } },
        { ...common, seq: before.last_seq + 2, type: 'member.left', data: null },
      ])
      expect(userEvents).toMatchObject([{ user: bob.number, type: 'room.left', position: before.last_seq + 2 }])
      expect(sanction).toMatchObject({ kind: 'ban', by: owner.number, reason: 'spam', until: now + 1000 })
      expect(await world.store.members.withRoom(bob.number, { number: room.number })).toMatchObject({
        member: undefined,
        ban: { until: now + 1000 },
        mute: undefined,
      })
      const present = await world.present(room)
      expect(present).toMatchObject({ members: 1, last_seq: before.last_seq + 2 })
      expect(present.acl).toBeGreaterThan(before.acl)
      expect(await world.log(room)).toHaveLength(present.last_seq)
    })

    test('the same terms again are no event, others replace the former', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner, bob])
      expectStatus(await set(room, [owner, bob], { kind: 'mute' }), 'set')
      expect(await set(room, [owner, bob], { kind: 'mute' })).toMatchObject({ status: 'set', events: [] })
      expect(await set(room, [owner, bob], { kind: 'mute', until: now + 5 })).toMatchObject({
        events: [{ type: 'member.muted', data: { until: now + 5 } }],
      })
      expect(await list(room, 'mute')).toEqual([bob.number])
      expect([await list(room, 'mute', now + 5), await list(room, 'ban')]).toEqual([[], []])
      // A mute that has ended is set anew, though with the same terms.
      expect(await set(room, [owner, bob], { kind: 'mute', until: now + 5, at: now + 6 })).toMatchObject({
        events: [{ type: 'member.muted' }],
      })
    })

    test('lifting takes away what is there and tells so, and nothing where it has ended', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner])
      expect(await lift(room, owner, { user: bob })).toEqual({ status: 'absent' })
      expectStatus(await set(room, [owner, bob]), 'set')
      expect(await lift(room, owner, { user: bob })).toMatchObject({ events: [{ type: 'member.unbanned', ref: bob.number }] })
      expect(await lift(room, owner, { user: bob })).toEqual({ status: 'absent' })
      expectStatus(await set(room, [owner, bob], { kind: 'mute', until: now + 1 }), 'set')
      expect(await lift(room, owner, { user: bob, kind: 'mute', at: now + 2 })).toEqual({ status: 'absent' })
      expect((await world.log(room)).map(({ type }) => type).slice(2)).toEqual(['member.banned', 'member.unbanned', 'member.muted'])
    })

    test('a room takes as many as it may, and those that have ended make room', async () => {
      const [owner, ...others] = await world.users(5)
      const room = await world.group([owner])
      for (const user of others.slice(0, 2)) expectStatus(await set(room, [owner, user], { atMost: 3, until: now + 10 }), 'set')
      expectStatus(await set(room, [owner, others[2]], { atMost: 3 }), 'set')
      expect(await set(room, [owner, others[3]], { atMost: 3 })).toEqual({ status: 'list_full' })
      expectStatus(await set(room, [owner, others[3]], { atMost: 3, at: now + 10 }), 'set')
      expect(await list(room, 'ban')).toEqual([others[3].number, others[2].number])
    })

    test('who was added under another role than was judged is judged again', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner, bob])
      const { acl } = await world.present(room)
      const terms = { kind: 'ban', reason: null, until: null, target: null, atMost: 10 } as const
      const change = { room: room.number, by: owner.number, user: bob.number, acl, at: now }
      expect(await world.store.queue.write('sanctions.set', { ...change, ...terms })).toEqual({ status: 'stale' })
    })

    test('a message that races a ban is in the log before it or nowhere', async () => {
      for (const _ of oneTo(10)) {
        const [owner, bob] = await world.users(2)
        const room = await world.group([owner, bob])
        const judge = async () => {
          const place = expectRow(await world.store.members.withRoom(bob.number, { number: room.number }))
          if (place.ban !== undefined) throw new Error('banned')
          return { acl: place.room.acl, join: null }
        }
        const answers = await Promise.all([
          ...oneTo(8).map((n) =>
            world.send(room, bob, { content: `m${n}`, judge }).then(
              ({ status }) => status,
              () => 'refused',
            ),
          ),
          set(room, [owner, bob]),
        ])
        const log = await world.log(room)
        const banned = log.findIndex(({ type }) => type === 'member.banned')
        expect(log.slice(banned).map(({ type }) => type)).toEqual(['member.banned', 'member.left'])
        expect(log.filter(({ type }) => type === 'message.created')).toHaveLength(answers.filter((status) => status === 'stored').length)
      }
    })

    test('of two who transfer and leave at once, the room keeps an owner', async () => {
      for (const _ of oneTo(10)) {
        const [owner, bob, eve] = await world.users(3)
        const room = await world.group([owner, bob, eve])
        const role = async (user: UserRow): Promise<Role | undefined> => (await world.store.members.one(room.number, user.number))?.role
        const transfer = world.judged(room, async (acl) => {
          if ((await role(owner)) !== 'owner') return { status: 'refused' as const }
          return await world.store.queue.write('members.transfer', { room: room.number, user: bob.number, by: owner.number, acl, at: now })
        })
        const leave = world.judged(room, (acl) =>
          world.store.queue.write('members.leave', { room: room.number, user: bob.number, by: null, acl, at: now, keepOwner: true }),
        )
        const [transferred, left] = await Promise.all([transfer, leave])
        const owners = (await world.store.members.list(room.number, { after: null, limit: 5 })).filter((member) => member.role === 'owner')
        expect(owners).toHaveLength(1)
        if (transferred.status === 'changed') expect([left.status, await role(owner)]).toEqual(['last_owner', 'admin'])
        else expect([transferred.status, left.status]).toEqual(['absent', 'left'])
      }
    })

    test('a transfer makes the new owner before the old one steps back', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner, bob])
      const { acl, last_seq: seq } = await world.present(room)
      const change = { room: room.number, user: bob.number, by: owner.number, acl, at: now }
      const changed = expectStatus(await world.store.queue.write('members.transfer', change), 'changed')
      expect(changed.events).toMatchObject([
        { seq: seq + 1, type: 'member.updated', ref: bob.number, data: { role: 'owner' } },
        { seq: seq + 2, type: 'member.updated', ref: owner.number, data: { role: 'admin' } },
      ])
      expect(await world.store.queue.write('members.transfer', change)).toEqual({ status: 'stale' })
    })

    const slowly = (room: RoomRow, user: UserRow, { at = now, ...change }: { at?: number; cid?: string; join?: 'member' } = {}) => {
      const { join = null, ...message } = change
      return world.send(room, user, {
        content: 'slow',
        at,
        ...message,
        judge: async () => ({ acl: (await world.present(room)).acl, join, slowMs: 1000 }),
      })
    }

    test('slow mode lets one of many parallel messages through, and a known cid past', async () => {
      const [owner, bob, eve] = await world.users(3)
      const room = await world.group([owner, bob, eve])
      const sends = oneTo(10).map((n) => slowly(room, bob, { cid: `c${n}` }))
      const answers: SendOutcome[] = await Promise.all([...sends, slowly(room, eve), world.send(room, owner, 'at once')])
      expect(tally(answers)).toEqual({ stored: 3, slow_mode: 9 })
      expect(answers.find(({ status }) => status === 'slow_mode')).toEqual({ status: 'slow_mode', retry_ms: 1000 })
      const stored = answers.findIndex(({ status }) => status === 'stored') + 1
      expect(await slowly(room, bob, { cid: `c${stored}` })).toMatchObject({ status: 'known' })
      expect(await slowly(room, bob, { at: now + 400 })).toEqual({ status: 'slow_mode', retry_ms: 600 })
      expectStatus(await slowly(room, bob, { at: now + 1000 }), 'stored')
      expect((await world.log(room)).map(({ seq }) => seq)).toEqual(oneTo((await world.present(room)).last_seq))
    })

    test('in slow mode the first post of a newcomer joins, and leaving shortens no wait', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner])
      expect(await slowly(room, bob, { join: 'member' })).toMatchObject({ status: 'stored', events: [{ type: 'member.joined' }, {}] })
      const { acl } = await world.present(room)
      await world.store.queue.write('members.leave', { room: room.number, user: bob.number, by: null, acl, at: now, keepOwner: true })
      expect(await slowly(room, bob, { join: 'member', at: now + 1 })).toEqual({ status: 'slow_mode', retry_ms: 999 })
      expect(await world.store.members.one(room.number, bob.number)).toBeUndefined()
    })
  })
}
