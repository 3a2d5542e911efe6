import type { Kysely, Selectable } from 'kysely'
import type { RoomsTable, Tables, UsersTable } from '../schema.ts'

/** A transaction, or whatever stands for one on the engine: every rarer write gets one and awaits nothing but its statements. */
export type Tx = Kysely<Tables>

/**
 * Locks rooms until the transaction ends and gives them as they stand under the lock. The one order everywhere: rooms by number, then
 * users by number. Where one connection writes, the lock is held already and the engine leaves the clause out.
 */
export async function lockRooms(tx: Tx, numbers: readonly number[]): Promise<Selectable<RoomsTable>[]> {
  if (numbers.length === 0) return []
  return await tx.selectFrom('rooms').selectAll().where('number', 'in', numbers).orderBy('number').forNoKeyUpdate().execute()
}

/** As lockRooms; always after it. */
export async function lockUsers(tx: Tx, numbers: readonly number[]): Promise<Selectable<UsersTable>[]> {
  if (numbers.length === 0) return []
  return await tx.selectFrom('users').selectAll().where('number', 'in', numbers).orderBy('number').forNoKeyUpdate().execute()
}
