import type { WriteInput, WriteOutput } from '../writes.ts'
import { lockUsers, type Tx } from './locks.ts'
import { dropResets, endOthers } from './session-writes.ts'

export async function createReset(tx: Tx, input: WriteInput<'resets.create'>): Promise<WriteOutput<'resets.create'>> {
  const { hash, user, at, expiresAt, beside } = input
  const [row] = await lockUsers(tx, [user])
  if (row === undefined || row.state === 'deleted') return { status: 'gone' }
  const links = tx.deleteFrom('reset_links').where('user', '=', user)
  await (beside === null ? links : links.where('expires_at', '<=', at)).execute()
  const left = await tx.selectFrom('reset_links').select('hash').where('user', '=', user).execute()
  if (beside !== null && left.length > beside) return { status: 'too_many' }
  await tx.insertInto('reset_links').values({ hash, user, created_at: at, expires_at: expiresAt }).execute()
  return { status: 'created' }
}

export async function redeemReset(tx: Tx, { hash, password, at }: WriteInput<'resets.redeem'>): Promise<WriteOutput<'resets.redeem'>> {
  const link = tx.selectFrom('reset_links').select('user').where('hash', '=', hash).where('expires_at', '>', at)
  const found = await link.executeTakeFirst()
  if (found === undefined) return { status: 'unknown' }
  const [row] = await lockUsers(tx, [found.user])
  // Looked at again under the lock: of two who use it at once, one finds it gone.
  if (row === undefined || row.state === 'deleted' || (await link.executeTakeFirst()) === undefined) return { status: 'unknown' }
  await tx.updateTable('users').set({ password }).where('number', '=', row.number).execute()
  await dropResets(tx, row.number)
  return { status: 'changed', ...(await endOthers(tx, row.number, { except: null, at })) }
}
