import type { RoomEventFrame, UserBrief, UserEventFrame } from '@parlance/protocol'
import type { Person, RoomEvent, UserEvent } from './bus.ts'
import { messageView, threadView } from './message-view.ts'
import { timestamp } from './timestamp.ts'

export const brief = ({ id, username }: Person): UserBrief => ({ id, username })

/** An event of a room's log as native clients get it. */
export function roomFrame(event: RoomEvent): RoomEventFrame {
  const head = { room: event.room.id, seq: event.seq, at: timestamp(event.at) }
  switch (event.type) {
    case 'room.created':
      return { ev: event.type, ...head, data: { by: event.actor && brief(event.actor), kind: must(event.roomKind) } }
    case 'room.updated': {
      const data = { by: event.actor && brief(event.actor), changed: must(event.changed), settings: must(event.settings) }
      return { ev: event.type, ...head, data }
    }
    case 'room.deleted':
      return { ev: event.type, ...head, data: { by: event.actor && brief(event.actor) } }
    case 'member.joined':
      return { ev: event.type, ...head, data: { ...whose(event), role: must(event.role), by: other(event), ...largeness(event) } }
    case 'member.updated':
      return { ev: event.type, ...head, data: { ...whose(event), role: must(event.role), by: other(event) } }
    case 'member.left':
      return { ev: event.type, ...head, data: { ...whose(event), by: other(event), ...largeness(event) } }
    case 'member.banned':
    case 'member.muted': {
      const until = event.until === undefined ? null : timestamp(event.until)
      return { ev: event.type, ...head, data: { ...whose(event), by: other(event), until } }
    }
    case 'member.unbanned':
    case 'member.unmuted':
      return { ev: event.type, ...head, data: { ...whose(event), by: other(event) } }
    case 'message.created': {
      const message = must(event.message)
      // Without a spread, for it comes with every message.
      return { ev: event.type, room: head.room, seq: head.seq, at: head.at, n: message.n, data: messageView(event.room.id, message) }
    }
    case 'message.edited':
      return {
        ev: event.type,
        ...head,
        data: { ...about(event), ...(event.message && { message: messageView(event.room.id, event.message) }) },
      }
    case 'message.deleted':
      return { ev: event.type, ...head, data: { ...about(event), by: brief(must(event.actor)), ...leftThread(event) } }
    case 'reaction.added':
    case 'reaction.removed':
      return { ev: event.type, ...head, data: { ...about(event), user: brief(must(event.actor)), ...must(event.reaction) } }
    case 'message.pinned':
    case 'message.unpinned':
      return { ev: event.type, ...head, data: { ...about(event), by: brief(must(event.actor)) } }
    case 'expiry.set':
      return { ev: event.type, ...head, data: { by: brief(must(event.actor)), ttl_s: event.ttl } }
  }
}

/** A fact of the user's own log as native clients get it. */
export function userFrame(event: UserEvent): UserEventFrame {
  const head = { useq: event.useq, at: timestamp(event.at) }
  switch (event.type) {
    case 'room.joined':
    case 'room.left':
    case 'room.gone':
      return { uev: event.type, ...head, data: { room: must(event.room).id, seq: must(event.position) } }
    case 'room.read':
      return { uev: event.type, ...head, data: { room: must(event.room).id, read: must(event.position) } }
    case 'room.requested':
      return { uev: event.type, ...head, data: { room: must(event.room).id, open: must(event.position) } }
    case 'request.declined':
      return { uev: event.type, ...head, data: { room: must(event.room).id } }
    case 'session.ended':
      return { uev: event.type, ...head, data: { session: must(event.session) } }
    case 'user.suspended':
    case 'user.restored':
      return { uev: event.type, ...head, data: {} }
  }
}

const whose = (event: RoomEvent) => ({ user: brief(must(event.subject)) })

const about = (event: RoomEvent) => ({ ...must(event.ref), rev: event.seq })

function leftThread({ left }: RoomEvent) {
  return left === null ? {} : { root: left.root, thread: left.thread && threadView(left.thread) }
}

/** Who did it, where it was somebody else. */
function other({ actor, subject }: RoomEvent): UserBrief | null {
  return actor === null || actor.number === subject?.number ? null : brief(actor)
}

const largeness = ({ large }: RoomEvent) => (large === null ? {} : { large })

/** Every type of event fills the fields its frame prints; a hole is a mistake of ours. */
function must<T>(value: T | null): T {
  if (value === null) throw new Error('an event lacks what its type promises')
  return value
}
