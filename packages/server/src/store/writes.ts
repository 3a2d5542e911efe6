import type { Policy, Role } from '@parlance/protocol'
import type { AccountWrites } from './account-writes.ts'
import type { Gone, Logged, Stale } from './outcomes.ts'
import type { ForwardRow, MemberRow, MessageRow, RequestRow, RoomRow, SanctionRow, SessionRow, UserEventRow, UserRow } from './rows.ts'

/** A message to be written. `acl` is the room's acl at which the sender was judged; `join` makes the sender a member first. */
export type SendIntent = {
  room: number
  sender: number
  acl: number
  join: Role | null
  id: string
  cid: string | null
  /** Keyed hash of the request, to tell a retry from another request with the same cid. 8 bytes. */
  digest: Uint8Array
  content: string
  meta: string | null
  /** Ids for the view, numbers for the rows; same order. */
  mentions: { id: string; number: number }[]
  mentionAll: boolean
  replyTo: string | null
  /** Id of the first message of the thread this one joins; the write counts it there. */
  root: string | null
  forward: ForwardRow | null
  addressee: string | null
  at: number
  /** The room's slow mode, where it counts for the sender: ms since the sender's last message there. */
  slowMs: number | null
}

/** `stored`: written by this request. `known`: an earlier request with this cid wrote it. `conflict`: the cid was used for another body. */
export type SendOutcome =
  | ({ status: 'stored'; number: number; seq: number; n: number } & Logged)
  | { status: 'known'; message: MessageRow }
  | { status: 'conflict' }
  | { status: 'room_full' | 'too_many_rooms' }
  | { status: 'slow_mode'; retry_ms: number }

/** A read marker to be raised to `n` (at most the last message). `named`: messages read by name, each remembered once. */
export type ReadIntent = { room: number; user: number; n: number; at: number; named?: readonly number[] }
/** `read` is the marker now, `raised` whether this request moved it. Null: no member. */
export type ReadOutcome = { read: number; unread: number; raised: boolean; userEvents: UserEventRow[] } | null

/** A reaction to be added or taken back. `acl` is the room's acl at which its author was judged. */
export type ReactIntent = { room: number; user: number; acl: number; message: string; emoji: string; add: boolean; at: number }
/** `count`: how many react with this emoji now. `unchanged`: it stood so before. */
export type ReactOutcome =
  | ({ status: 'changed'; n: number; rev: number; count: number } & Logged)
  | { status: 'unchanged'; n: number; rev: number; count: number }
  | { status: 'deleted' | 'too_many_reactions' }
  | Gone
  | Stale

export type NewRoom = Pick<RoomRow, 'id' | 'kind' | 'name' | 'title' | 'description' | 'meta' | 'policy' | 'created_at'> & {
  creator: number
  /** The creator's role; null makes no member of the creator. */
  creatorRole: Role | null
  members: number[]
  /** Above so many rooms a user joins no further one. */
  userRooms: number
}

/**
 * What is only kept for a time: logins with their refresh tokens, links to a new password, invitations, bans and mutes that have ended, and
 * when somebody last wrote in a room in slow mode.
 */
export type Passing = 'sessions' | 'resets' | 'invites' | 'sanctions' | 'slow_posts'

type RoomChange = { room: number; by: number; acl: number; at: number }
type MemberChange = Omit<RoomChange, 'by'> & { user: number; by: number | null }

/**
 * Every rarer write, by name: plain data in and out, one transaction each (rooms locked by number, then users by number, then looked at).
 * A unique conflict that a person can cause is an answer, never an exception.
 */
