import { event, operation } from './define.ts'
import { limits } from './limits.ts'
import {
  Cid,
  Closed,
  Emoji,
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
  Type,
  UserBrief,
  UserRef,
} from './schema.ts'

const content = Text(limits.content_chars, { min: 1, description: 'Plain text, kept exactly.' })
const mentions = Type.Array(Id, { maxItems: limits.mentions, uniqueItems: true, description: 'Users this message mentions.' })

/** How many reacted to a message in one way, the first way first. */
export const ReactionCount = Closed({
  emoji: Emoji,
  count: Type.Integer({ minimum: 1 }),
  mine: Type.Optional(Type.Boolean({ description: 'You are one of them. Only in answers to messages.* and pins.*, never in an event.' })),
})
export type ReactionCount = Static<typeof ReactionCount>

/** The replies to a message and to its replies, deleted ones not counted. */
export const Thread = Closed({
  count: Type.Integer({ minimum: 1 }),
  last_n: Position('The latest reply.'),
  last_at: Timestamp,
})
export type Thread = Static<typeof Thread>

/** Where a forwarded text comes from. `room` is there only if everybody signed in may read that room. */
export const Forwarded = Closed({ sender: UserBrief, at: Timestamp, room: Type.Optional(Id) })
export type Forwarded = Static<typeof Forwarded>

/**
 * A message in its present state. `root` is the first message of the thread and there exactly on replies, also on replies to replies. Of two views of one message the one with the higher `rev` is newer. A deleted message keeps its place
 * and its thread, and loses `content`, `mentions`, `meta`, `reactions`, `forwarded` and its pin.
 */
export const Message = Closed({
  id: Id,
  room: Id,
  seq: Position('Position in the log of the room.'),
  n: Position('Ordinal among the messages of the room.'),
  rev: Position('Position of the last event that changed the message.'),
  sender: UserBrief,
  cid: Type.Optional(Cid),
  kind: OneOf(['text']),
  content: Type.String({ description: 'Empty once deleted.' }),
  created_at: Timestamp,
  reply_to: Type.Optional(Id),
  root: Type.Optional(Id),
  thread: Type.Optional(Thread),
  mentions: Type.Optional(mentions),
  mention_all: Type.Optional(Type.Boolean()),
  meta: Type.Optional(Meta),
  forwarded: Type.Optional(Forwarded),
  reactions: Type.Optional(Type.Array(ReactionCount, { maxItems: limits.reactions })),
  pinned_at: Type.Optional(Timestamp),
  edited_at: Type.Optional(Timestamp),
  deleted_at: Type.Optional(Timestamp),
})
export type Message = Static<typeof Message>

const one = { room: RoomRef, message: Id }
const body = {
  content,
  mentions: Type.Optional(
    Type.Array(UserRef, { maxItems: limits.mentions, description: 'Users to mention; those who are not members are refused.' }),
  ),
  mention_all: Type.Optional(Type.Boolean({ description: 'Mention everybody in the room.' })),
  meta: Type.Optional(Meta),
}

