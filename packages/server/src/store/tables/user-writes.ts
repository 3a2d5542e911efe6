import { folded } from '../fold.ts'
import type { NewUser, UserRow } from '../rows.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import { giveBack, spendInvite } from './invite-uses.ts'
import { invitedInto, welcome } from './invite-writes.ts'
import { lockUsers, type Tx } from './locks.ts'
import { logFact, nothingLogged } from './log-writes.ts'
import { idBytes, userOf } from './rows-of.ts'
import { dropResets, endOthers, endSessionsOf, forgetEnded, insertSession } from './session-writes.ts'

export async function createUser(tx: Tx, { user: wanted, session, invited }: Create): Promise<WriteOutput<'users.create'>> {
  const at = wanted.created_at
  const room = invited === undefined ? null : await invitedInto(tx, invited)
  if (room === 'stale' || room === 'room_full') return { status: room }
  // Used up before the user is there, and given back where there will be none: what an answer says must be all that was done.
  if (invited !== undefined && !(await spendInvite(tx, invited.number, at))) return { status: 'invalid_link' }
  const user = await insertUser(tx, wanted)
  if (user !== undefined) {
    if (session !== null) await insertSession(tx, user.number, session)
    const logged = invited === undefined ? nothingLogged() : await welcome(tx, room, { ...invited, user: user.number, at })
    return { status: 'created', user, ...logged }
  }
  if (invited !== undefined) await giveBack(tx, invited.number)
  const holder = await tx.selectFrom('users').select('number').where('name_key', '=', wanted.name_key).executeTakeFirst()
  return { status: holder === undefined ? 'email_taken' : 'username_taken' }
}
type Create = WriteInput<'users.create'>

/** The new user, or undefined where another has the name or owns the address. */
export async function insertUser(tx: Tx, user: NewUser): Promise<UserRow | undefined> {
  const row = await tx
    .insertInto('users')
    .values({
      ...user,
      id: idBytes(user.id),
      search_text: folded(user.name_key, user.first_name, user.last_name),
      state: 'active',
      admin: Number(user.admin),
      last_useq: 0,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  return row && userOf(row)
}

export async function setPassword(tx: Tx, input: WriteInput<'users.password'>): Promise<WriteOutput<'users.password'>> {
  const { user: number, password, expected, keep, at } = input
  const [row] = await lockUsers(tx, [number])
  if (row === undefined || row.state === 'deleted') return { status: 'gone' }
  if (expected !== undefined && row.password !== expected) return { status: 'mismatch' }
  await tx.updateTable('users').set({ password }).where('number', '=', number).execute()
  await dropResets(tx, number)
  return { status: 'changed', ...(await endOthers(tx, number, { except: keep, at })) }
}

export async function updateUser(tx: Tx, { user: number, ...change }: WriteInput<'users.update'>): Promise<WriteOutput<'users.update'>> {
  const [row] = await lockUsers(tx, [number])
  if (row === undefined || row.state === 'deleted') return { status: 'gone' }
  if (change.owned_email !== undefined && change.owned_email !== null) {
    const owner = await tx.selectFrom('users').select('number').where('owned_email', '=', change.owned_email).executeTakeFirst()
    if (owner !== undefined && owner.number !== number) return { status: 'email_taken' }
  }
  // A link that went to the former address is its reader's.
  if (change.owned_email !== undefined && change.owned_email !== row.owned_email) await dropResets(tx, number)
  const changed = { ...row, ...change }
  const search_text = folded(changed.name_key, changed.first_name, changed.last_name)
  await tx
    .updateTable('users')
    .set({ ...change, search_text })
    .where('number', '=', number)
    .execute()
  return { status: 'updated', user: userOf(changed) }
}

export async function admitUser(tx: Tx, { user: number, by, state, at }: WriteInput<'users.admit'>): Promise<WriteOutput<'users.admit'>> {
  const rows = await lockUsers(tx, by === null ? [number] : [number, by])
  const actor = rows.find((row) => row.number === by)
  // The right is looked at under the lock: an admin who is none any more, or is just being suspended, acts no more.
  if (by !== null && (actor?.admin !== 1 || actor.state !== 'active' || by === number)) return { status: 'forbidden' }
  const user = rows.find((row) => row.number === number)
  if (user === undefined || user.state === 'deleted') return { status: 'gone' }
  if (user.state === state) return { status: 'unchanged' }
  await tx.updateTable('users').set({ state }).where('number', '=', number).execute()
  if (state === 'suspended') await endSessionsOf(tx, number, at)
  else await forgetEnded(tx, number)
  const type = state === 'suspended' ? 'user.suspended' : 'user.restored'
  return { status: 'changed', userEvents: [await logFact(tx, { user: number, type, at })] }
}
