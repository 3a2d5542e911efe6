import type { Policy, Role, RoomEventType, RoomKind, UserEventType } from '@parlance/protocol'
import type { Generated } from 'kysely'
import type { InviteRow, UserRow } from './rows.ts'

/**
 * The tables of both engines, in the types a driver must take and give: integers as numbers, ids and hashes as bytes, objects and lists as
 * JSON text, truth as 0 or 1. Times are ms since 1970. What each row means stands in rows.ts; tables/rows-of.ts turns one into the other.
 */
export interface Tables {
  meta: { key: string; value: string }
  users: UsersTable
  sessions: SessionsTable
  refresh_tokens: RefreshTokensTable
  identities: IdentitiesTable
  reset_links: ResetLinksTable
  invites: InvitesTable
  deletions: DeletionsTable
  rooms: RoomsTable
  members: MembersTable
  stays: StaysTable
  sanctions: SanctionsTable
  slow_posts: SlowPostsTable
  join_requests: RequestsTable
  messages: MessagesTable
  mentions: MentionsTable
  reactions: ReactionsTable
  reads: ReadsTable
  events: EventsTable
  user_events: UserEventsTable
  creations: CreationsTable
}

export type UsersTable = {
  number: Generated<number>
  id: Uint8Array
  username: string
  name_key: string
  email: string
  owned_email: string | null
  password: string | null
  first_name: string
  last_name: string
  /** Folded name key, first and last name, a line each: what a search looks into. */
  search_text: string
  state: UserRow['state']
  admin: number
  last_useq: number
  created_at: number
}

export type SessionsTable = {
  id: Uint8Array
  user: number
  dia: string
  agent: string | null
  created_at: number
  used_at: number
  expires_at: number
  ended_at: number | null
}

/** Every refresh token of a session that has not expired, as a hash; a spent one names its successor. */
export type RefreshTokensTable = {
  hash: Uint8Array
  session: Uint8Array
  expires_at: number
  spent_at: number | null
  successor: Uint8Array | null
}

/** Links to set a new password, as hashes. Those of an account go when one is used. */
export type ResetLinksTable = { hash: Uint8Array; user: number; created_at: number; expires_at: number }

/** Deleted accounts of which something is left to be taken away. */
export type DeletionsTable = { user: number; messages: 'keep' | 'remove'; at: number }

export type InvitesTable = Omit<InviteRow, 'number' | 'id'> & { number: Generated<number>; id: Uint8Array; hash: Uint8Array }

/** Whom an issuer vouches for. Tokens it issued before `tokens_from` are over, those never seen here as well. */
export type IdentitiesTable = { issuer: string; subject: string; user: number; tokens_from: number; created_at: number }

export type RoomsTable = {
  number: Generated<number>
  id: Uint8Array
  kind: RoomKind
  name: string | null
  title: string | null
  description: string | null
  meta: string | null
  policy: string
  /** `policy.listed`, to browse by. */
  listed: Policy['listed']
  /** Folded name and title, a line each. */
  search_text: string
  acl: number
  /**
   * The acl of the latest change that could take a right from somebody. Joins raise `acl` alone, as they only grant: a verdict is stale
   * exactly when it was taken below `strict_acl`, so that a rush of joins does not send every waiting write back to be judged again.
   */
  strict_acl: number
  creator: number | null
  pair: string | null
  last_seq: number
  last_n: number
  shared_n: number
  floor_seq: number
  floor_n: number
  ttl_s: number | null
  members: number
  large: number
  slow_mode_s: Generated<number>
  archived_at: number | null
  deleted_at: number | null
  /** When the last of a deleted room was taken away. */
  purged_at: number | null
  created_at: number
}

export type MembersTable = {
  number: Generated<number>
  room: number
  user: number
  role: Role
  from_seq: number
  from_n: number
  read_n: number
  joined_at: number
}

export type StaysTable = { room: number; user: number; from_seq: number; from_n: number; to_seq: number | null; to_n: number | null }

export type SanctionsTable = {
  number: Generated<number>
  room: number
  user: number
  kind: 'ban' | 'mute'
  by: number
  reason: string | null
  at: number
  until: number | null
}

export type RequestsTable = { number: Generated<number>; room: number; user: number; message: string | null; at: number }

/** When somebody last posted in a room in slow mode. Beside the stay, which ends with a departure. */
export type SlowPostsTable = { room: number; user: number; at: number }

export type MessagesTable = {
  number: Generated<number>
  id: Uint8Array
  room: number
  seq: number
  n: number
  sender: number
  cid: string | null
  digest: Uint8Array | null
  kind: string
  content: string
  meta: string | null
  /** JSON list of user ids, null for none; the rows to find messages by stand in `mentions`. */
  mentions: string | null
  mention_all: number
  addressee: Uint8Array | null
  reply_to: Uint8Array | null
  root: Uint8Array | null
  /** JSON of a ForwardRow. */
  forward: string | null
  /** JSON of ReactionCounts, null for none. */
  reactions: string | null
  replies: Generated<number>
  last_reply_n: number | null
  last_reply_at: number | null
  pinned_at: number | null
  rev: number
  edited_at: number | null
  deleted_at: number | null
  created_at: number
}

/** The primary key finds one's own, the index the order of `seq`. */
export type ReactionsTable = { room: number; n: number; user: number; emoji: string; seq: number; at: number }

/** When a member said of this very message that they read it, the first time. */
export type ReadsTable = { room: number; n: number; user: number; at: number }

/** `user` null mentions everybody in the room. */
export type MentionsTable = { room: number; n: number; user: number | null }

export type EventsTable = {
  room: number
  seq: number
  type: RoomEventType
  actor: number | null
  ref: number | null
  data: string | null
  at: number
}

/** `key` names what the fact is about: `room:<number>`, `read:<number>`, `session:<id>`. A newer fact takes the place of the older. */
export type UserEventsTable = {
  user: number
  useq: number
  key: string
  type: UserEventType
  room: number | null
  position: number | null
  session: Uint8Array | null
  at: number
}

/** What a create operation with a cid made: `result` is the number of the thing. */
export type CreationsTable = { actor: number; op: string; cid: string; digest: Uint8Array; result: number }
