import type { Selectable } from 'kysely'
import type { Logged } from '../outcomes.ts'
import type { EventRow, UserEventRow } from '../rows.ts'
import type { RoomsTable } from '../schema.ts'
import type { Tx } from './locks.ts'
import { idBytes } from './rows-of.ts'

/** A room under its lock. Writes change it in place and `saveRoom` puts down what changed, once. */
export type LockedRoom = Selectable<RoomsTable>

/** Appends to the log of a locked room. */
export async function logEvent(tx: Tx, room: LockedRoom, event: Omit<EventRow, 'room' | 'seq'>): Promise<EventRow> {
  room.last_seq += 1
  const row = { room: room.number, seq: room.last_seq, ...event }
  await tx
    .insertInto('events')
    .values({ ...row, data: row.data === null ? null : JSON.stringify(row.data) })
    .execute()
  return row
}

export async function saveRoom(tx: Tx, room: LockedRoom): Promise<void> {
  const { last_seq, last_n, acl, strict_acl, shared_n, members, large } = room
  await tx
    .updateTable('rooms')
    .set({ last_seq, last_n, acl, strict_acl, shared_n, members, large })
    .where('number', '=', room.number)
    .execute()
}

type Fact = Omit<UserEventRow, 'useq' | 'session' | 'room' | 'position'> &
  ({ session: string } | { room: number /** See UserEventRow. */; position: number } | { type: 'user.suspended' | 'user.restored' })

/** What a fact is about: a newer one about the same thing takes its place. Being a member and being none are about the same thing. */
function keyOf(fact: Fact): string {
  if ('session' in fact) return `session:${fact.session}`
  if (!('room' in fact)) return 'account'
  if (fact.type === 'room.requested' || fact.type === 'request.declined') return `request:${fact.room}`
  return fact.type === 'room.read' ? `read:${fact.room}` : `room:${fact.room}`
}

/** Puts a fact into the log of a locked user. */
export async function logFact(tx: Tx, fact: Fact): Promise<UserEventRow> {
  const { last_useq: useq } = await tx
    .updateTable('users')
    .set((row) => ({ last_useq: row('last_useq', '+', 1) }))
    .where('number', '=', fact.user)
    .returning('last_useq')
    .executeTakeFirstOrThrow()
  const row: UserEventRow = { room: null, position: null, session: null, ...fact, useq }
  const session = row.session === null ? null : idBytes(row.session)
  await tx
    .insertInto('user_events')
    .values({ ...row, session, key: keyOf(fact) })
    .onConflict((conflict) => conflict.columns(['user', 'key']).doUpdateSet({ ...row, session }))
    .execute()
  return row
}

export const nothingLogged = (): Logged => ({ events: [], userEvents: [] })
