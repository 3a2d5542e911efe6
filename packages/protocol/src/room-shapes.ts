import { limits } from './limits.ts'
import { Closed, Id, Meta, Nullable, OneOf, Position, type Static, Timestamp, Ttl, Type, UserBrief } from './schema.ts'

export const RoomKind = OneOf(['direct', 'group', 'public'])
export type RoomKind = Static<typeof RoomKind>

export const Role = OneOf(['owner', 'admin', 'member'])
export type Role = Static<typeof Role>

const Who = OneOf(['nobody', 'owner', 'admins', 'members', 'users'])

/** Who may do what in a room. `users` is everybody signed in; each word includes the ones before it. */
export const Policy = Closed({
  read: OneOf(['members', 'users']),
  join: OneOf(['nobody', 'request', 'users'], 'Who may join without being added; `request`: whoever asks and is accepted.'),
  post: Who,
  add: Who,
  remove: Who,
  manage: Who,
  history: OneOf(['open', 'hidden'], 'Whether new members read what was written before their join.'),
  listed: OneOf(['members', 'users', 'anyone'], 'To whom lists show the room.'),
})
export type Policy = Static<typeof Policy>

export const slowMode = Type.Integer({
  minimum: 0,
  maximum: limits.slow_mode_s,
  description: 'Seconds between two messages of one member; 0 for none. Owners and admins are exempt.',
})

/** What of a room can be changed. */
const changeable = {
  name: Nullable(Type.String()),
  title: Nullable(Type.String()),
  description: Nullable(Type.String()),
  meta: Nullable(Meta),
  policy: Policy,
  archived: Type.Boolean({ description: 'Nobody joins, posts or edits; everything stays readable.' }),
  slow_mode_s: slowMode,
}

export const RoomField = OneOf(Object.keys(changeable) as (keyof typeof changeable)[])
export type RoomField = Static<typeof RoomField>

/** What of a room can be changed, in its present state: a replayed event carries it as it is now. Of two the higher `rev` is newer. */
export const RoomSettings = Closed({ rev: Position('The room is so as of this position.'), ...changeable })
export type RoomSettings = Static<typeof RoomSettings>

/** The reader's own stay in a room. `unread` counts messages after the marker. */
export const Stay = Closed({
  role: Role,
  joined_at: Timestamp,
  read: Position('Read up to this message.'),
  unread: Position('Messages after the marker.'),
})
export type Stay = Static<typeof Stay>

/** A room as one reader sees it. `me` is null without membership; `peer` is the other person of a direct room. */
export const Room = Closed({
  id: Id,
  kind: RoomKind,
  ...changeable,
  creator: Nullable(UserBrief),
  peer: Nullable(UserBrief),
  created_at: Timestamp,
  seq: Position('Head of the log.'),
  n: Position('Ordinal of the last message.'),
  ttl_s: Nullable(Ttl),
  floor_seq: Position('Events up to here are retired.'),
  floor_n: Position('Messages up to here are gone.'),
  members: Type.Integer({ minimum: 0, description: 'How many members there are.' }),
  large: Type.Boolean({ description: 'Above 100 members: no typing, receipts or unsolicited events.' }),
  me: Nullable(Stay),
})
export type Room = Static<typeof Room>
