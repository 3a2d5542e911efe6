import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { UserRow } from '../../../src/store/rows.ts'
import type { Passing } from '../../../src/store/writes.ts'
import { type Backend, newId } from './backends.ts'
import { expectRow, expectStatus, newSession, now, oneTo, openWorld, type StoreWorld } from './world.ts'

const bytes = () => crypto.getRandomValues(new Uint8Array(32))

export function sweepContract(backend: Backend): void {
  describe('what is only kept for a time', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const sweep = (what: Passing, before: number, rows = 100) => world.store.queue.write('passing.sweep', { what, before, rows })
    const empty = async (what: Passing, before: number) => {
      while (!(await sweep(what, before)).done);
    }
    const known = async ({ id }: { id: string }) => (await world.store.sessions.byId(id)) !== undefined
    const factsOf = async ({ number }: UserRow) => (await world.store.events.ofUser(number, { after: 0, limit: 100 })).events

    test('a login goes with its tokens once the last of them was over, and not before, ended or not', async () => {
      const [over, ended, live] = [newSession({ expires_at: now + 10 }), newSession({ expires_at: now + 11 }), newSession()]
      await world.user({}, over)
      const user = await world.user({}, ended)
      await world.user({}, live)
      const spent = bytes()
      await world.store.queue.write('sessions.spend', { session: over.id, hash: spent, expiresAt: now + 10, at: now })
      await world.store.queue.write('sessions.end', { session: ended.id, at: now })
      await empty('sessions', now + 9)
      expect(await Promise.all([over, ended, live].map(known))).toEqual([true, true, true])
      await empty('sessions', now + 10)
      expect(await Promise.all([over, ended, live].map(known))).toEqual([false, true, true])
      expect(await world.store.sessions.isSpent(spent)).toBe(false)
      expect(await factsOf(user)).toMatchObject([{ type: 'session.ended', session: ended.id }])
      await empty('sessions', now + 11)
      expect(await Promise.all([over, ended, live].map(known))).toEqual([false, false, true])
      expect(await factsOf(user)).toEqual([])
      expect((await world.store.events.ofUser(user.number, { after: 0, limit: 1 })).head).toBe(1)
    })

    test('of a login that is made to last longer at that moment, what was answered holds', async () => {
      const sessions = oneTo(10).map(() => newSession({ expires_at: now + 20 }))
      await Promise.all(sessions.map((session) => world.user({}, session)))
      const renew = ({ id: session }: { id: string }) =>
        world.store.queue.write('sessions.renew', { session, at: now, expiresAt: now + 2000, spend: null })
      const [answers] = await Promise.all([Promise.all(sessions.map(renew)), empty('sessions', now + 20)])
      expect(await Promise.all(sessions.map(known))).toEqual(answers.map(({ status }) => status === 'renewed'))
    })

    test('a login with many tokens goes in several steps of a bounded size', async () => {
      const session = newSession({ expires_at: now + 30 })
      await world.user({}, session)
      await Promise.all(
        oneTo(24).map(() =>
          world.store.queue.write('sessions.spend', { session: session.id, hash: bytes(), expiresAt: now + 30, at: now }),
        ),
      )
      const steps = []
      for (let done = false; !done; ) {
        const step = await sweep('sessions', now + 30, 10)
        steps.push(step.rows)
        done = step.done
      }
      expect(steps).toEqual([10, 10, 6])
      expect(await known(session)).toBe(false)
    })

    test('a link to a new password goes as it is over', async () => {
      const { number: user } = await world.user()
      const [early, late] = [bytes(), bytes()]
      const create = (hash: Uint8Array, expiresAt: number) =>
        world.store.queue.write('resets.create', { hash, user, at: now, expiresAt, beside: 5 })
      await create(early, now + 10)
      await create(late, now + 20)
      expect(await sweep('resets', now + 10)).toEqual({ status: 'swept', rows: 1, done: true })
      expect([await world.store.resets.isLive(early, now), await world.store.resets.isLive(late, now)]).toEqual([false, true])
    })

    test('an invitation goes after it expired or was revoked', async () => {
      const make = async (expires_at: number) => {
        const invite = { id: newId(), room: null, role: null, creator: null, max_uses: 1, created_at: now, expires_at }
        const input = { invite, hash: bytes(), acl: null, beside: 100 }
        return expectStatus(await world.store.queue.write('invites.create', input), 'created').invite
      }
      const [expired, revoked, good] = [await make(now + 10), await make(now + 999), await make(now + 999)]
      await world.store.queue.write('invites.revoke', { number: revoked.number, in: null, at: now + 5 })
      const left = async () => {
        const found = await Promise.all([expired, revoked, good].map(({ id }) => world.store.invites.byId(id)))
        return found.map((row) => row !== undefined)
      }
      await empty('invites', now + 4)
      expect(await left()).toEqual([true, true, true])
      await empty('invites', now + 5)
      expect(await left()).toEqual([true, false, true])
      await empty('invites', now + 10)
      expect(await left()).toEqual([false, false, true])
    })

    test('when somebody last wrote in a room in slow mode is forgotten once nobody waits for it, and not before', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner, bob])
      const judge = async () => ({ acl: (await world.present(room)).acl, join: null, slowMs: 1000 })
      await world.said(room, owner, { content: 'early', judge, at: now + 10 })
      await world.said(room, bob, { content: 'later', judge, at: now + 20 })
      expect(await sweep('slow_posts', now + 10)).toMatchObject({ rows: 1, done: true })
      const again = (sender: UserRow) => world.send(room, sender, { content: 'again', judge, at: now + 30 })
      expect([(await again(owner)).status, (await again(bob)).status]).toEqual(['stored', 'slow_mode'])
      await empty('slow_posts', now + 30)
      expect((await again(bob)).status).toBe('stored')
    })

    test('a ban or mute that has ended goes, and one without an end stays', async () => {
      const [owner, bob] = await world.users(2)
      const room = await world.group([owner, bob])
      const set = (kind: 'ban' | 'mute', until: number | null) =>
        world.judged(room, async (acl) => {
          const target = (await world.store.members.one(room.number, bob.number))?.role ?? null
          const terms = { kind, until, reason: null, target, atMost: 100 }
          return await world.store.queue.write('sanctions.set', {
            room: room.number,
            by: owner.number,
            user: bob.number,
            acl,
            at: now,
            ...terms,
          })
        })
      const place = async () => expectRow(await world.store.members.withRoom(bob.number, { number: room.number }))
      await set('mute', now + 10)
      await set('ban', null)
      await empty('sanctions', now + 9)
      expect(await place()).toMatchObject({ mute: { until: now + 10 }, ban: { until: null } })
      const { acl } = await world.present(room)
      await empty('sanctions', now + 10)
      expect(await place()).toMatchObject({ mute: undefined, ban: { until: null } })
      expect((await world.present(room)).acl).toBe(acl)
    })
  })
}
