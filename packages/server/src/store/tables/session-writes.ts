import type { Selectable } from 'kysely'
import { printId } from '../../base/ids.ts'
import type { RefreshTokensTable, SessionsTable, UsersTable } from '../schema.ts'
import type { Ended } from '../outcomes.ts'
import type { NewSession } from '../rows.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import { lockUsers, type Tx } from './locks.ts'
import { logFact } from './log-writes.ts'
import { idBytes, sessionOf, userOf } from './rows-of.ts'

export async function createSession(
  tx: Tx,
  { user, session, expected, rehashed, atMost }: WriteInput<'sessions.create'>,
): Promise<WriteOutput<'sessions.create'>> {
  // Under the lock: a suspension or another password meanwhile has ended every session there was, and this one would outlive it.
  const [row] = await lockUsers(tx, [user])
  if (row?.state !== 'active' || (expected !== undefined && row.password !== expected)) return { status: 'refused' }
  if (rehashed !== undefined) await tx.updateTable('users').set({ password: rehashed }).where('number', '=', user).execute()
  await insertSession(tx, user, session)
  return { status: 'created', ...(await endOldest(tx, user, { atMost, at: session.created_at })) }
}

/** Ends those of a locked user's sessions that are too many. */
export async function endOldest(tx: Tx, user: number, { atMost, at }: { atMost: number; at: number }): Promise<Ended> {
  const tooMany = await standing(tx, user).orderBy('id', 'desc').offset(atMost).limit(atMost).execute()
  return await endEach(tx, user, { sessions: tooMany, at })
}

const standing = (tx: Tx, user: number) => tx.selectFrom('sessions').selectAll().where('user', '=', user).where('ended_at', 'is', null)

export async function insertSession(tx: Tx, user: number, { refresh_hash, ...session }: NewSession): Promise<void> {
  const id = idBytes(session.id)
  await tx
    .insertInto('sessions')
    .values({ ...session, id, user, used_at: session.created_at, ended_at: null })
    .execute()
  await tx
    .insertInto('refresh_tokens')
    .values({ hash: refresh_hash, session: id, expires_at: session.expires_at, spent_at: null, successor: null })
    .execute()
}

export async function rotateSession(tx: Tx, input: WriteInput<'sessions.rotate'>): Promise<WriteOutput<'sessions.rotate'>> {
  const held = await lockLogin(tx, input.hash, input.at)
  if (held === undefined) return { status: 'unknown' }
  const { token, session, user } = held
  if (user.state === 'suspended') return { status: 'suspended' }
  if (session.ended_at !== null) return { status: 'unknown' }
  if (token.spent_at === null) {
    await spend(tx, token, input)
    return { status: 'rotated', session: sessionOf({ ...session, used_at: input.at, expires_at: input.expiresAt }), user: userOf(user) }
  }
  if (input.at - token.spent_at > input.graceMs) {
    const { userEvents } = await end(tx, session, input.at)
    return { status: 'reused', session: sessionOf({ ...session, ended_at: input.at }), events: [], userEvents }
  }
  // The successor was spent after this one, so it is in grace as well. It differs only if the key it is derived with was changed since.
  const same = token.successor !== null && Buffer.compare(token.successor, input.successor) === 0
  return same ? { status: 'grace', session: sessionOf(session), user: userOf(user) } : { status: 'unknown' }
}

type Login = { token: Selectable<RefreshTokensTable>; session: Selectable<SessionsTable>; user: Selectable<UsersTable> }

/** An unexpired token with its session, looked at again under its user's lock: of two who spend it at once, one finds it spent. */
async function lockLogin(tx: Tx, hash: Uint8Array, at: number): Promise<Login | undefined> {
  const owner = await tx
    .selectFrom('refresh_tokens')
    .innerJoin('sessions', 'sessions.id', 'refresh_tokens.session')
    .select('sessions.user')
    .where('refresh_tokens.hash', '=', hash)
    .executeTakeFirst()
  if (owner === undefined) return undefined
  const [user] = await lockUsers(tx, [owner.user])
  const token = await tx.selectFrom('refresh_tokens').selectAll().where('hash', '=', hash).where('expires_at', '>', at).executeTakeFirst()
  if (user === undefined || token === undefined) return undefined
  const session = await tx.selectFrom('sessions').selectAll().where('id', '=', token.session).executeTakeFirst()
  return session && { token, session, user }
}

async function spend(
  tx: Tx,
  token: Selectable<RefreshTokensTable>,
  { successor, at, expiresAt }: WriteInput<'sessions.rotate'>,
): Promise<void> {
  await tx.updateTable('refresh_tokens').set({ spent_at: at, successor }).where('hash', '=', token.hash).execute()
  await tx
    .insertInto('refresh_tokens')
    .values({ hash: successor, session: token.session, expires_at: expiresAt, spent_at: null, successor: null })
    .execute()
  await tx.updateTable('sessions').set({ used_at: at, expires_at: expiresAt }).where('id', '=', token.session).execute()
  await forgetExpired(tx, token.session, at)
}

export async function renewSession(tx: Tx, input: WriteInput<'sessions.renew'>): Promise<WriteOutput<'sessions.renew'>> {
  const { session: id, at, expiresAt, spend: token } = input
  const session = await lockSession(tx, id)
  if (session === undefined || session.ended_at !== null || session.expires_at <= at) return { status: 'gone' }
  if (token !== null && !(await keepSpent(tx, session, { ...token, at }))) return { status: 'known' }
  if (expiresAt > session.expires_at) await tx.updateTable('sessions').set({ expires_at: expiresAt }).where('id', '=', session.id).execute()
  await forgetExpired(tx, session.id, at)
  return { status: 'renewed' }
}

