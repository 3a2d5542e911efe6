import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Backend, newId } from './backends.ts'
import { newSession, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

const bytes = () => crypto.getRandomValues(new Uint8Array(32))

export function renewalContract(backend: Backend): void {
  describe('renewals of older logins', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const renew = (session: string, expiresAt: number, spend: { hash: Uint8Array; expiresAt: number } | null = null) =>
      world.store.queue.write('sessions.renew', { session, at: now, expiresAt, spend })

    test('a login lasts longer by one, never shorter', async () => {
      const session = newSession()
      await world.user({}, session)
      expect(await renew(session.id, session.expires_at + 100)).toEqual({ status: 'renewed' })
      expect(await renew(session.id, session.expires_at)).toEqual({ status: 'renewed' })
      expect(await world.store.sessions.byId(session.id)).toMatchObject({ expires_at: session.expires_at + 100 })
    })

    test('of many who spend a token with it at once one succeeds', async () => {
      const session = newSession()
      await world.user({}, session)
      const spend = { hash: bytes(), expiresAt: session.expires_at }
      const answers = await Promise.all(oneTo(20).map(() => renew(session.id, session.expires_at + 1, spend)))
      expect(tally(answers)).toEqual({ renewed: 1, known: 19 })
      expect(await world.store.sessions.isSpent(spend.hash)).toBe(true)
    })

    test('none is had of a login that ended, has expired or never was', async () => {
      const session = newSession()
      await world.user({}, session)
      await world.store.queue.write('sessions.end', { session: session.id, at: now })
      const expired = newSession({ expires_at: now })
      await world.user({}, expired)
      const later = now + 1_000_000
      const answers = await Promise.all([session.id, expired.id, newId()].map((id) => renew(id, later)))
      expect(tally(answers)).toEqual({ gone: 3 })
    })
  })
}
