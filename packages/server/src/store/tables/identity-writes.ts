import type { WriteInput, WriteOutput } from '../writes.ts'
import { lockUsers, type Tx } from './locks.ts'
import { idBytes, userOf } from './rows-of.ts'
import { endOldest } from './session-writes.ts'
import { insertUser } from './user-writes.ts'

type Input = WriteInput<'identities.enter'>
type Output = WriteOutput<'identities.enter'>

export async function enterIdentity(tx: Tx, input: Input): Promise<Output> {
  const identity = await tx
    .selectFrom('identities')
    .selectAll()
    .where('issuer', '=', input.issuer)
    .where('subject', '=', input.subject)
    .executeTakeFirst()
  return identity === undefined ? await firstUse(tx, input) : await enter(tx, { number: identity.user, from: identity.tokens_from }, input)
}

/** Of two who are first at once, one meets the other's identity: its transaction is run again and finds it. */
async function firstUse(tx: Tx, input: Input): Promise<Output> {
  const { issuer, subject, user } = input
  const row = await insertUser(tx, user)
  if (row === undefined) return { status: 'username_taken' }
  const { created_at } = user
  await tx.insertInto('identities').values({ issuer, subject, user: row.number, tokens_from: 0, created_at }).execute()
  return await enter(tx, { number: row.number, from: 0 }, input)
}

async function enter(tx: Tx, { number, from }: { number: number; from: number }, input: Input): Promise<Output> {
  const { session, issuedAt, atMost } = input
  const [row] = await lockUsers(tx, [number])
  if (row?.state === 'suspended') return { status: 'suspended' }
  if (row?.state !== 'active') return { status: 'over' }
  const id = idBytes(session.id)
  const known = await tx.selectFrom('sessions').select('ended_at').where('id', '=', id).executeTakeFirst()
  if (known !== undefined) {
    return known.ended_at === null
      ? { status: 'entered', row: userOf(row), user: number, sessions: [], userEvents: [] }
      : { status: 'over' }
  }
  if (issuedAt !== null && issuedAt < from) return { status: 'over' }
  // Each token has a session of its own: those past their end would only pile up.
  const { dia, created_at } = session
  await tx.deleteFrom('sessions').where('user', '=', number).where('dia', '=', dia).where('expires_at', '<=', created_at).execute()
  await tx
    .insertInto('sessions')
    .values({ ...session, id, user: number, used_at: created_at, ended_at: null })
    .execute()
  return { status: 'entered', row: userOf(row), ...(await endOldest(tx, number, { atMost, at: created_at })) }
}
