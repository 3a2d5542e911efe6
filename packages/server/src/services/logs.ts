import { ChatError, limits, type OutputOf } from '@parlance/protocol'
import { isWithin } from '../rules/visibility.ts'
import type { RoomRow } from '../store/rows.ts'
import type { Actor, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { roomFrame, userFrame } from '../live/frames.ts'
import { readOwnLog } from './parts/own-log.ts'
import { demand } from './parts/standings.ts'
import type { Seen } from './refs.ts'

type Taken = Pick<Deps, 'store' | 'refs' | 'reach' | 'views'>

export function createLogs({ store, refs, reach, views }: Taken): Pick<Handlers, 'rooms.events' | 'me.events'> {
  /** Whether somebody read a deleted room to its end: those who were there when it went, and of a public room everybody. */
  const saw = async ({ room }: Seen, { number }: Actor): Promise<boolean> =>
    room.policy.read === 'users' ||
    (await store.members.stays(room.number, number)).some(({ to_seq }) => to_seq === null || to_seq === room.last_seq)

  /** All that is left of a deleted room is its last event. */
  const epilogue = async (room: RoomRow, after: number): Promise<OutputOf<'rooms.events'>> => {
    const rows = await store.events.range(room.number, { after: Math.max(after, room.floor_seq), upto: room.last_seq, limit: 1 })
    const events = await views.events(room, rows)
    return { room: room.id, after, upto: Math.max(after, room.last_seq), floor: room.floor_seq, events: events.map(roomFrame) }
  }

  return {
    async 'rooms.events'(call, { room: ref, after, limit = limits.history_max }) {
      const actor = actorOf(call)
      const seen = await refs.look(actor, ref)
      if (seen === undefined) throw new ChatError('not_found')
      if (seen.standing.deleted && (await saw(seen, actor))) return await epilogue(seen.room, after)
      demand(seen.standing, 'read')
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
      // What disappeared between the two reads is missing here, which only the floor of after them tells.
      const floor = room.ttl_s === null ? room.floor_seq : ((await store.rooms.byNumber(room.number))?.floor_seq ?? room.floor_seq)
      return { room: room.id, after, upto, floor, events: events.map(roomFrame) }
    },

    async 'me.events'(call, { after, limit = limits.history_max }) {
      const { upto, events } = await readOwnLog(store, actorOf(call).number, { after, limit })
      return { after, upto, events: events.map(userFrame) }
    },
  }
}
