import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Backend } from './backends.ts'
import { expectStatus, newSession, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

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
}
