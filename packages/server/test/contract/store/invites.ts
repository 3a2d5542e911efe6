import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Invited } from '../../../src/store/account-writes.ts'
import type { InviteRow, RoomRow, UserRow } from '../../../src/store/rows.ts'
import { type Backend, newId } from './backends.ts'
import { expectRow, expectStatus, newSession, newUser, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

const bytes = () => crypto.getRandomValues(new Uint8Array(32))

export function inviteContract(backend: Backend): void {
  describe('invitations', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const invite = async (room: RoomRow | null, maker: UserRow | null, change: Partial<InviteRow> = {}) => {
      const row = { id: newId(), room: room?.number ?? null, role: room && ('member' as const), creator: maker?.number ?? null }
      const hash = bytes()
      const terms = { max_uses: 1, created_at: now, expires_at: now + 100, ...change }
      const input = { invite: { ...row, ...terms }, hash, acl: room && (await world.present(room)).acl, beside: 10 }
      const { invite } = expectStatus(await world.store.queue.write('invites.create', input), 'created')
      return { invite, hash }
    }
    const usesOf = async ({ id }: InviteRow) => expectRow(await world.store.invites.byId(id)).uses
    const joining = (room: RoomRow, user: UserRow, { number, acl, at = now }: { number: number; acl: number; at?: number }) => ({
      ...{ room: room.number, user: user.number, by: null, role: 'member' as const, acl, at, invite: number },
      ...{ roomMembers: 1000, userRooms: 1000 },
    })

    test('are found by their hash and id, and listed while they can be used', async () => {
      const [maker, other] = await world.users(2)
      const room = await world.group([maker, other])
      const first = await invite(room, maker)
      const second = await invite(room, other, { max_uses: 5, expires_at: now + 50 })
      await invite(null, null)
      expect(first.invite).toEqual({
        ...{ number: first.invite.number, id: first.invite.id, room: room.number, role: 'member', creator: maker.number },
        ...{ max_uses: 1, uses: 0, created_at: now, expires_at: now + 100, revoked_at: null },
      })
      const { invites } = world.store
      expect([await invites.byHash(first.hash), await invites.byId(first.invite.id)]).toEqual([first.invite, first.invite])
      expect([await invites.byHash(bytes()), await invites.byId(newId()), await invites.byId('x')]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      const open = async (which: object, after: number | null = null) =>
        (await invites.open({ room: room.number, creator: null, at: now, ...which }, { after, limit: 10 })).map(({ number }) => number)
      expect(await open({})).toEqual([second.invite.number, first.invite.number])
      expect(await open({}, second.invite.number)).toEqual([first.invite.number])
      expect([await open({ creator: other.number }), await open({ at: now + 50 })]).toEqual([[second.invite.number], [first.invite.number]])
      const { acl } = await world.present(room)
      const revoke = () =>
        world.store.queue.write('invites.revoke', { number: first.invite.number, in: { room: room.number, acl }, at: now })
      expect(tally([await revoke(), await revoke()])).toEqual({ revoked: 1, unchanged: 1 })
      expect(await open({})).toEqual([second.invite.number])
      expect((await invites.open({ room: null, creator: null, at: now }, { after: null, limit: 10 })).length).toBeGreaterThan(0)
    })

    test('are so many at most, and none is made at an acl that is past', async () => {
      const maker = await world.user()
      const room = await world.group([maker])
      const row = { room: room.number, role: 'member' as const, creator: maker.number, max_uses: 1, created_at: now, expires_at: now + 100 }
      const { acl } = await world.present(room)
      const create = (at: number) =>
        world.store.queue.write('invites.create', { invite: { ...row, id: newId() }, hash: bytes(), acl: at, beside: 2 })
      expect(tally([await create(acl), await create(acl), await create(acl), await create(acl)])).toEqual({
        created: 3,
        too_many_invites: 1,
      })
      expect(await create(0)).toEqual({ status: 'stale' })
    })

    test('for one person let one in, however many come at the same time', async () => {
      const [maker, ...others] = await world.users(101)
      const room = await world.group([expectRow(maker)])
      const { invite: made } = await invite(room, expectRow(maker))
      const { acl } = await world.present(room)
      const answers = await Promise.all(
        others.map((user) => world.store.queue.write('members.join', joining(room, user, { number: made.number, acl }))),
      )
      expect(tally(answers)).toEqual({ joined: 1, invalid_link: 99 })
      expect([(await world.present(room)).members, await usesOf(made)]).toEqual([2, 1])
    })

    test('are not used up by those who are there, and not usable when over or revoked', async () => {
      const [maker, user] = await world.users(2)
      const room = await world.group([maker])
      const { invite: made } = await invite(room, maker)
      const { acl } = await world.present(room)
      const join = (who: UserRow, at = now) => world.store.queue.write('members.join', joining(room, who, { number: made.number, acl, at }))
      expect((await join(maker)).status).toBe('present')
      expect(await usesOf(made)).toBe(0)
      expect((await join(user, now + 100)).status).toBe('invalid_link')
      await world.store.queue.write('invites.revoke', { number: made.number, in: null, at: now })
      expect((await join(user)).status).toBe('invalid_link')
      expect((await world.present(room)).members).toBe(1)
    })

    test('into the server make as many accounts as they are for', async () => {
      const { invite: made } = await invite(null, null, { max_uses: 3 })
      const create = (change = {}) =>
        world.store.queue.write('users.create', {
          user: { ...newUser(), ...change },
          session: newSession(),
          invited: { number: made.number, into: null },
        })
      const taken = await world.user()
      expect((await create({ name_key: taken.name_key })).status).toBe('username_taken')
      expect(await usesOf(made)).toBe(0)
      expect(tally(await Promise.all(oneTo(20).map(() => create())))).toEqual({ created: 3, invalid_link: 17 })
    })

    test('into a room make an account that is a member of it at once', async () => {
      const maker = await world.user()
      const room = await world.group([maker])
      const { invite: made } = await invite(room, maker)
      const { acl } = await world.present(room)
      const create = (change: Partial<NonNullable<Invited['into']>> = {}) => {
        const into = { room: room.number, acl, role: 'admin' as const, by: maker.number, roomMembers: 2, ...change }
        return world.store.queue.write('users.create', { user: newUser(), session: null, invited: { number: made.number, into } })
      }
      const before = await world.said(room, maker, 'before')
      expect(await create({ acl: 0 })).toEqual({ status: 'stale' })
      expect(await create({ roomMembers: 1 })).toEqual({ status: 'room_full' })
      const created = expectStatus(await create(), 'created')
      expect(created.events).toMatchObject([
        { type: 'member.joined', actor: maker.number, ref: created.user.number, data: { role: 'admin' } },
      ])
      expect(created.userEvents).toMatchObject([{ type: 'room.joined', user: created.user.number }])
      expect(await world.store.members.one(room.number, created.user.number)).toMatchObject({ role: 'admin' })
      // The log goes on behind the join.
      expect([created.events[0]?.seq, (await world.said(room, maker, 'after')).seq]).toEqual([before.seq + 1, before.seq + 2])
      expect(await create({ roomMembers: 10 })).toEqual({ status: 'invalid_link' })
      expect((await world.present(room)).members).toBe(2)
    })
  })
}
