import { event, operation } from './define.ts'
import { limits } from './limits.ts'
import { Message } from './messages.ts'
import {
  Cid,
  Closed,
  Id,
  Meta,
  Nullable,
  OneOf,
  Page,
  Position,
  pageInput,
  RoomRef,
  type Static,
  Text,
  Timestamp,
  Ttl,
  Type,
  UserBrief,
  UserRef,
} from './schema.ts'

export const RoomKind = OneOf(['direct', 'group', 'public'])
export type RoomKind = Static<typeof RoomKind>

export const Role = OneOf(['owner', 'admin', 'member'])
export type Role = Static<typeof Role>

const Who = OneOf(['nobody', 'owner', 'admins', 'members', 'users'])

/** Who may do what in a room. `users` is everybody signed in; each word includes the ones before it. */
export const Policy = Closed({
  read: OneOf(['members', 'users']),
  join: OneOf(['nobody', 'users'], 'Who may join without being added.'),
  post: Who,
  add: Who,
  remove: Who,
  manage: Who,
  history: OneOf(['open', 'hidden'], 'Whether new members read what was written before their join.'),
  listed: OneOf(['members', 'users', 'anyone'], 'To whom lists show the room.'),
})
export type Policy = Static<typeof Policy>

const slowMode = Type.Integer({
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

const roomOnly = Closed({ room: RoomRef })
const roomName = Text(limits.room_name_chars, { min: 1, description: 'Unique in the whole server. `dm_` is reserved.' })

export const rooms = {
  'rooms.create': operation({
    summary: 'Create a group or a public room',
    description: 'The maker becomes the owner. A public room is readable by every signed-in user and needs a name.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/rooms',
    status: 201,
    in: Closed({
      kind: OneOf(['group', 'public']),
      name: Type.Optional(roomName),
      title: Type.Optional(Text(limits.room_title_chars, { min: 1 })),
      description: Type.Optional(Text(limits.room_description_chars)),
      meta: Type.Optional(Meta),
      policy: Type.Optional(Type.Partial(Policy, { additionalProperties: false })),
      ownerless: Type.Optional(
        Type.Boolean({
          description:
            'Nobody owns the room. A group is then managed by all of its members; a public room by nobody, and its maker is no member.',
        }),
      ),
      members: Type.Optional(Type.Array(UserRef, { maxItems: limits.initial_members, description: 'Added at once as members.' })),
      cid: Type.Optional(Cid),
    }),
    out: Closed({ room: Room, dup: Type.Boolean() }),
    errors: ['invalid_input', 'name_taken', 'not_found', 'cid_conflict', 'too_many_rooms'],
  }),
  'rooms.direct': operation({
    summary: 'The one-to-one room with a user, made on first use',
    description: 'There is one per pair of users, however many ask for it at once. The room with oneself is allowed.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/rooms/direct',
    status: 200,
    in: Closed({ user: UserRef }),
    out: Closed({ room: Room, created: Type.Boolean() }),
    errors: ['not_found', 'too_many_rooms'],
  }),
  'rooms.list': operation({
    summary: 'The rooms you are a member of',
    description: 'Latest joined first, each with its last message as you may see it.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms',
    status: 200,
    in: Closed(pageInput),
    out: Page(Closed({ room: Room, last_message: Nullable(Message) })),
    errors: ['invalid_cursor'],
  }),
  'rooms.browse': operation({
    summary: 'Public rooms listed to you',
    description: 'Newest first.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/public-rooms',
    status: 200,
    in: Closed({ query: Type.Optional(Text(limits.room_name_chars, { description: 'A part of the name or title.' })), ...pageInput }),
    out: Page(Room),
    errors: ['invalid_cursor'],
  }),
  'rooms.get': operation({
    summary: 'One room',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}',
    status: 200,
    in: roomOnly,
    out: Room,
    errors: ['not_found'],
  }),
  'rooms.update': operation({
    summary: 'Rename, describe or otherwise change a room',
    description:
      'Fields that are absent stay as they are; null takes one away. Whoever the policy lets manage the room changes everything but the policy itself, of which the owner changes the parts given. A public room keeps a name; a direct room has nothing to change. What history members read follows `policy.history` as it stands: `hidden` closes what was before their join to those present, too, and `open` opens it to all.',
    auth: 'user',
    rate: 'write',
    method: 'PATCH',
    path: '/rooms/{room}',
    status: 200,
    in: Closed({
      room: RoomRef,
      name: Type.Optional(Nullable(roomName)),
      title: Type.Optional(Nullable(Text(limits.room_title_chars, { min: 1 }))),
      description: Type.Optional(Nullable(Text(limits.room_description_chars))),
      meta: Type.Optional(Nullable(Meta)),
      policy: Type.Optional(Type.Partial(Policy, { additionalProperties: false })),
    }),
    out: Room,
    errors: ['not_found', 'forbidden', 'invalid_input', 'name_taken'],
  }),
  'rooms.delete': operation({
    summary: 'Delete a room with everything in it',
    description:
      "The owner's alone, and for good: from `room.deleted` on nobody reads anything of the room but that event. A direct room is not deleted.",
    auth: 'user',
    rate: 'write',
    method: 'DELETE',
    path: '/rooms/{room}',
    status: 204,
    in: roomOnly,
    out: Type.Null(),
    errors: ['not_found', 'forbidden'],
  }),
  'rooms.join': operation({
    summary: 'Join a room that lets you',
    description: 'Joining again changes nothing.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/rooms/{room}/join',
    status: 200,
    in: roomOnly,
    out: Room,
    errors: ['not_found', 'forbidden', 'room_full', 'too_many_rooms'],
  }),
  'rooms.leave': operation({
    summary: 'Leave a room',
    description: 'The last owner of a group cannot leave while others remain. A direct room cannot be left.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/rooms/{room}/leave',
    status: 204,
    in: roomOnly,
    out: Type.Null(),
    errors: ['not_found', 'forbidden', 'last_owner'],
  }),
  'rooms.read': operation({
    summary: 'Move your read marker',
    description: 'Markers only rise; a lower value changes nothing. The answer is the marker as it stands.',
    auth: 'user',
    rate: 'send',
    method: 'POST',
    path: '/rooms/{room}/read',
    status: 200,
    in: Closed({ room: RoomRef, n: Position('Read up to this message; above the last it counts as the last.') }),
    out: Closed({ read: Position('The marker.'), unread: Position('Messages after it.') }),
    errors: ['not_found', 'forbidden'],
  }),
  'rooms.typing': operation({
    summary: 'Say that you are typing, or stopped',
    description: 'Reaches members who have the room open, never a large room. Ends by itself after 6 seconds.',
    auth: 'user',
    rate: 'ephemeral',
    method: 'POST',
    path: '/rooms/{room}/typing',
    status: 204,
    in: Closed({ room: RoomRef, typing: Type.Optional(Type.Boolean({ default: true })) }),
    out: Type.Null(),
    errors: ['not_found', 'forbidden'],
  }),
}

export const roomEvents = {
  'room.created': event({
    scope: 'room',
    summary: 'The room was made; always the first event.',
    data: Closed({ by: Nullable(UserBrief), kind: RoomKind }),
  }),
  'room.updated': event({
    scope: 'room',
    summary: 'Something of the room changed: `changed` says what, `settings` how it is now.',
    data: Closed({ by: Nullable(UserBrief), changed: Type.Array(RoomField), settings: RoomSettings }),
  }),
  'room.deleted': event({
    scope: 'room',
    summary: 'The room is gone with everything in it; always the last event.',
    data: Closed({ by: Nullable(UserBrief) }),
  }),
}

export const roomEphemera = {
  typing: event({
    scope: 'ephemeral',
    summary: 'Somebody is typing, until `expires_ms` have passed.',
    data: Closed({ room: Id, user: UserBrief, typing: Type.Boolean(), expires_ms: Type.Integer() }),
  }),
  receipt: event({
    scope: 'ephemeral',
    summary: 'Somebody read the room up to a message.',
    data: Closed({ room: Id, user: UserBrief, read: Position('The marker.') }),
  }),
}
