import { limits } from '@parlance/protocol'
import { isWithin } from '../rules/visibility.ts'
import type { Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { roomFrame, userFrame } from '../live/frames.ts'
import { readOwnLog } from './parts/own-log.ts'

type Taken = Pick<Deps, 'store' | 'refs' | 'reach' | 'views'>

export function createLogs({ store, refs, reach, views }: Taken): Pick<Handlers, 'rooms.events' | 'me.events'> {
  return {
    async 'rooms.events'(call, { room: ref, after, limit = limits.history_max }) {
      const actor = actorOf(call)
      const seen = await refs.see(actor, ref)
      const { room } = seen
      const visible = await reach.positions(actor.number, seen)
      // The head was read with the stay, so a removal that follows is no part of this answer.
      const rows = await store.events.range(room.number, { after, upto: room.last_seq, limit })
      const events = await views.events(
        room,
        rows.filter(({ seq }) => isWithin(visible, seq)),
      )
      // A full page ends where its last row stands; any other covers everything up to the head, whatever is missing in between.
      const upto = rows.length < limit ? room.last_seq : (rows.at(-1)?.seq ?? after)
      return { room: room.id, after, upto, floor: room.floor_seq, events: events.map(roomFrame) }
    },

    async 'me.events'(call, { after, limit = limits.history_max }) {
      const { upto, events } = await readOwnLog(store, actorOf(call).number, { after, limit })
      return { after, upto, events: events.map(userFrame) }
    },
  }
}
