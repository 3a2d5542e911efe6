import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Role } from '@parlance/protocol'
import type { MessageRow, RoomRow, UserRow } from '../../../src/store/rows.ts'
import { type Backend, newId } from './backends.ts'
import { expectRow, expectStatus, fresh, newSession, newUser, now, openWorld, type StoreWorld, tally } from './world.ts'

export function deletionContract(backend: Backend): void {
  describe('deleted accounts', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const remove = (user: UserRow, change: object = {}) =>
      world.store.queue.write('users.delete', {
        ...{ user: user.number, expected: user.password, name: 'deleted user', messages: 'keep' as const, at: now + 1 },
        ...change,
      })
    const withdraw = (room: RoomRow, user: UserRow) =>
      world.store.queue.write('members.withdraw', { room: room.number, user: user.number, at: now + 2 })
    const setRole = async (room: RoomRow, user: UserRow, role: Role) =>
      world.judged(room, (acl) =>
        world.store.queue.write('members.role', { room: room.number, user: user.number, by: null, acl, at: now, role }),
      )
    const suspend = (user: UserRow) => world.store.queue.write('users.admit', { user: user.number, by: null, state: 'suspended', at: now })

    test('lose everything but their number, id and name key, and the address is free', async () => {
      const session = newSession({ agent: 'Firefox' })
      const owned_email = fresh('a@b')
      const name_key = fresh('name')
      const user = await world.user(
        { name_key, email: owned_email, owned_email, password: 'hash', first_name: 'Ada', admin: true },
        session,
      )
      expect(tally([await remove(user, { expected: 'other' }), await remove(user), await remove(user)])).toEqual({
        mismatch: 1,
        deleted: 1,
        gone: 1,
      })
      const emptied = { email: '', owned_email: null, password: null, first_name: '', last_name: '', admin: false }
      expect(await world.store.users.byNumber(user.number)).toMatchObject({
        ...{ id: user.id, name_key, username: 'deleted user', state: 'deleted' },
        ...emptied,
      })
      expect(await world.store.sessions.byId(session.id)).toMatchObject({ ended_at: now + 1, agent: null })
      const create = (change: object) => world.store.queue.write('users.create', { user: { ...newUser(), ...change }, session: null })
      expect(tally([await create({ name_key }), await create({ owned_email })])).toEqual({ username_taken: 1, created: 1 })
      const { queue } = world.store
      expect((await queue.write('users.update', { user: user.number, first_name: 'Back' })).status).toBe('gone')
      expect((await queue.write('users.password', { user: user.number, password: 'x', keep: null, at: now })).status).toBe('gone')
      expect(await world.store.deletions.pending()).toEqual([{ user: user.number, messages: 'keep' }])
      await queue.write('users.deleted', { user: user.number })
      expect(await world.store.deletions.pending()).toEqual([])
    })

    test('leave their invitations without effect', async () => {
      const user = await world.user()
      const room = await world.group([user])
      const invite = {
        id: newId(),
        room: room.number,
        role: 'member' as const,
        creator: user.number,
        max_uses: 1,
        created_at: now,
        expires_at: now + 9,
      }
      const hash = crypto.getRandomValues(new Uint8Array(32))
      expectStatus(await world.store.queue.write('invites.create', { invite, hash, acl: room.acl, beside: 1 }), 'created')
      await remove(user)
      expect(await world.store.invites.byHash(hash)).toMatchObject({ revoked_at: now + 1 })
    })

    test('leave rooms, and one they alone own to the oldest admin who is not suspended', async () => {
      const [owner, member, kept, admin, second] = await world.users(5)
      const room = await world.group([owner, member, kept, admin, second])
      for (const user of [kept, admin, second]) await setRole(room, user, 'admin')
      await suspend(kept)
      const before = await world.present(room)
      const left = expectStatus(await withdraw(room, owner), 'left')
      expect(left.events).toMatchObject([
        { type: 'member.updated', seq: before.last_seq + 1, actor: null, ref: admin.number, data: { role: 'owner' } },
        { type: 'member.left', seq: before.last_seq + 2, actor: null, ref: owner.number },
      ])
      expect(left.userEvents).toMatchObject([{ user: owner.number, type: 'room.left', room: room.number }])
      expect(await world.store.members.one(room.number, admin.number)).toMatchObject({ role: 'owner' })
      expect([(await withdraw(room, owner)).status, (await world.present(room)).members]).toEqual(['absent', 4])
      // Whatever was judged before is judged again.
      expect((await world.present(room)).acl).toBeGreaterThan(before.acl)
      expect((await world.said(room, admin, 'mine now')).seq).toBe(before.last_seq + 3)
    })

    test('leave a room without admins to its oldest member, and one with another owner to nobody', async () => {
      const [owner, first, second] = await world.users(3)
      const room = await world.group([owner, first, second])
      await withdraw(room, owner)
      expect(await world.store.members.one(room.number, first.number)).toMatchObject({ role: 'owner' })
      const [alone] = await world.users(1)
      const own = await world.group([alone])
      expect(expectStatus(await withdraw(own, alone), 'left').events).toMatchObject([{ type: 'member.left' }])
      const shared = await world.group([second, first])
      await setRole(shared, first, 'owner')
      expect(expectStatus(await withdraw(shared, second), 'left').events).toHaveLength(1)
    })

    test('are known by every room they ever were in', async () => {
      const [owner, user] = await world.users(2)
      const rooms = [await world.group([owner, user]), await world.group([owner, user]), await world.group([owner])]
      await withdraw(rooms[0] as RoomRow, user)
      const { places } = world.store.deletions
      const numbers = rooms.map(({ number }) => number)
      expect(await places(user.number, { after: null, limit: 10 })).toEqual(numbers.slice(0, 2))
      expect(await places(user.number, { after: numbers[0] ?? 0, limit: 10 })).toEqual(numbers.slice(1, 2))
      expect(await places(user.number, { after: null, limit: 1 })).toEqual(numbers.slice(0, 1))
    })

    test('are known by what they reacted with, in the order of the messages', async () => {
      const [user, other] = await world.users(2)
      const room = await world.group([user, other])
      const said = [await world.said(room, other, 'one'), await world.said(room, user, 'two'), await world.said(room, other, 'three')]
      const react = (by: UserRow, { id: message }: { id: string }, emoji: string) =>
        world.store.queue.react({ room: room.number, user: by.number, acl: room.acl, message, emoji, add: true, at: now })
      const [one, two, three] = said.map(expectRow) as [MessageRow, MessageRow, MessageRow]
      await react(user, three, '👍')
      await react(user, one, '🎈')
      await react(user, one, '👍')
      await react(other, two, '👍')
      const { reactions } = world.store.deletions
      expect(await reactions(room.number, user.number, { from: 1, to: 100 })).toEqual([
        { message: one.id, emoji: '🎈' },
        { message: one.id, emoji: '👍' },
        { message: three.id, emoji: '👍' },
      ])
      expect(await reactions(room.number, user.number, { from: 2, to: 2 })).toEqual([])
    })

    test('lose their texts and no others, once, each with its event', async () => {
      const [user, other] = await world.users(2)
      const room = await world.group([user, other])
      const said = [await world.said(room, user, 'one'), await world.said(room, other, 'two'), await world.said(room, user, 'three')]
      const ns = said.map(({ n }) => n)
      expect(await world.store.deletions.texts(room.number, user.number, { from: 1, to: 100 })).toEqual([1, 3])
      expect(await world.store.deletions.texts(room.number, user.number, { from: 2, to: 2 })).toEqual([])
      const erase = () => world.store.queue.write('messages.erase', { room: room.number, user: user.number, ns, at: now + 5 })
      const { last_seq } = await world.present(room)
      const erased = await erase()
      expect(erased.messages).toEqual([said[0], said[2]].map((message) => ({ n: expectRow(message).n, id: expectRow(message).id })))
      expect(erased.events).toMatchObject([
        { type: 'message.deleted', seq: last_seq + 1, actor: user.number, ref: 1 },
        { type: 'message.deleted', seq: last_seq + 2, actor: user.number, ref: 3 },
      ])
      expect((await world.history(room)).map(({ content, rev }) => [content, rev])).toEqual([
        ['', last_seq + 1],
        ['two', said[1]?.rev ?? 0],
        ['', last_seq + 2],
      ])
      expect((await erase()).events).toEqual([])
      expect((await world.said(room, other, 'four')).seq).toBe(last_seq + 3)
    })
  })
}