export type Writes = AccountWrites & {
  'users.update': (
    input: { user: number } & Partial<Pick<UserRow, 'email' | 'owned_email' | 'first_name' | 'last_name' | 'password'>>,
  ) => { status: 'updated'; user: UserRow } | { status: 'email_taken' } | Gone
  /**
   * Suspends or restores. `by` must be an admin and somebody else; null is the operator of this machine. A suspension ends every session
   * in the same transaction.
   */
  'users.admit': (input: {
    user: number
    by: number | null
    state: 'active' | 'suspended'
    at: number
  }) => { status: 'changed'; userEvents: UserEventRow[] } | { status: 'unchanged' } | { status: 'forbidden' } | Gone
  /**
   * Spends a refresh token: `rotated` for an unspent one; `grace` for one spent at most `graceMs` ago (its successor is still unspent or
   * in grace); `reused` ends the session. `successor` is the hash of the token derived from the spent one.
   */
  'sessions.rotate': (input: {
    hash: Uint8Array
    successor: Uint8Array
    at: number
    graceMs: number
    expiresAt: number
  }) =>
    | { status: 'rotated' | 'grace'; session: SessionRow; user: UserRow }
    | ({ status: 'reused'; session: SessionRow } & Logged)
    | { status: 'unknown' }
    | { status: 'suspended' }
  /** Spends a refresh token that is kept nowhere until then, so that the session has it as a spent one. `known`: it was spent before. */
  'sessions.spend': (input: { session: string; hash: Uint8Array; expiresAt: number; at: number }) => { status: 'spent' | 'known' } | Gone
  /**
   * What becomes of a login of an older door when its refresh token is used: it lasts until `expiresAt`, if that is later; with `spend`,
   * the token dies. `known`: it is dead already.
   */
  'sessions.renew': (input: {
    session: string
    at: number
    expiresAt: number
    spend: { hash: Uint8Array; expiresAt: number } | null
  }) => { status: 'renewed' | 'known' } | Gone
  'sessions.end': (input: { session: string; at: number }) => { status: 'ended'; user: number; userEvents: UserEventRow[] } | Gone
  'rooms.create': (input: {
    room: NewRoom
    cid: string | null
    digest: Uint8Array
  }) =>
    | ({ status: 'created'; room: RoomRow } & Logged)
    | { status: 'known'; room: RoomRow }
    | { status: 'conflict' | 'name_taken' | 'too_many_rooms' }
  'rooms.direct': (input: {
    id: string
    a: number
    b: number
    policy: Policy
    creator: number
    userRooms: number
    at: number
  }) => ({ status: 'created'; room: RoomRow } & Logged) | { status: 'known'; room: RoomRow } | { status: 'too_many_rooms' }
  /** Absent fields stay, `policy` is the whole one. Without a difference there is no event. */
  'rooms.update': (
    input: RoomChange &
      Partial<Pick<RoomRow, 'name' | 'title' | 'description' | 'meta' | 'policy' | 'slow_mode_s'>> & { archived?: boolean },
  ) => ({ status: 'updated'; room: RoomRow } & Logged) | { status: 'name_taken' } | Stale
  /**
   * The last event of a room. Its floors rise to hide everything before it, its name is free again; what it held is for `rooms.purge` to
   * take away.
   */
  'rooms.delete': (input: RoomChange) => ({ status: 'deleted'; room: RoomRow } & Logged) | Stale
  /** Takes from a deleted room at most so many members, with a fact for each, or then so many messages and events. */
  'rooms.purge': (input: { room: number; members: number; rows: number; at: number }) => { status: 'purged'; done: boolean } & Logged
  /** Makes a present stay; sets shared_n, raises acl and, past the published bound, `large`. */
  'members.join': (
    input: MemberChange & {
      role: Role
      roomMembers: number
      userRooms: number
      /** The number of one to be used up. */
      invite?: number
      /** Only where the user asks to join. */
      requested?: true
    },
  ) =>
    | ({ status: 'joined'; member: MemberRow } & Logged)
    | { status: 'present'; member: MemberRow }
    | { status: 'room_full' | 'too_many_rooms' | 'invalid_link' | 'absent' }
    | Stale
  /**
   * Asks to join, with a fact for `told` of those who run the room; an open request is answered as it is. `list_full`: of the room or of
   * the user so many are open.
   */
  'requests.open': (
    input: Omit<RoomChange, 'by'> & { user: number; message: string | null; roomRequests: number; userRequests: number; told: number },
  ) => ({ status: 'open'; request: RequestRow } & Logged) | { status: 'list_full' } | Stale
  /** `acl` null: the user's own doing. Otherwise the user is told. */
  'requests.close': (
    input: Pick<RoomChange, 'room' | 'at'> & { user: number; acl: number | null },
  ) => ({ status: 'closed' } & Logged) | { status: 'absent' } | Stale
  /** Ends the present stay. `keepOwner`: refuse if this is the last owner and others remain. */
  'members.leave': (
    input: MemberChange & { keepOwner: boolean },
  ) => ({ status: 'left' } & Logged) | { status: 'absent' | 'last_owner' } | Stale
  'members.role': (
    input: MemberChange & { role: Role },
  ) => ({ status: 'changed'; member: MemberRow } & Logged) | { status: 'absent' } | Stale
  /** Both roles change in one step: `user` becomes the owner, and `by`, who was it, an admin. */
  'members.transfer': (
    input: RoomChange & { user: number },
  ) => ({ status: 'changed'; member: MemberRow } & Logged) | { status: 'absent' } | Stale
  /**
   * A ban ends the present stay, if any. `target` is the role that was judged, null for none; of its kind a room has at most `atMost`.
   * The same terms again are no event.
   */
  'sanctions.set': (
    input: RoomChange & Pick<SanctionRow, 'user' | 'kind' | 'reason' | 'until'> & { target: Role | null; atMost: number },
  ) => ({ status: 'set'; sanction: SanctionRow } & Logged) | { status: 'list_full' } | Stale
  'sanctions.lift': (
    input: RoomChange & Pick<SanctionRow, 'user' | 'kind'>,
  ) => ({ status: 'lifted' } & Logged) | { status: 'absent' } | Stale
  /** Absent fields stay. */
  'messages.edit': (input: {
    room: number
    message: string
    by: number
    acl: number
    at: number
    content?: string
    meta?: string | null
    mentions?: { id: string; number: number }[]
    mentionAll?: boolean
  }) => ({ status: 'edited'; message: MessageRow } & Logged) | { status: 'deleted' } | Gone | Stale
  /** The text and all that hangs on it go; the place and the thread stay. `unchanged`: it was deleted before. */
  'messages.delete': (input: {
    room: number
    message: string
    by: number
    acl: number
    at: number
  }) => ({ status: 'deleted'; message: MessageRow } & Logged) | { status: 'unchanged' } | Gone | Stale
  /** Pins or unpins. `unchanged`: it stood so before. `pins`: a room has at most so many. */
  'messages.pin': (input: {
    room: number
    message: string
    by: number
    acl: number
    at: number
    pinned: boolean
    pins: number
  }) =>
    | ({ status: 'changed'; message: MessageRow } & Logged)
    | { status: 'unchanged'; message: MessageRow }
    | { status: 'deleted' | 'too_many_pins' }
    | Gone
    | Stale
  'rooms.expiry': (input: {
    room: number
    by: number
    acl: number
    at: number
    ttl_s: number | null
  }) => ({ status: 'changed' } & Logged) | { status: 'unchanged' } | Stale
  /**
   * Retires the oldest events of a room that forgets, at most `events` of them, as long as they are older than its time, with everything
   * that hangs on their messages. The floor of the room is what it is afterwards.
   */
  'rooms.retire': (input: { room: number; at: number; events: number }) => { status: 'retired'; room: RoomRow } | { status: 'nothing' }
  /**
   * Takes away what was over at `before`, about `rows` rows of it. Of a login that is the end of its last token, ended before or not: until
   * then it is what says no to a token. `done`: nothing is left.
   */
  'passing.sweep': (input: { what: Passing; before: number; rows: number }) => { status: 'swept'; rows: number; done: boolean }
}
export type WriteName = keyof Writes
export type WriteInput<N extends WriteName> = Parameters<Writes[N]>[0]
export type WriteOutput<N extends WriteName> = ReturnType<Writes[N]>
