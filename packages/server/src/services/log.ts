import type { Head, Log, OpenRoom, Stay } from '../live/log.ts'
import { may } from '../rules/permissions.ts'
import type { Deps } from './deps.ts'
import { positionOf } from './parts/standings.ts'
import { readOwnLog } from './parts/own-log.ts'
import { keyOf, type RoomWithStay, readUpto } from './views.ts'

/** The durable truth as the hub reads it: every answer from the store, none from a cache that could lag. */
export function createLog({ store, views, people, clock }: Pick<Deps, 'store' | 'views' | 'people' | 'clock'>): Log {
  return {
    epoch: store.epoch,

    heads: (rooms): Promise<Head[]> => store.rooms.heads(rooms),

    userHeads: (users) => store.events.userHeads(users),

    async stays(user) {
      const entries = await store.members.allOfUser(user)
      return entries.map(({ room, member }): Stay => ({ ...openRoom({ room, member }), role: member.role }))
    },

    async open(user, room) {
      const found = await store.members.withRoom(user, typeof room === 'number' ? { number: room } : { id: room })
      if (found === undefined || !may(positionOf(found, clock.now()), 'read')) return null
      return openRoom(found)
    },

    async events(number, range) {
      const first = await store.events.range(number, range)
      // The room second: what it says of the latest join is then at least as new as any of the events, so that no edit carries a text
      // to somebody who joined between the two reads. And what is missing below its floor is missing for good.
      const room = await store.rooms.byNumber(number)
      if (room === undefined) return { events: [], upto: range.after, floor: 0 }
      const floor = room.floor_seq
      // What is retired may still stand there, or part of it. A reader that has nothing else in its range goes on behind it.
      const skips = first.every(({ seq }) => seq <= floor) && range.upto > floor && range.after < floor
      const rows = skips ? await store.events.range(number, { ...range, after: floor }) : first.filter(({ seq }) => seq > floor)
      // Above the floor the log has no gaps: what stands before its last row is here, or goes with its message.
      const upto = Math.max(range.after, rows.at(-1)?.seq ?? Math.min(range.upto, floor))
      return { events: await views.events(room, rows), upto, floor }
    },

    userEvents: (user, range) => readOwnLog(store, user, range),

    async acquainted(user, others) {
      const asked = await store.users.byIds(others)
      const numbers = new Set(
        await store.members.acquainted(
          user,
          asked.map(({ number }) => number),
        ),
      )
      return asked.filter(({ number }) => numbers.has(number)).map((row) => people.remember(row))
    },
  }
}

function openRoom({ room, member }: RoomWithStay): OpenRoom {
  return {
    room: keyOf(room),
    kind: room.kind,
    role: member?.role ?? null,
    since: member?.from_seq ?? 0,
    fromSeq: room.policy.history === 'open' || member === undefined ? 0 : member.from_seq,
    // Without a stay nothing is unread.
    read: member === undefined ? room.last_n : readUpto(room, member),
    seq: room.last_seq,
    n: room.last_n,
    floor: room.floor_seq,
    large: room.large,
  }
}
