import type { RoomEventFrame, UserEventFrame, UserBrief, WireError } from '@parlance/protocol'
import { ChatError, limits } from '@parlance/protocol'
import { type Encoder, messageView, type Person, type RoomEvent, type Stretch, type UserEvent } from '../dialect.ts'

const iso = (ms: number): string => new Date(ms).toISOString()
const brief = (person: Person): UserBrief => ({ id: person.id, username: person.username })
const briefOrNull = (person: Person | null): UserBrief | null => (person === null ? null : brief(person))

/** What an event lacks that its type promises is a bug of ours, not of the reader. */
function present<T>(value: T | null, what: string): T {
  if (value === null) throw new Error(`event without ${what}`)
  return value
}

/** One event of a room's log as a frame. */
export function roomFrame(event: RoomEvent): RoomEventFrame {
  const base = { room: event.room.id, seq: event.seq, at: iso(event.at) }
  const large = event.large === null ? {} : { large: event.large }
  switch (event.type) {
    case 'message.created': {
      const message = present(event.message, 'message')
      return { ev: event.type, ...base, n: message.n, data: messageView(event.room.id, message) }
    }
    case 'message.edited': {
      const { id, n } = present(event.ref, 'ref')
      const message = event.message === null ? {} : { message: messageView(event.room.id, event.message) }
      return { ev: event.type, ...base, data: { id, n, rev: event.seq, ...message } }
    }
    case 'message.deleted': {
      const { id, n } = present(event.ref, 'ref')
      return { ev: event.type, ...base, data: { id, n, rev: event.seq, by: brief(present(event.actor, 'actor')) } }
    }
    case 'member.joined': {
      const role = present(event.role, 'role')
      return {
        ev: event.type,
        ...base,
        data: { user: brief(present(event.subject, 'subject')), role, by: briefOrNull(event.actor), ...large },
      }
    }
    case 'member.updated': {
      const role = present(event.role, 'role')
      return { ev: event.type, ...base, data: { user: brief(present(event.subject, 'subject')), role, by: briefOrNull(event.actor) } }
    }
    case 'member.left':
      return { ev: event.type, ...base, data: { user: brief(present(event.subject, 'subject')), by: briefOrNull(event.actor), ...large } }
    case 'room.created':
      return { ev: event.type, ...base, data: { by: briefOrNull(event.actor), kind: present(event.roomKind, 'kind') } }
  }
}

/** One fact of the user's own log as a frame. */
export function userFrame(event: UserEvent): UserEventFrame {
  const base = { useq: event.useq, at: iso(event.at) }
  switch (event.type) {
    case 'session.ended':
      return { uev: event.type, ...base, data: { session: present(event.session, 'session') } }
    case 'room.read':
      return { uev: event.type, ...base, data: { room: present(event.room, 'room').id, read: present(event.position, 'position') } }
    case 'room.joined':
    case 'room.left':
      return { uev: event.type, ...base, data: { room: present(event.room, 'room').id, seq: present(event.position, 'position') } }
  }
}

/** A stretch of a room's log as a replay page. */
export const logFrame = ({ room, after, upto, floor, events }: Stretch): string =>
  JSON.stringify({ log: { room: room.id, after, upto, floor, events: events.map(roomFrame) } })

export const encoder: Encoder = {
  room: (event) => JSON.stringify(roomFrame(event)),
  user: (event) => JSON.stringify(userFrame(event)),
  ephemeral(signal) {
    const user = brief(signal.user)
    return signal.kind === 'typing'
      ? JSON.stringify({ eph: 'typing', room: signal.room.id, user, typing: signal.typing, expires_ms: limits.typing_ms })
      : JSON.stringify({ eph: 'receipt', room: signal.room.id, user, read: signal.read })
  },
  presence: (user, status) => JSON.stringify({ eph: 'presence', user, status }),
  heads: (heads) => JSON.stringify({ head: heads.map(({ room, seq, n }) => [room.id, seq, n]) }),
}

/** What a client is told of an error; what is not ours is `internal` and stays in the log. */
export function wireError(error: unknown): WireError {
  const known = error instanceof ChatError ? error : new ChatError('internal')
  return {
    code: known.code,
    detail: known.detail,
    ...(known.retryMs !== undefined && { retry_ms: known.retryMs }),
    ...(known.faults !== undefined && { errors: known.faults }),
  }
}