/** Looked at again under its user's lock. */
async function lockSession(tx: Tx, id: string): Promise<Selectable<SessionsTable> | undefined> {
  const sessions = tx.selectFrom('sessions').selectAll().where('id', '=', idBytes(id))
  const found = await sessions.executeTakeFirst()
  if (found === undefined) return undefined
  await lockUsers(tx, [found.user])
  return await sessions.executeTakeFirst()
}

/** An expired token is refused whether it is known or not: keeping it would only let a long session grow without bound. */
async function forgetExpired(tx: Tx, session: Uint8Array, at: number): Promise<void> {
  await tx.deleteFrom('refresh_tokens').where('session', '=', session).where('expires_at', '<=', at).execute()
}

export async function spendToken(tx: Tx, input: WriteInput<'sessions.spend'>): Promise<WriteOutput<'sessions.spend'>> {
  const session = await lockSession(tx, input.session)
  if (session === undefined || session.ended_at !== null) return { status: 'gone' }
  return { status: (await keepSpent(tx, session, input)) ? 'spent' : 'known' }
}

/** Keeps what is known of a spent token of a locked session; false if it was known before. */
async function keepSpent(
  tx: Tx,
  { id: session }: Selectable<SessionsTable>,
  { hash, expiresAt, at }: { hash: Uint8Array; expiresAt: number; at: number },
): Promise<boolean> {
  const spent = await tx
    .insertInto('refresh_tokens')
    .values({ hash, session, expires_at: expiresAt, spent_at: at, successor: null })
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .returning('hash')
    .executeTakeFirst()
  return spent !== undefined
}

export async function endSession(tx: Tx, { session: id, at }: WriteInput<'sessions.end'>): Promise<WriteOutput<'sessions.end'>> {
  const session = await lockSession(tx, id)
  if (session === undefined || session.ended_at !== null) return { status: 'gone' }
  const { userEvents } = await end(tx, session, at)
  return { status: 'ended', user: session.user, userEvents }
}

export async function endAllSessions(
  tx: Tx,
  { user, except, at }: WriteInput<'sessions.end_all'>,
): Promise<WriteOutput<'sessions.end_all'>> {
  const [row] = await lockUsers(tx, [user])
  return row === undefined ? { status: 'gone' } : { status: 'ended', ...(await endOthers(tx, user, { except, at })) }
}

/** Ends every session of a locked user, but for one. */
export async function endOthers(tx: Tx, user: number, { except, at }: { except: string | null; at: number }): Promise<Ended> {
  await refuseEarlierTokens(tx, user, at)
  const sessions = await standing(tx, user).orderBy('id').execute()
  return await endEach(tx, user, { sessions: sessions.filter(({ id }) => printId(id) !== except), at })
}

/** Links to a new password are of before a change: none of a locked user is good any more. */
export async function dropResets(tx: Tx, user: number): Promise<void> {
  await tx.deleteFrom('reset_links').where('user', '=', user).execute()
}

/** Who is told of it: those that had not ended by themselves before. */
async function endEach(tx: Tx, user: number, { sessions, at }: { sessions: Selectable<SessionsTable>[]; at: number }): Promise<Ended> {
  const ended: Ended = { user, sessions: [], userEvents: [] }
  for (const session of sessions) {
    if (session.expires_at > at) {
      ended.sessions.push(printId(session.id))
      ended.userEvents.push(...(await end(tx, session, at)).userEvents)
    } else await tx.updateTable('sessions').set({ ended_at: session.expires_at }).where('id', '=', session.id).execute()
  }
  return ended
}

export async function touchSession(tx: Tx, { session, at }: WriteInput<'sessions.touch'>): Promise<WriteOutput<'sessions.touch'>> {
  const touched = await tx
    .updateTable('sessions')
    .set({ used_at: at })
    .where('id', '=', idBytes(session))
    .where('ended_at', 'is', null)
    .where('used_at', '<', at)
    .returning('id')
    .executeTakeFirst()
  return { status: touched === undefined ? 'gone' : 'touched' }
}

async function end(tx: Tx, { id, user }: Selectable<SessionsTable>, at: number) {
  await tx.updateTable('sessions').set({ ended_at: at }).where('id', '=', id).execute()
  await tx.deleteFrom('refresh_tokens').where('session', '=', id).execute()
  return { userEvents: [await logFact(tx, { user, type: 'session.ended', session: printId(id), at })] }
}

/**
 * Ends what a locked user has open. The refresh tokens stay until `forgetEnded`, so that a suspended person who comes with one is told why
 * it is refused.
 */
export async function endSessionsOf(tx: Tx, user: number, at: number): Promise<void> {
  await refuseEarlierTokens(tx, user, at)
  await tx.updateTable('sessions').set({ ended_at: at }).where('user', '=', user).where('ended_at', 'is', null).execute()
}

/** Lets go of the refresh tokens of a locked user's ended sessions. */
export async function forgetEnded(tx: Tx, user: number): Promise<void> {
  const ended = tx.selectFrom('sessions').select('id').where('user', '=', user).where('ended_at', 'is not', null)
  await tx.deleteFrom('refresh_tokens').where('session', 'in', ended).execute()
}

/** Tokens of a locked user that other issuers made before are over, whether they were seen here or not. */
async function refuseEarlierTokens(tx: Tx, user: number, at: number): Promise<void> {
  // Issuers count in seconds: what they issue within this one is not told from what they issued before, and is let in.
  const tokens_from = Math.floor(at / 1000) * 1000
  await tx.updateTable('identities').set({ tokens_from }).where('user', '=', user).execute()
}
