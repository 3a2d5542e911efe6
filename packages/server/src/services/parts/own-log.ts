import type { UserEvent } from '../../live/bus.ts'
import type { Store } from '../../store/store.ts'
import { keyOf } from '../views.ts'
import { userEvent } from './neutral.ts'

/** A stretch of a user's own log: everything in (after, upto] that no newer fact replaced. */
export async function readOwnLog(
  store: Store,
  user: number,
  { after, limit }: { after: number; limit: number },
): Promise<{ upto: number; events: UserEvent[] }> {
  const { head, events: rows } = await store.events.ofUser(user, { after, limit })
  const numbers = new Set(rows.map(({ room }) => room).filter((room) => room !== null))
  const rooms = numbers.size === 0 ? [] : await store.rooms.byNumbers([...numbers])
  const keys = new Map(rooms.map((room) => [room.number, keyOf(room)]))
  const events = rows.map((row) => userEvent(row, row.room === null ? null : (keys.get(row.room) ?? null)))
  const last = rows.at(-1)?.useq ?? 0
  // A full page ends where its last row stands; any other covers everything up to the head.
  return { upto: rows.length < limit ? Math.max(head, last) : last, events }
}
