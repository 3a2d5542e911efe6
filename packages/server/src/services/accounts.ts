import { ChatError, limits, type OutputOf } from '@parlance/protocol'
import { emailKey } from '../rules/emails.ts'
import { usernameKey } from '../rules/usernames.ts'
import type { NewSession, UserRow } from '../store/rows.ts'
import type { Actor, Call, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { cookieOf, nativeDoor } from './parts/logins.ts'
import { emailFaults, hashing, passwordFaults } from './parts/registrar.ts'
import { profileView } from './views.ts'

/** How long a spent refresh token still returns its successor: time enough for a lost answer or a second tab. */
const graceMs = 30_000

type Taken = Pick<Deps, 'store' | 'clock' | 'tokens' | 'passwords' | 'deletions' | 'emit' | 'sessions' | 'logins' | 'registrar'>
type Names = `accounts.${'register' | 'login' | 'refresh' | 'logout' | 'logout_all' | 'password' | 'delete' | 'me' | 'update'}`

export function createAccounts(deps: Taken): Pick<Handlers, Names> {
  const { store, sessions, logins, registrar } = deps
  return {
    async 'accounts.register'(call, { session: where = 'token', ...applicant }) {
      if (where === 'cookie') cookieOf(call)
      const { session, refresh } = logins.begin(call)
      const user = await registrar.create(applicant, { door: call.door, admin: false, session })
      return await logins.issue(call, { user, session: session.id, refresh, where })
    },

    async 'accounts.login'(call, { username, password, session: where = 'token' }) {
      if (where === 'cookie') cookieOf(call)
      const { session, refresh } = logins.begin(call)
      const user = await enter(deps, session, { username, password })
      return await logins.issue(call, { user, session: session.id, refresh, where })
    },

    async 'accounts.refresh'(call, input) {
      const token = input.refresh_token ?? call.cookie?.value
      if (token === undefined || token === null) throw new ChatError('invalid_refresh')
      if (call.door.dia !== nativeDoor) return await renew(deps, call, token)
      return await rotate(deps, call, { token, where: input.refresh_token === undefined ? 'cookie' : 'token' })
    },

    async 'accounts.logout'(call, { refresh_token }) {
      if (refresh_token !== undefined) return await spend(deps, refresh_token)
      await sessions.end(actorOf(call).session)
      if (call.cookie?.value) call.cookie.clear()
      return null
    },

    async 'accounts.logout_all'(call) {
      await sessions.endAll(actorOf(call).number)
      if (call.cookie?.value) call.cookie.clear()
      return null
    },

    async 'accounts.password'(call, { current, password }) {
      const actor = actorOf(call)
      const faults = passwordFaults({ password }, call.door)
      if (faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
      const user = await proven(deps, actor, current)
      const change = { user: user.number, expected: user.password, keep: actor.session, at: deps.clock.now() }
      const outcome = await store.queue.write('users.password', {
        ...change,
        password: await hashing(() => deps.passwords.hash(password)),
      })
      // Somebody else was faster: the password that was current is not any more.
      if (outcome.status === 'mismatch') throw new ChatError('wrong_password')
      if (outcome.status === 'gone') throw new ChatError('unauthenticated')
      sessions.ended(outcome)
      return null
    },

    async 'accounts.delete'(call, { password, messages }) {
      const user = await proven(deps, actorOf(call), password)
      const outcome = await deps.deletions.delete({ user: user.number, messages, expected: user.password })
      if (outcome === 'mismatch') throw new ChatError('wrong_password')
      if (outcome === 'gone') throw new ChatError('unauthenticated')
      if (call.cookie?.value) call.cookie.clear()
      return null
    },

    async 'accounts.me'(call) {
      const user = await store.users.byNumber(actorOf(call).number)
      if (user === undefined) throw new ChatError('unauthenticated')
      return profileView(user)
    },

    async 'accounts.update'(call, input) {
      const actor = actorOf(call)
      const faults = emailFaults(input.email)
      if (faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
      const owned = input.email === undefined ? {} : { owned_email: input.email === '' ? null : emailKey(input.email) }
      const outcome = await store.queue.write('users.update', { user: actor.number, ...input, ...owned })
      if (outcome.status === 'email_taken') throw new ChatError('email_taken')
      if (outcome.status === 'gone') throw new ChatError('unauthenticated')
      return profileView(outcome.user)
    },
  }
}

/** Makes the session of a login. A hash of an older kind, or a cheaper one, is replaced while the password is at hand. */
async function enter(deps: Taken, session: NewSession, typed: { username: string; password: string }): Promise<UserRow> {
  const { store, passwords, sessions } = deps
  for (let isLast = false; ; isLast = true) {
    const user = await identify(deps, typed.username, typed.password)
    if (user === undefined || user.state === 'deleted') throw new ChatError('invalid_credentials')
    if (user.state === 'suspended') throw new ChatError('suspended')
    const isDue = user.password !== null && passwords.needsRehash(user.password)
    const rehashed = isDue ? { rehashed: await hashing(() => passwords.hash(typed.password)) } : {}
    const login = { user: user.number, session, expected: user.password, atMost: limits.user_sessions, ...rehashed }
    const outcome = await store.queue.write('sessions.create', login)
    if (outcome.status === 'created') {
      sessions.ended(outcome)
      return user
    }
    // Suspended or deleted, or with another hash, since this one was compared: of another password, or by a login beside this one.
    if (!isDue || isLast) throw new ChatError(await refusalOf(deps, user))
  }
}

/**
 * Whose name and password these are. An identifier with `@` is tried as an owned address, then as a username. A failure costs as many
 * hashes as there were ways to read the identifier, whoever exists.
 */
async function identify({ store, passwords }: Taken, identifier: string, password: string): Promise<UserRow | undefined> {
  const ways = [() => store.users.byNameKey(usernameKey(identifier))]
  if (identifier.includes('@')) ways.unshift(() => store.users.byOwnedEmail(emailKey(identifier)))
  for (const find of ways) {
    const user = await find()
    if (await hashing(() => passwords.verify(password, user?.password ?? null))) return user
  }
  return undefined
}

/** The actor's account, if this is its password. */
async function proven({ store, passwords }: Taken, { number }: Actor, password: string): Promise<UserRow> {
  const user = await store.users.byNumber(number)
  if (user === undefined) throw new ChatError('unauthenticated')
  if (!(await hashing(() => passwords.verify(password, user.password)))) throw new ChatError('wrong_password')
  return user
}

async function rotate(
  deps: Taken,
  call: Call,
  { token, where }: { token: string; where: 'token' | 'cookie' },
): Promise<OutputOf<'accounts.refresh'>> {
  const { tokens, clock, store, emit, sessions, logins } = deps
  const hash = tokens.refreshDigest(token)
  const refresh = tokens.refreshAfter(token)
  const successor = tokens.refreshDigest(refresh)
  if (hash === null || successor === null) return refuse(call, where)
  const at = clock.now()
  const outcome = await store.queue.write('sessions.rotate', {
    hash,
    successor,
    at,
    graceMs,
    expiresAt: at + call.door.tokens.refresh * 1000,
  })
  if (outcome.status === 'unknown') return refuse(call, where)
  if (outcome.status === 'suspended') throw new ChatError('suspended')
  if (outcome.status === 'reused') {
    sessions.forget(outcome.session.id)
    emit.user(outcome.userEvents, null)
    emit.revoked(outcome.session.user, outcome.session.id)
    return refuse(call, where)
  }
  const { user, session } = outcome
  if (user.state !== 'active') return refuse(call, where)
  // The state remembered of the session has its former end.
  sessions.forget(session.id)
  return await logins.issue(call, { user, session: session.id, refresh, where })
}

async function refusalOf({ store }: Taken, { number }: UserRow): Promise<'suspended' | 'invalid_credentials'> {
  return (await store.users.byNumber(number))?.state === 'suspended' ? 'suspended' : 'invalid_credentials'
}

function refuse(call: Call, where: 'token' | 'cookie'): never {
  if (where === 'cookie') call.cookie?.clear()
  throw new ChatError('invalid_refresh')
}

/** A refresh token of an older client that may still be used, and the session it is of. */
async function olderRefresh({ tokens, clock, store, sessions }: Taken, token: string) {
  const verdict = tokens.verifyDialect(token, clock.now())
  if (verdict.state !== 'valid') throw unusable('invalid', 'Token is invalid or expired')
  if (verdict.claims.token_type !== 'refresh') throw unusable('type', 'Token has wrong type')
  await sessions.renewable(verdict.claims.sid, verdict.claims.user_id)
  const hash = tokens.spentDigest(verdict.claims.jti)
  if (await store.sessions.isSpent(hash)) throw spent()
  return { claims: verdict.claims, hash }
}

const unusable = (code: string, message: string): ChatError =>
  new ChatError('invalid_refresh', { errors: [{ path: '/refresh_token', code, message }] })
const spent = (): ChatError => unusable('spent', 'Token is blacklisted')

async function spend(deps: Taken, token: string): Promise<null> {
  const { claims, hash } = await olderRefresh(deps, token)
  const write = { session: claims.sid, hash, expiresAt: claims.exp * 1000, at: deps.clock.now() }
  const { status } = await deps.store.queue.write('sessions.spend', write)
  if (status !== 'spent') throw status === 'known' ? spent() : unusable('invalid', 'Token is invalid or expired')
  return null
}

async function renew(deps: Taken, call: Call, token: string): Promise<OutputOf<'accounts.refresh'>> {
  const { claims, hash } = await olderRefresh(deps, token)
  const { user_id, sid, dia, exp, username } = claims
  const user = await deps.store.users.byNumber(user_id)
  if (user === undefined) throw new ChatError('invalid_refresh')
  // Rotation is a matter between a door and its own tokens.
  if (dia === call.door.dia && call.door.tokens.rotate === true) return await rotateOlder(deps, call, { user, claims, hash })
  return await deps.logins.renew(call, { user, session: sid, dia, username, token, expiresAt: exp * 1000 })
}

type Held = Awaited<ReturnType<typeof olderRefresh>> & { user: UserRow }

/** A new pair, and a login that lasts as long as it; where the door says so the token used is dead. */
async function rotateOlder({ store, clock, sessions, logins }: Taken, call: Call, { user, claims, hash }: Held) {
  const { refresh, blacklist = false } = call.door.tokens
  const [session, at] = [claims.sid, clock.now()]
  const spend = blacklist ? { hash, expiresAt: claims.exp * 1000 } : null
  const { status } = await store.queue.write('sessions.renew', { session, at, expiresAt: at + refresh * 1000, spend })
  if (status !== 'renewed') throw status === 'known' ? spent() : unusable('invalid', 'Token is invalid or expired')
  // The state remembered of the session has its former end.
  sessions.forget(session)
  return await logins.issue(call, { user, session, refresh: null, where: 'token' })
}
