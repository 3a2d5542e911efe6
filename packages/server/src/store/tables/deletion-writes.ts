import type { WriteInput, WriteOutput } from '../writes.ts'
import { lockUsers, type Tx } from './locks.ts'
import { dropResets, endOthers } from './session-writes.ts'

const nothing = { email: '', owned_email: null, password: null, first_name: '', last_name: '', search_text: '', admin: 0 }

export async function deleteUser(tx: Tx, input: WriteInput<'users.delete'>): Promise<WriteOutput<'users.delete'>> {
  const { user: number, expected, name, messages, at } = input
  const [row] = await lockUsers(tx, [number])
  if (row === undefined || row.state === 'deleted') return { status: 'gone' }
  if (expected !== undefined && row.password !== expected) return { status: 'mismatch' }
  // The name key stays: nobody else gets this name.
  await tx
    .updateTable('users')
    .set({ ...nothing, username: name, state: 'deleted' })
    .where('number', '=', number)
    .execute()
  await dropResets(tx, number)
  await tx.deleteFrom('join_requests').where('user', '=', number).execute()
  await tx.updateTable('invites').set({ revoked_at: at }).where('creator', '=', number).where('revoked_at', 'is', null).execute()
  const ended = await endOthers(tx, number, { except: null, at })
  await tx.updateTable('sessions').set({ agent: null }).where('user', '=', number).execute()
  await tx.insertInto('deletions').values({ user: number, messages, at }).execute()
  return { status: 'deleted', ...ended }
}

export async function forgetDeletion(tx: Tx, { user }: WriteInput<'users.deleted'>): Promise<WriteOutput<'users.deleted'>> {
  await tx.deleteFrom('deletions').where('user', '=', user).execute()
  return { status: 'done' }
}
