import type { Bus, Person, RevocationReason, RoomKey } from '../live/bus.ts'
import type { EventRow, UserEventRow } from '../store/rows.ts'
import { type Context, roomEvent, userEvent } from './parts/neutral.ts'

/** Passes on what was committed, in the order of the log and from what the writer already knows: nothing is read again. */
export type Emit = {
  room(rows: readonly EventRow[], context: Context): void
  user(rows: readonly UserEventRow[], room: RoomKey | null): void
  typing(room: RoomKey, user: Person, notice: { typing: boolean; at: number }): void
  receipt(room: RoomKey, user: Person, notice: { read: number; at: number }): void
  /** A room has its name from now on; `fresh` where it was made with it. Of rooms without one nothing is told. */
  named(room: RoomKey, fresh: boolean): void
  /** What is older has disappeared from a room. */
  floor(room: RoomKey, floor: { seq: number; n: number }): void
  /** A session, or with null every session of a user, ended. */
  revoked(user: number, session: string | null, reason?: RevocationReason): void
}

export function createEmit({ bus }: { bus: Bus }): Emit {
  return {
    room(rows, context) {
      for (const row of rows) bus.publish(roomEvent(row, context))
    },
    user(rows, room) {
      for (const row of rows) bus.publish(userEvent(row, room))
    },
    typing: (room, { number, id, username }, notice) => bus.publish({ kind: 'typing', room, user: { number, id, username }, ...notice }),
    receipt: (room, { number, id, username }, notice) => bus.publish({ kind: 'receipt', room, user: { number, id, username }, ...notice }),
    named({ number, id, name }, fresh) {
      if (name !== null) bus.publish({ kind: 'named', room: { number, id, name }, fresh })
    },
    floor: (room, floor) => bus.publish({ kind: 'floor', room, ...floor }),
    revoked: (user, session, reason = 'ended') => bus.publish({ kind: 'revoked', user, session, reason }),
  }
}

/** The context of events that are about no message. */
export function withoutMessages(key: RoomKey, person: Context['person']): Context {
  return {
    key,
    person,
    message: () => {
      throw new Error('this write has no message')
    },
    sharedAfter: 0,
  }
}
