import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Backend, newId } from './backends.ts'
import { expectRow, expectStatus, fresh, newSession, newUser, now, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

const bytes = () => crypto.getRandomValues(new Uint8Array(32))

export function accountContract(backend: Backend): void {
  describe('accounts', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const create = (change: Partial<ReturnType<typeof newUser>>) =>
      world.store.queue.write('users.create', { user: { ...newUser(), ...change }, session: null })

    test('a user is found by number, id, name key and owned address', async () => {
      const username = fresh('Ünïcode')
      const name_key = username.toLowerCase()
      const wanted = {
        ...newUser(),
        username,
        name_key,
        email: 'A@b.c',
        owned_email: fresh('a@b'),
        password: 'hash',
        first_name: 'Ada',
        admin: true,
      }
      const { user } = expectStatus(await create(wanted), 'created')
      expect(user).toEqual({ ...wanted, number: user.number, state: 'active', last_useq: 0 })
      const { users } = world.store
      const found = [
        await users.byNumber(user.number),
        await users.byId(user.id),
        await users.byNameKey(name_key),
        await users.byOwnedEmail(wanted.owned_email),
      ]
      expect(found).toEqual([user, user, user, user])
      expect(await users.byNumbers([user.number, 999_999])).toEqual([user])
      expect(await users.byIds([user.id, newId(), 'x'])).toEqual([user])
      expect([await users.byId('x'), await users.byNameKey(username), await users.byNumbers([]), await users.byIds([])]).toEqual([
        undefined,
        undefined,
        [],
        [],
      ])
    })

    test('a name is given once, however many ask for it at the same time', async () => {
      const name_key = fresh('taken')
      const answers = await Promise.all(oneTo(20).map(() => create({ name_key })))
      expect(tally(answers)).toEqual({ created: 1, username_taken: 19 })
    })

    test('an address is owned once, and any number may have it unowned', async () => {
      const owned_email = fresh('one@owner')
      expect(tally(await Promise.all(oneTo(20).map(() => create({ owned_email }))))).toEqual({ created: 1, email_taken: 19 })
      expect(tally(await Promise.all(oneTo(3).map(() => create({ email: owned_email, owned_email: null }))))).toEqual({ created: 3 })
    })

    test('an update changes what it names, and refuses an address that another owns', async () => {
      const owned_email = fresh('x@y')
      const [alice, bob] = [await world.user({ owned_email }), await world.user({ last_name: 'Stays' })]
      const update = (user: number, change: object) => world.store.queue.write('users.update', { user, ...change })
      const { user } = expectStatus(await update(bob.number, { first_name: 'Bobby', password: 'new' }), 'updated')
      expect(user).toEqual({ ...bob, first_name: 'Bobby', password: 'new' })
      expect(await world.store.users.byNumber(bob.number)).toEqual(user)
      expect(await update(bob.number, { owned_email })).toEqual({ status: 'email_taken' })
      expect(tally([await update(alice.number, { owned_email }), await update(alice.number, { owned_email: null })])).toEqual({
        updated: 2,
      })
      expect(tally([await update(bob.number, { owned_email })])).toEqual({ updated: 1 })
      expect(await update(999_999, { first_name: 'x' })).toEqual({ status: 'gone' })
    })

    test('of those who want to own an address at once one gets it', async () => {
      const users = await world.users(10)
      const owned_email = fresh('wanted')
      const answers = await Promise.all(users.map(({ number }) => world.store.queue.write('users.update', { user: number, owned_email })))
      expect(tally(answers)).toEqual({ updated: 1, email_taken: 9 })
    })

    test('search looks into names without case, takes no wildcards, and pages by name key', async () => {
      const stem = fresh('search')
      const one = await world.user({ name_key: `${stem}_b`, first_name: 'Ångström' })
      const two = await world.user({ name_key: `${stem}_a`, last_name: '100%_sure' })
      const search = async (query: string, after: string | null = null) =>
        (await world.store.users.search(query, { after, limit: 10 })).map(({ number }) => number)
      expect(await search(stem)).toEqual([two.number, one.number])
      expect(await search(stem, two.name_key)).toEqual([one.number])
      expect(await search('ÅNGSTRÖM')).toEqual([one.number])
      expect(await search('0%_s')).toEqual([two.number])
      expect(await search('%sure%')).toEqual([])
      await world.store.queue.write('users.update', { user: one.number, first_name: 'Other' })
      expect(await search('ångström')).toEqual([])
      expect((await world.store.users.search('', { after: null, limit: 2 })).length).toBe(2)
    })
  })

  describe('sessions', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const graceMs = 30_000
    const expiresAt = now + 2_000_000
    const rotate = (hash: Uint8Array, successor: Uint8Array, at: number) =>
      world.store.queue.write('sessions.rotate', { hash, successor, at, graceMs, expiresAt })

    test('a login makes a session, with the account or later', async () => {
      const session = newSession()
      const user = await world.user({}, session)
      const row = { id: session.id, user: user.number, dia: 'native', agent: null, used_at: now, ended_at: null }
      expect(await world.store.sessions.byId(session.id)).toEqual({ ...row, created_at: now, expires_at: session.expires_at })
      const later = newSession({ dia: 'other' })
      expect(await world.store.queue.write('sessions.create', { user: user.number, session: later, atMost: 10 })).toMatchObject({
        status: 'created',
        sessions: [],
      })
      expect(await world.store.sessions.byId(later.id)).toMatchObject({ dia: 'other', user: user.number })
      expect([await world.store.sessions.byId(newId()), await world.store.sessions.byId('x')]).toEqual([undefined, undefined])
    })

    test('a refresh token is spent once, and its successor next', async () => {
      const session = newSession()
      const user = await world.user({}, session)
      const [second, third] = [bytes(), bytes()]
      const rotated = expectStatus(await rotate(session.refresh_hash, second, now + 1), 'rotated')
      expect(rotated).toMatchObject({ user, session: { id: session.id, expires_at: expiresAt, ended_at: null } })
      expect(await world.store.sessions.byId(session.id)).toEqual(rotated.session)
      expectStatus(await rotate(second, third, now + 2), 'rotated')
      expect(await rotate(bytes(), bytes(), now)).toEqual({ status: 'unknown' })
    })

    test('a hundred who spend one token at once get the same successor', async () => {
      const session = newSession()
      await world.user({}, session)
      const successor = bytes()
      const answers = await Promise.all(oneTo(100).map(() => rotate(session.refresh_hash, successor, now)))
      expect(tally(answers)).toEqual({ rotated: 1, grace: 99 })
      expectStatus(await rotate(successor, bytes(), now), 'rotated')
    })

    test('a token spent before the grace ends its session, with a fact for its user', async () => {
      const session = newSession()
      const user = await world.user({}, session)
      const successor = bytes()
      await rotate(session.refresh_hash, successor, now)
      expectStatus(await rotate(session.refresh_hash, successor, now + graceMs), 'grace')
      const reused = expectStatus(await rotate(session.refresh_hash, successor, now + graceMs + 1), 'reused')
      expect(reused.session).toMatchObject({ id: session.id, ended_at: now + graceMs + 1 })
      expect(reused.userEvents).toEqual([
        { user: user.number, useq: 1, type: 'session.ended', room: null, position: null, session: session.id, at: now + graceMs + 1 },
      ])
      expect((await world.store.events.ofUser(user.number, { after: 0, limit: 10 })).events).toEqual(reused.userEvents)
      expect(await rotate(successor, bytes(), now + graceMs + 2)).toEqual({ status: 'unknown' })
      expect(await world.store.sessions.byId(session.id)).toMatchObject({ ended_at: now + graceMs + 1 })
    })

    test('a token derived with another key is no successor', async () => {
      const session = newSession()
      await world.user({}, session)
      await rotate(session.refresh_hash, bytes(), now)
      expect(await rotate(session.refresh_hash, bytes(), now)).toEqual({ status: 'unknown' })
    })

    test('an expired token is unknown', async () => {
      const session = newSession({ expires_at: now + 10 })
      await world.user({}, session)
      expect(await rotate(session.refresh_hash, bytes(), now + 10)).toEqual({ status: 'unknown' })
      expectStatus(await rotate(session.refresh_hash, bytes(), now + 9), 'rotated')
    })

    test('all sessions of a user end at once but one, and those that are over say nothing of it', async () => {
      const [kept, first, second, over] = [newSession(), newSession(), newSession(), newSession({ expires_at: now + 1 })]
      const user = await world.user({}, kept)
      const stranger = newSession()
      await world.user({}, stranger)
      for (const session of [first, second, over])
        await world.store.queue.write('sessions.create', { user: user.number, session, atMost: 10 })
      const listed = async (at: number) =>
        (await world.store.sessions.ofUser(user.number, at, { after: null, limit: 10 })).map(({ id }) => id)
      expect(await listed(now)).toEqual([over.id, second.id, first.id, kept.id])
      expect(await listed(now + 1)).toEqual([second.id, first.id, kept.id])
      const page = await world.store.sessions.ofUser(user.number, now, { after: second.id, limit: 1 })
      expect(page).toMatchObject([{ id: first.id, agent: null, used_at: now }])
      const end = () => world.store.queue.write('sessions.end_all', { user: user.number, except: kept.id, at: now + 2 })
      const ended = expectStatus(await end(), 'ended')
      expect(ended).toMatchObject({ user: user.number, sessions: [first.id, second.id] })
      expect(ended.userEvents.map(({ type, session }) => [type, session])).toEqual([
        ['session.ended', first.id],
        ['session.ended', second.id],
      ])
      expect(await listed(now)).toEqual([kept.id])
      expect(await rotate(first.refresh_hash, bytes(), now + 3)).toEqual({ status: 'unknown' })
      expectStatus(await rotate(kept.refresh_hash, bytes(), now + 3), 'rotated')
      expectStatus(await rotate(stranger.refresh_hash, bytes(), now + 3), 'rotated')
      expect(expectStatus(await end(), 'ended').sessions).toEqual([])
      expect(await world.store.queue.write('sessions.end_all', { user: 999_999, except: null, at: now })).toEqual({ status: 'gone' })
    })

    test('one session more than a user may have ends the oldest', async () => {
      const [oldest, ...others] = [newSession(), newSession(), newSession()]
      const user = await world.user({}, oldest)
      const ended: string[] = []
      for (const session of others) {
        const outcome = await world.store.queue.write('sessions.create', { user: user.number, session, atMost: 2 })
        ended.push(...expectStatus(outcome, 'created').sessions)
      }
      expect(ended).toEqual([oldest?.id ?? ''])
    })

    test('a use is noted, later ones over earlier ones, and not of a session that ended', async () => {
      const session = newSession()
      await world.user({}, session)
      const touch = (at: number) => world.store.queue.write('sessions.touch', { session: session.id, at })
      expect(tally([await touch(now + 5), await touch(now + 4)])).toEqual({ touched: 1, gone: 1 })
      expect(await world.store.sessions.byId(session.id)).toMatchObject({ used_at: now + 5 })
      await world.store.queue.write('sessions.end', { session: session.id, at: now + 6 })
      expect(await touch(now + 7)).toEqual({ status: 'gone' })
    })

    test('a token that is kept nowhere is spent once, as long as its session stands', async () => {
      const session = newSession()
      await world.user({}, session)
      const hash = bytes()
      const spend = (id = session.id) =>
        world.store.queue.write('sessions.spend', { session: id, hash, expiresAt: session.expires_at, at: now })
      expect(await spend(newId())).toEqual({ status: 'gone' })
      expect(await world.store.sessions.isSpent(hash)).toBe(false)
      expect(tally(await Promise.all([spend(), spend(), spend()]))).toEqual({ spent: 1, known: 2 })
      expect(await world.store.sessions.isSpent(hash)).toBe(true)
      expect(await world.store.sessions.isSpent(session.refresh_hash)).toBe(false)
      await world.store.queue.write('sessions.end', { session: session.id, at: now })
      expect(await spend()).toEqual({ status: 'gone' })
    })

    test('a session ends once, and its tokens with it', async () => {
      const session = newSession()
      const user = await world.user({}, session)
      const end = () => world.store.queue.write('sessions.end', { session: session.id, at: now + 3 })
      const answers = await Promise.all([end(), end(), end()])
      expect(tally(answers)).toEqual({ ended: 1, gone: 2 })
      const ended = expectRow(answers.find(({ status }) => status === 'ended'))
      expect(ended).toMatchObject({ user: user.number, userEvents: [{ type: 'session.ended', session: session.id }] })
      expect(await rotate(session.refresh_hash, bytes(), now + 4)).toEqual({ status: 'unknown' })
      expect(await world.store.queue.write('sessions.end', { session: newId(), at: now })).toEqual({ status: 'gone' })
    })
  })
}
