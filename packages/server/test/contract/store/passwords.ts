import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Backend } from './backends.ts'
import { expectStatus, newSession, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

const bytes = () => crypto.getRandomValues(new Uint8Array(32))

export function passwordContract(backend: Backend): void {
  describe('passwords', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    test('a login whose password was compared before it changed makes no session', async () => {
      const user = await world.user({ password: 'old' })
      const login = (expected: string) =>
        world.store.queue.write('sessions.create', { user: user.number, session: newSession(), expected, atMost: 10 })
      expect((await login('old')).status).toBe('created')
      const change = world.store.queue.write('users.password', { user: user.number, password: 'new', keep: null, at: now + 1 })
      const racing = [login('old'), login('old')]
      await change
      await Promise.all(racing)
      // Whatever came first: what was before the change has ended, what came behind was refused.
      expect(await world.store.sessions.ofUser(user.number, now, { after: null, limit: 10 })).toEqual([])
      expect(tally([await login('old'), await login('new')])).toEqual({ refused: 1, created: 1 })
    })

    test('a login puts another hash in the place of the one it was compared with, and none where that one is gone', async () => {
      const user = await world.user({ password: 'older' })
      const login = (rehashed: string) => {
        const session = newSession()
        return world.store.queue.write('sessions.create', { user: user.number, session, expected: 'older', rehashed, atMost: 10 })
      }
      expect(tally(await Promise.all(oneTo(5).map((i) => login(`newer ${i}`))))).toEqual({ created: 1, refused: 4 })
      expect((await world.store.users.byNumber(user.number))?.password).toMatch(/^newer \d$/)
      expect(await world.store.sessions.ofUser(user.number, now, { after: null, limit: 10 })).toHaveLength(1)
    })

    test('of many who change a password from the same one, one does, and the other sessions end with it', async () => {
      const [kept, other] = [newSession(), newSession()]
      const user = await world.user({ password: 'old' }, kept)
      await world.store.queue.write('sessions.create', { user: user.number, session: other, atMost: 10 })
      const change = { user: user.number, expected: 'old', keep: kept.id, at: now + 1 }
      const answers = await Promise.all(
        oneTo(10).map((i) => world.store.queue.write('users.password', { ...change, password: `new ${i}` })),
      )
      expect(tally(answers)).toEqual({ changed: 1, mismatch: 9 })
      expect(answers.find(({ status }) => status === 'changed')).toMatchObject({ sessions: [other.id] })
      expect((await world.store.users.byNumber(user.number))?.password).toMatch(/^new /)
      const set = await world.store.queue.write('users.password', { user: user.number, password: 'set', keep: null, at: now + 2 })
      expect(expectStatus(set, 'changed').sessions).toEqual([kept.id])
      expect(await world.store.queue.write('users.password', { ...change, user: 999_999, password: 'x' })).toEqual({ status: 'gone' })
    })

    test('a link to a new password is used once, however many try at the same time', async () => {
      const session = newSession()
      const user = await world.user({ password: 'old' }, session)
      const create = (hash: Uint8Array, beside: number | null, at = now) =>
        world.store.queue.write('resets.create', { user: user.number, hash, at, expiresAt: at + 100, beside })
      const hashes = [bytes(), bytes(), bytes(), bytes()] as const
      expect(tally([await create(hashes[0], 1), await create(hashes[1], 1), await create(hashes[2], 1)])).toEqual({
        created: 2,
        too_many: 1,
      })
      expect([await world.store.resets.isLive(hashes[0], now), await world.store.resets.isLive(hashes[2], now)]).toEqual([true, false])
      // Those that are over make room.
      expect(tally([await create(hashes[2], 1, now + 100), await create(hashes[3], null, now + 100)])).toEqual({ created: 2 })
      expect(await world.store.resets.isLive(hashes[2], now + 100)).toBe(false)
      const redeem = (at: number) => world.store.queue.write('resets.redeem', { hash: hashes[3], password: 'new', at })
      expect(await redeem(now + 200)).toEqual({ status: 'unknown' })
      const answers = await Promise.all(oneTo(20).map(() => redeem(now + 199)))
      expect(tally(answers)).toEqual({ changed: 1, unknown: 19 })
      expect(answers.find(({ status }) => status === 'changed')).toMatchObject({ user: user.number, sessions: [session.id] })
      expect(await world.store.users.byNumber(user.number)).toMatchObject({ password: 'new' })
      const gone = { user: 999_999, hash: bytes(), at: now, expiresAt: now + 1, beside: null }
      expect(await world.store.queue.write('resets.create', gone)).toEqual({ status: 'gone' })
    })
  })
}
