import type { Policy, Role, RoomEventType, RoomField, RoomKind, UserEventType } from '@parlance/protocol'

/** A user as stored; `password` is a hash or null (an account that cannot log in by password). Times everywhere: ms since 1970. */
export type UserRow = {
  number: number
  id: string
  username: string
  name_key: string
  email: string
  owned_email: string | null
  password: string | null
  first_name: string
  last_name: string
  state: 'active' | 'suspended' | 'deleted'
  admin: boolean
  last_useq: number
  created_at: number
}

/** What is given of an account that is being made. */
export type NewUser = Pick<
  UserRow,
  'id' | 'username' | 'name_key' | 'email' | 'owned_email' | 'password' | 'first_name' | 'last_name' | 'admin' | 'created_at'
>

/** One login. `dia` is the dialect it was made by, `native` for our own. */
export type SessionRow = {
  id: string
  user: number
  dia: string
  /** What the client called itself. */
  agent: string | null
  created_at: number
  /** The latest sign of use; written at most once an hour. */
  used_at: number
  expires_at: number
  ended_at: number | null
}

/** The same of a login, with the hash of its first refresh token. */
export type NewSession = Pick<SessionRow, 'id' | 'dia' | 'agent' | 'created_at' | 'expires_at'> & { refresh_hash: Uint8Array }

/** An invitation into a room, or with null into the server. `creator` is null for one made by a command. */
export type InviteRow = {
  number: number
  id: string
  room: number | null
  role: 'admin' | 'member' | null
  creator: number | null
  max_uses: number
  uses: number
  created_at: number
  expires_at: number
  revoked_at: number | null
}

export type RoomRow = {
  number: number
  id: string
  kind: RoomKind
  name: string | null
  title: string | null
  description: string | null
  meta: Record<string, unknown> | null
  policy: Policy
  acl: number
  creator: number | null
  /** Key of a direct room's pair `<low>:<high>`, null for others. */
  pair: string | null
  last_seq: number
  last_n: number
  /** last_n at the latest join: newer messages are visible to every present member. */
  shared_n: number
  floor_seq: number
  floor_n: number
  /** Messages older than so many seconds disappear. */
  ttl_s: number | null
  members: number
  large: boolean
  /** Seconds between two messages of one member; 0 for none. */
  slow_mode_s: number
  archived_at: number | null
  /** A deleted room keeps its row, and of its log the last event. */
  deleted_at: number | null
  created_at: number
}

/** A present stay. */
export type MemberRow = {
  number: number
  room: number
  user: number
  role: Role
  from_seq: number
  from_n: number
  read_n: number
  joined_at: number
}

/** That somebody is kept out of a room (`ban`) or silent in it (`mute`); `until` null: till it is lifted. One of each at most. */
export type SanctionRow = {
  number: number
  room: number
  user: number
  kind: 'ban' | 'mute'
  by: number
  reason: string | null
  at: number
  until: number | null
}

/** An open request to join a room. */
export type RequestRow = { number: number; room: number; user: number; message: string | null; at: number }

/** A past or present stay; `to_*` null while present. */
export type StayRow = { room: number; user: number; from_seq: number; from_n: number; to_seq: number | null; to_n: number | null }

/** Who first wrote a forwarded text, and when; `room` (an id) where everybody may read it. */
export type ForwardRow = { sender: number; at: number; room: string | null }

/** An emoji and how many reacted with it, the first first. */
export type ReactionCounts = [emoji: string, count: number][]

export type MessageRow = {
  number: number
  id: string
  room: number
  seq: number
  n: number
  sender: number
  cid: string | null
  kind: string
  content: string
  meta: Record<string, unknown> | null
  mentions: string[]
  mention_all: boolean
  reply_to: string | null
  /** Id of the first message of the thread, on replies. */
  root: string | null
  forward: ForwardRow | null
  reactions: ReactionCounts
  /** Replies of the thread that begins here, without deleted ones; the latest of them, null without any. */
  replies: number
  last_reply_n: number | null
  last_reply_at: number | null
  pinned_at: number | null
  addressee: string | null
  rev: number
  edited_at: number | null
  deleted_at: number | null
  created_at: number
}

/** One person's reaction; `seq` is the position of its event. */
export type ReactionRow = { room: number; n: number; user: number; emoji: string; seq: number; at: number }

/** What is left of a thread after one of its replies was deleted. */
export type ThreadFact = { root: string; replies: number; last_n: number | null; last_at: number | null }

/** One event as stored: facts only. `ref` is the user number of membership events and the `n` of message events. */
export type EventRow = {
  room: number
  seq: number
  type: RoomEventType
  actor: number | null
  ref: number | null
  data: EventFacts | null
  at: number
}

export type EventFacts = {
  role?: Role
  large?: boolean
  kind?: RoomKind
  changed?: RoomField[]
  until?: number
  emoji?: string
  /** So many react with `emoji` after the event. */
  count?: number
  thread?: ThreadFact
  ttl_s?: number | null
}

/** One fact of a user's log; `position` is the seq of a join, a departure or the deletion of a room, or a marker. */
export type UserEventRow = {
  user: number
  useq: number
  type: UserEventType
  room: number | null
  position: number | null
  session: string | null
  at: number
}
