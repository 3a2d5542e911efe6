import { operation } from './define.ts'
import { expiryEvents } from './expiry.ts'
import { limits } from './limits.ts'
import { memberEvents } from './members.ts'
import { messageEvents } from './messages.ts'
import { pinEvents } from './pins.ts'
import { reactionEvents } from './reactions.ts'
import { roomEvents } from './rooms.ts'
import { sanctionEvents } from './sanctions.ts'
import { Closed, Id, Position, RoomRef, type Static, type TSchema, Timestamp, Type } from './schema.ts'
import { userEvents } from './users.ts'

/** Everything that can stand in a room's log. */
export const durableEvents = {
  ...roomEvents,
  ...memberEvents,
  ...sanctionEvents,
  ...messageEvents,
  ...reactionEvents,
  ...pinEvents,
  ...expiryEvents,
}
export type RoomEventType = keyof typeof durableEvents
export type UserEventType = keyof typeof userEvents

const seq = Position('Position in the log of the room; the frames of one room come in this order without gaps.')

const roomFrame = (type: string, data: TSchema) =>
  Closed({ ev: Type.Literal(type), room: Id, seq, n: Type.Optional(Position('Ordinal, on message.created only.')), at: Timestamp, data })
const userFrame = (type: string, data: TSchema) =>
  Closed({ uev: Type.Literal(type), useq: Position('Position in your own log.'), at: Timestamp, data })

/** One event of a room's log, as a socket frame and as an item of a log page. */
export const RoomEventFrame = Type.Union(Object.entries(durableEvents).map(([type, spec]) => roomFrame(type, spec.data)))
/** One fact of the user's own log. */
export const UserEventFrame = Type.Union(Object.entries(userEvents).map(([type, spec]) => userFrame(type, spec.data)))

const range = {
  after: Position('The range begins behind this position.'),
  upto: Position('The range ends here: the new local position.'),
}

/** A stretch of a room's log. A position in (after, upto] without an event is not yours to see or is retired. */
export const RoomLog = Closed({
  room: Id,
  ...range,
  floor: Position('Events up to here are retired.'),
  events: Type.Array(Type.Unsafe<RoomEventFrame>(RoomEventFrame)),
})
/** A stretch of the user's own log. */
export const UserLog = Closed({ ...range, events: Type.Array(Type.Unsafe<UserEventFrame>(UserEventFrame)) })

/** The TypeScript shape of a durable frame: `data` by the event's type. */
export type RoomEventFrame = {
  [T in RoomEventType]: { ev: T; room: string; seq: number; n?: number; at: string; data: Static<(typeof durableEvents)[T]['data']> }
}[RoomEventType]
export type UserEventFrame = {
  [T in UserEventType]: { uev: T; useq: number; at: string; data: Static<(typeof userEvents)[T]['data']> }
}[UserEventType]
export type RoomLog = { room: string; after: number; upto: number; floor: number; events: RoomEventFrame[] }
export type UserLog = { after: number; upto: number; events: UserEventFrame[] }

const limit = Type.Optional(Type.Integer({ minimum: 1, maximum: limits.history_max, default: limits.history_max }))

export const logs = {
  'rooms.events': operation({
    summary: 'The log of a room after a position',
    description: 'The answer says what it covers; while `upto` is below the head of the room, ask again from there.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/events',
    status: 200,
    in: Closed({ room: RoomRef, after: Position('The last position known; 0 for all.'), limit }),
    out: RoomLog,
    errors: ['not_found'],
  }),
  'me.events': operation({
    summary: 'Your own log after a position',
    description: 'A newer fact about the same thing replaces the older, so positions without an event are normal.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/me/events',
    status: 200,
    in: Closed({ after: Position('The last position known; 0 for all.'), limit }),
    out: UserLog,
    errors: [],
  }),
}