export const messages = {
  'messages.send': operation({
    summary: 'Send a message',
    description:
      'Answered after the message is on disk. With a `cid` the send happens exactly once: a retry, on any connection and after any restart, answers 200 with the first result and `dup: true`; the same cid with another body is `cid_conflict`. In a room that any user may join, the first post joins. In REST the header `Idempotency-Key` stands for `cid`.',
    auth: 'user',
    rate: 'send',
    method: 'POST',
    path: '/rooms/{room}/messages',
    status: 201,
    in: Closed({ room: RoomRef, ...body, reply_to: Type.Optional(Id), cid: Type.Optional(Cid) }),
    out: Closed({ message: Message, dup: Type.Boolean({ description: 'This cid was sent before; `message` is what it made.' }) }),
    errors: [
      'not_found',
      'forbidden',
      'invalid_input',
      'slow_mode',
      'cid_conflict',
      'overloaded',
      'unknown_outcome',
      'storage_full',
      'room_full',
      'too_many_rooms',
    ],
  }),
  'messages.list': operation({
    summary: 'History of a room',
    description:
      'At most one of `before`, `after` and `around` (ordinals `n`); without any, the newest. Always oldest first. `more_before` and `more_after` say whether there is more.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/messages',
    status: 200,
    in: Closed({
      room: RoomRef,
      before: Type.Optional(Position('Messages with a lower n.')),
      after: Type.Optional(Position('Messages with a higher n.')),
      around: Type.Optional(Position('Messages around this n, itself included.')),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.history_max, default: 50 })),
    }),
    out: Closed({
      items: Type.Array(Message),
      more_before: Type.Boolean({ description: 'There are older messages that you may read.' }),
      more_after: Type.Boolean({ description: 'There are newer messages.' }),
    }),
    errors: ['not_found', 'forbidden', 'invalid_input'],
  }),
  'messages.get': operation({
    summary: 'One message',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/messages/{message}',
    status: 200,
    in: Closed(one),
    out: Message,
    errors: ['not_found'],
  }),
  'messages.edit': operation({
    summary: 'Edit your own message',
    description: 'Fields that are absent stay as they are. The text of a forwarded message is somebody else’s and stays.',
    auth: 'user',
    rate: 'write',
    method: 'PATCH',
    path: '/rooms/{room}/messages/{message}',
    status: 200,
    in: Closed({ ...one, ...Type.Partial(Closed(body)).properties }),
    out: Message,
    errors: ['not_found', 'forbidden', 'message_deleted', 'invalid_input'],
  }),
  'messages.delete': operation({
    summary: 'Delete a message',
    description:
      "One's own, or as an owner or admin anybody's. Deleting again changes nothing. The place in the order stays, the text goes.",
    auth: 'user',
    rate: 'write',
    method: 'DELETE',
    path: '/rooms/{room}/messages/{message}',
    status: 204,
    in: Closed(one),
    out: Type.Null(),
    errors: ['not_found', 'forbidden'],
  }),
  'messages.forward': operation({
    summary: 'Forward a message into another room',
    description:
      'Sends a copy of the text and `meta` of a message you may read into the room `to`, in your name. `forwarded` says who wrote it and when; where, only if everybody may read that room. What was forwarded before keeps its first origin. Exactly once by `cid`, like a send, whatever became of the original since.',
    auth: 'user',
    rate: 'send',
    method: 'POST',
    path: '/rooms/{room}/messages/{message}/forward',
    status: 201,
    in: Closed({ ...one, to: RoomRef, cid: Type.Optional(Cid) }),
    out: Closed({ message: Message, dup: Type.Boolean({ description: 'This cid was sent before; `message` is what it made.' }) }),
    errors: [
      'not_found',
      'forbidden',
      'message_deleted',
      'cid_conflict',
      'slow_mode',
      'overloaded',
      'unknown_outcome',
      'storage_full',
      'room_full',
      'too_many_rooms',
    ],
  }),
  'messages.thread': operation({
    summary: 'The replies of a thread',
    description: 'Oldest first. `message` is the first message of the thread or any reply in it. Deleted replies are there as tombstones.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/messages/{message}/thread',
    status: 200,
    in: Closed({ ...one, ...pageInput }),
    out: Page(Message),
    errors: ['not_found', 'invalid_cursor'],
  }),
  'messages.read': operation({
    summary: 'Say that you read one message',
    description:
      'Moves your read marker there, like rooms.read, and remembers when, once. In a large room only the marker moves; so it is with your own messages.',
    auth: 'user',
    rate: 'send',
    method: 'POST',
    path: '/rooms/{room}/messages/{message}/read',
    status: 200,
    in: Closed(one),
    out: Closed({ read: Position('The marker.'), unread: Position('Messages after it.') }),
    errors: ['not_found', 'forbidden', 'overloaded'],
  }),
  'messages.reads': operation({
    summary: 'Who has read a message',
    description:
      'The present members who have, their sender excepted, longest members first. `at` is null where only the marker tells. For members, and not in large rooms.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/messages/{message}/reads',
    status: 200,
    in: Closed(one),
    out: Closed({ items: Type.Array(Closed({ user: UserBrief, at: Nullable(Timestamp) }), { maxItems: limits.large_room }) }),
    errors: ['not_found', 'forbidden', 'room_large'],
  }),
}

/** What every event about a message says of it. */
export const changed = { id: Id, n: Position('Ordinal of the message.'), rev: Position('The `seq` of this event.') }

export const messageEvents = {
  'message.created': event({
    scope: 'room',
    summary:
      'A message was sent. The frame carries its `n`. With it the thread of its `root` counts one more, and `seq` is the `rev` of the root.',
    data: Message,
  }),
  'message.edited': event({
    scope: 'room',
    summary: 'A message was edited. `message` is there only if every present member may see it; else ask messages.get.',
    data: Closed({ ...changed, message: Type.Optional(Message) }),
  }),
  'message.deleted': event({
    scope: 'room',
    summary: 'A message was deleted. Of a reply: `thread` is what is left of the thread of `root`, whose `rev` is the same.',
    data: Closed({ ...changed, by: UserBrief, root: Type.Optional(Id), thread: Type.Optional(Nullable(Thread)) }),
  }),
}
