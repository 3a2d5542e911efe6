import { type Span, visibleOrdinals, visiblePositions } from '../../rules/visibility.ts'
import type { StayRow } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'
import type { Seen } from '../refs.ts'

/** How far a reader who may see a room sees into its past. Stays are read only where they matter. */
export type Reach = {
  ordinals(reader: number, seen: Seen): Promise<Span[]>
  positions(reader: number, seen: Seen): Promise<Span[]>
}

export function createReach({ store }: { store: Store }): Reach {
  const stays = (reader: number, { room }: Seen): Promise<StayRow[]> =>
    room.policy.history === 'open' ? Promise.resolve([]) : store.members.stays(room.number, reader)
  return {
    ordinals: async (reader, seen) => visibleOrdinals(seen.room, await stays(reader, seen)),
    positions: async (reader, seen) => visiblePositions(seen.room, await stays(reader, seen)),
  }
}
