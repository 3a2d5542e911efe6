import type { Role, RoomEventType, RoomField, RoomKind, RoomSettings, UserEventType } from '@parlance/protocol'

/** A user as events name them: the number for rows and dialects, the id for native clients. */
export type Person = { number: number; id: string; username: string }

/**
 * Whom a message is meant for. `as` is how the sender's door wrote it, which goes out with the live event and is not kept; read from the
 * log it is the person's number.
 */
export type Addressee = { person: Person; as: string | number }

/** A room as events name it. `name` is null for rooms without one; `pair` are the numbers of the two of a one-to-one room. */
export type RoomKey = { number: number; id: string; name: string | null; pair?: readonly [number, number] }

/** The replies to a message, deleted ones not counted; `count` is at least 1. */
export type ThreadState = { count: number; lastN: number; lastAt: number }

/** A message as it stands: times in ms since 1970, `content` empty once deleted. */
export type MessageState = {
  number: number
  id: string
  n: number
  seq: number
  rev: number
  sender: Person
  cid: string | null
  content: string
  meta: Record<string, unknown> | null
  mentions: string[]
  mentionAll: boolean
  replyTo: string | null
  root: string | null
  forwarded: { sender: Person; at: number; room: string | null } | null
  reactions: [emoji: string, count: number][]
  thread: ThreadState | null
  pinnedAt: number | null
  addressee: Addressee | null
  createdAt: number
  editedAt: number | null
  deletedAt: number | null
}

/**
 * One event of a room's log, in nobody's dialect. `subject` is the person a membership event is about. `message` is the present state:
 * always there on message.created; on the others only if every present member may see it, else `ref` alone names the message.
 */
export type RoomEvent = {
  kind: 'room'
  room: RoomKey
  seq: number
  type: RoomEventType
  at: number
  actor: Person | null
  subject: Person | null
  role: Role | null
  /** The room became large (true) or stopped being large (false) with this event. */
  large: boolean | null
  roomKind: RoomKind | null
  /** On room.updated: what changed, and how the room is now. */
  changed: RoomField[] | null
  settings: RoomSettings | null
  /** When a ban or mute ends by itself; absent where it does not. */
  until?: number
  ref: { id: string; n: number } | null
  /** Of a reaction: so many react with `emoji` after the event. */
  reaction: { emoji: string; count: number } | null
  /** Of the deletion of a reply: the thread it left. */
  left: { root: string; thread: ThreadState | null } | null
  /** Of expiry.set: seconds, or null for no longer. */
  ttl: number | null
  message: MessageState | null
}

/** One fact of a user's own log. */
export type UserEvent = {
  kind: 'user'
  user: number
  useq: number
  type: UserEventType
  at: number
  room: RoomKey | null
  /** Position in the room for joins, departures and its deletion, the marker for reads, how many requests are open. */
  position: number | null
  session: string | null
}

/** What may be lost: typing, receipts, and who comes to have the room open (`here`) or has it open no more. `user` acts in `room`. */
export type Ephemeral =
  | { kind: 'typing'; room: RoomKey; user: Person; typing: boolean; at: number }
  | { kind: 'receipt'; room: RoomKey; user: Person; read: number; at: number }
  | { kind: 'here'; room: RoomKey; user: Person; here: boolean; at: number }

/** What is older has disappeared: events up to `seq`, messages up to `n`. May be lost: the log says so, too. */
export type Floor = { kind: 'floor'; room: RoomKey; seq: number; n: number }

/** In place of an event above 16 KiB: look into the log. */
export type RoomHint = { kind: 'hint'; room: number; seq: number }

/** A room has this name from now on. `fresh`: it was made with it, so that its log begins here. */
export type Named = { kind: 'named'; room: RoomKey & { name: string }; fresh: boolean }

/** A named channel of one door, in which nothing is kept; no two doors share one. */
export type ChannelKey = { door: string; name: string }

/**
 * Something said in a channel, in words of that door. Only sockets of the people in `to` (by number) hear it; null: everybody who listens
 * in the channel.
 */
export type ChannelSignal = {
  kind: 'channel'
  channel: ChannelKey
  user: Person
  to: number[] | null
  what: string
  data: Record<string, unknown>
  at: number
}

/** Why access ended: the login did, or the person was suspended. */
export type RevocationReason = 'ended' | 'suspended'

/** Access of a session or of a whole user (`session` null) ended: every door closes what is open. */
export type Revocation = { kind: 'revoked'; user: number; session: string | null; reason: RevocationReason }

export type Signal = RoomEvent | UserEvent | Ephemeral | Floor | RoomHint | ChannelSignal | Named | Revocation

/** What one may hear of. */
export type Topic = { room: number } | { user: number } | { channel: ChannelKey } | /** Whether a room gets this name. */ { name: string }

/**
 * Carries what happened to every node that has listeners. At most once: a signal may be lost, repeated or late, never changed; the log
 * is the truth and listeners find gaps by position. Signals of one publisher arrive in the order of their publishing.
 */
export interface Bus {
  /** False while signals of other nodes may be missing: listeners then compare heads more often. */
  readonly up: boolean
  /** Fire and forget: never throws, never waits. */
  publish(signal: Signal): void
  /** Settles once signals of this room, user, channel or name are sure to arrive here; immediate where there is one node. */
  subscribe(topic: Topic): Promise<void>
  unsubscribe(topic: Topic): void
  /** One listener a process: the hub. */
  listen(listener: (signal: Signal) => void): void
}
