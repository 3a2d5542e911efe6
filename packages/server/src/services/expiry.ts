import type { InputOf, Room } from '@parlance/protocol'
import type { Actor, Deps, Handlers } from './deps.ts'
import { withoutMessages } from './emit.ts'
import { actorOf } from './parts/actor.ts'
import { among } from './parts/people.ts'
import { demand } from './parts/standings.ts'
import { keyOf } from './views.ts'

/** Rooms looked at in one round, and events retired in one transaction: whoever sends meanwhile waits for one of them at most. */
const rooms = 100
const events = 200

type Taken = Pick<Deps, 'store' | 'clock' | 'refs' | 'views' | 'emit' | 'lanes'>

export function createExpiry(deps: Taken): Pick<Handlers, 'rooms.expiry'> {
  return { 'rooms.expiry': (call, input) => deps.lanes.inTurn(call.lane, () => setExpiry(deps, actorOf(call), input)) }
}

async function setExpiry(
  { store, clock, refs, views, emit }: Taken,
  actor: Actor,
  { room, ttl_s }: InputOf<'rooms.expiry'>,
): Promise<Room> {
  const { seen, outcome } = await refs.change(actor, room, async (seen) => {
    demand(seen.standing, 'expire')
    return await store.queue.write('rooms.expiry', { room: seen.room.number, by: actor.number, acl: seen.room.acl, at: clock.now(), ttl_s })
  })
  if (outcome.status === 'changed') emit.room(outcome.events, withoutMessages(seen.standing.room.key, among([actor])))
  const now = await refs.see(actor, seen.room.id)
  return await views.room(actor.number, now)
}

/**
 * Retires what is older than its room keeps it, and says of each room that moved how far. Settles when nothing is due any more; several
 * nodes may do it at once.
 */
export async function retireExpired({ store, clock, emit }: Pick<Deps, 'store' | 'clock' | 'emit'>): Promise<void> {
  for (;;) {
    const due = await store.rooms.forgetting(clock.now(), rooms)
    let moved = 0
    for (const room of due) {
      const outcome = await store.queue.write('rooms.retire', { room, at: clock.now(), events })
      if (outcome.status === 'nothing') continue
      moved += 1
      emit.floor(keyOf(outcome.room), { seq: outcome.room.floor_seq, n: outcome.room.floor_n })
    }
    if (moved === 0) return
  }
}
