import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Backend } from './backends.ts'
import { expectStatus, fresh, newSession, newUser, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

const bytes = () => crypto.getRandomValues(new Uint8Array(32))

export function admissionContract(backend: Backend): void {
  describe('suspension', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const admit = (user: number, state: 'active' | 'suspended', by: number | null = null) =>
      world.store.queue.write('users.admit', { user, by, state, at: now })
    const rotate = (hash: Uint8Array) =>
      world.store.queue.write('sessions.rotate', { hash, successor: bytes(), at: now, graceMs: 0, expiresAt: now + 1000 })

    test('it ends every session of the person in one step, and no other’s', async () => {
      const [mine, second, others] = [newSession(), newSession(), newSession()]
      const user = await world.user({}, mine)
      await world.user({}, others)
      await world.store.queue.write('sessions.create', { user: user.number, session: second, atMost: 200 })
      const { userEvents } = expectStatus(await admit(user.number, 'suspended'), 'changed')
      expect(userEvents).toMatchObject([{ user: user.number, type: 'user.suspended', useq: 1 }])
      expect((await world.store.users.byNumber(user.number))?.state).toBe('suspended')
      const ends = await Promise.all([mine, second, others].map(({ id }) => world.store.sessions.byId(id)))
      expect(ends.map((session) => session?.ended_at)).toEqual([now, now, null])
      expect(tally([await rotate(mine.refresh_hash), await rotate(others.refresh_hash)])).toEqual({ suspended: 1, rotated: 1 })
      expect(await world.store.queue.write('sessions.create', { user: user.number, session: newSession(), atMost: 200 })).toEqual({
        status: 'refused',
      })
      expectStatus(await admit(user.number, 'active'), 'changed')
      expect(tally([await rotate(second.refresh_hash)])).toEqual({ unknown: 1 })
    })

    test('of a suspension and a hundred logins at the same time no session is left', async () => {
      const user = await world.user()
      const sessions = oneTo(100).map(() => newSession())
      const logins = sessions.map((session) => world.store.queue.write('sessions.create', { user: user.number, session, atMost: 200 }))
      const [suspended, ...made] = await Promise.all([admit(user.number, 'suspended'), ...logins])
      expect(suspended.status).toBe('changed')
      const rows = await Promise.all(sessions.map(({ id }) => world.store.sessions.byId(id)))
      expect(rows.filter((row) => row !== undefined && row.ended_at === null)).toEqual([])
      expect(made.filter(({ status }) => status === 'created')).toHaveLength(rows.filter((row) => row !== undefined).length)
    })

    test('the right to it is looked at under the lock: of two admins who suspend each other one is left', async () => {
      const [one, other, plain] = [await world.user({ admin: true }), await world.user({ admin: true }), await world.user()]
      expect(tally([await admit(plain.number, 'suspended', plain.number), await admit(one.number, 'suspended', plain.number)])).toEqual({
        forbidden: 2,
      })
      expect(tally([await admit(one.number, 'suspended', one.number), await admit(999_999, 'suspended')])).toEqual({
        forbidden: 1,
        gone: 1,
      })
      const both = await Promise.all([admit(one.number, 'suspended', other.number), admit(other.number, 'suspended', one.number)])
      expect(tally(both)).toEqual({ changed: 1, forbidden: 1 })
    })
  })

  describe('identities', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const issued = () => {
      const { refresh_hash: _, ...session } = newSession({ dia: 'issuer' })
      return session
    }
    const enter = (subject: string, change: { name_key?: string; issuedAt?: number | null; session?: ReturnType<typeof issued> } = {}) => {
      const { name_key, issuedAt = null, session = issued() } = change
      const user = { ...newUser(), ...(name_key !== undefined && { name_key }) }
      return world.store.queue.write('identities.enter', { issuer: 'https://id', subject, issuedAt, user, session, atMost: 100 })
    }

    test('of a hundred tokens of a new person at once one account comes', async () => {
      const outcomes = await Promise.all(oneTo(100).map(() => enter('hundred')))
      expect(tally(outcomes)).toEqual({ entered: 100 })
      expect(new Set(outcomes.map((outcome) => expectStatus(outcome, 'entered').user)).size).toBe(1)
    })

    test('a hundred people of one name at once: one has it, the others are told to take another', async () => {
      const name_key = fresh('same')
      expect(tally(await Promise.all(oneTo(100).map((i) => enter(`${name_key} ${i}`, { name_key }))))).toEqual({
        entered: 1,
        username_taken: 99,
      })
    })

    test('a token is one session, and over once that has ended', async () => {
      const session = issued()
      expect(tally([await enter('one', { session }), await enter('one', { session })])).toEqual({ entered: 2 })
      expectStatus(await world.store.queue.write('sessions.end', { session: session.id, at: now }), 'ended')
      expect(await enter('one', { session })).toEqual({ status: 'over' })
    })

    test('what was issued before everything ended is over; sessions of tokens past their end go', async () => {
      const old = issued()
      const { user } = expectStatus(await enter('two', { session: { ...old, expires_at: now } }), 'entered')
      await world.store.queue.write('sessions.end_all', { user, except: null, at: now })
      expect(tally([await enter('two', { issuedAt: now - 1000 }), await enter('two', { issuedAt: now })])).toEqual({ over: 1, entered: 1 })
      expect(await world.store.sessions.byId(old.id)).toBeUndefined()
    })

    test('a suspended person gets no session', async () => {
      const { user } = expectStatus(await enter('three'), 'entered')
      await world.store.queue.write('users.admit', { user, by: null, state: 'suspended', at: now })
      expect(await enter('three')).toEqual({ status: 'suspended' })
    })
  })
}
