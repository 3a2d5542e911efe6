import type { Policy } from '@parlance/protocol'
import type {
  EventRow,
  InviteRow,
  MemberRow,
  MessageRow,
  ReactionRow,
  RequestRow,
  RoomRow,
  SanctionRow,
  SessionRow,
  StayRow,
  UserEventRow,
  UserRow,
} from './rows.ts'
import type {
  ReactIntent,
  ReactOutcome,
  ReadIntent,
  ReadOutcome,
  SendIntent,
  SendOutcome,
  WriteInput,
  WriteName,
  WriteOutput,
} from './writes.ts'

/** The acl-bound part of a send, taken by rules outside; an exception is the refusal. */
export type Verdict = Pick<SendIntent, 'acl' | 'join'> & Partial<Pick<SendIntent, 'slowMs'>>

export type SendRequest = Omit<SendIntent, keyof Verdict> & {
  /** Writes with the same lane (a connection) are judged and written in the order of their calls. Null: no order. */
  lane: object | null
  /**
   * Judges the sender. Called once before queueing, and again whenever the room's acl was newer under the lock. May answer at once or
   * later; the lane waits. A throw refuses the send after the cid was looked up: a known cid answers with its message all the same.
   */
  judge: (fresh: boolean) => Verdict | Promise<Verdict>
}

/**
 * The one way to write. Everything that arrives while a transaction is under way waits and commits together; nothing settles before its
 * commit is on disk. Rejects with a ChatError: `overloaded` (queue full), `unknown_outcome`, `storage_full`, `internal`; only
 * `unknown_outcome` may have written.
 */
export interface CommitQueue {
  send(request: SendRequest): Promise<SendOutcome>
  read(intent: ReadIntent): Promise<ReadOutcome>
  react(intent: ReactIntent): Promise<ReactOutcome>
  write<N extends WriteName>(name: N, input: WriteInput<N>): Promise<WriteOutput<N>>
  /** Intents waiting or being written. */
  readonly depth: number
  /** Settles when everything accepted so far has settled. */
  drain(): Promise<void>
}

/** A slice of a list: at most `limit` rows behind the key `after` (null: from the start). */
export type Slice<K = number> = { after: K | null; limit: number }

/** Reads of committed state. `undefined` means: there is none. */
export interface UserReads {
  byId(id: string): Promise<UserRow | undefined>
  byNumber(number: number): Promise<UserRow | undefined>
  /** By the folded name, see rules/usernames.ts. */
  byNameKey(key: string): Promise<UserRow | undefined>
  byOwnedEmail(email: string): Promise<UserRow | undefined>
  byNumbers(numbers: readonly number[]): Promise<UserRow[]>
  byIds(ids: readonly string[]): Promise<UserRow[]>
  /** Active users whose name_key, first or last name contains `query` (folded), ordered by name_key. */
  search(query: string, slice: Slice<string>): Promise<UserRow[]>
  /** Users of every state, `query` as in `search`, in the order of their numbers. */
  list(query: string, slice: Slice): Promise<UserRow[]>
}

export interface SessionReads {
  byId(id: string): Promise<SessionRow | undefined>
  /** Whether this refresh token is kept as a spent one. */
  isSpent(hash: Uint8Array): Promise<boolean>
  /** Those of a user that have not ended and do not end before `at`, by id, the latest first. */
  ofUser(user: number, at: number, slice: Slice<string>): Promise<SessionRow[]>
}

export interface ResetReads {
  /** Whether a link with this hash is good at that time. */
  isLive(hash: Uint8Array, at: number): Promise<boolean>
}

export interface InviteReads {
  byHash(hash: Uint8Array): Promise<InviteRow | undefined>
  byId(id: string): Promise<InviteRow | undefined>
  /** Those of a room, or with null of the server, that can be used at that time, the latest first; with `creator` only theirs. */
  open(which: { room: number | null; creator: number | null; at: number }, slice: Slice): Promise<InviteRow[]>
}

/** A deleted account of which something is left to be taken away. */
export type Deletion = { user: number; messages: 'keep' | 'remove' }

export interface DeletionReads {
  pending(): Promise<Deletion[]>
  /** Numbers of the rooms a user was ever a member of, ascending. */
  places(user: number, slice: Slice): Promise<number[]>
  /** Ordinals in the range of messages that a user wrote and that have a text. */
  texts(room: number, user: number, range: Ordinals): Promise<number[]>
  /** What a user reacted with to messages in the range, in their order. */
  reactions(room: number, user: number, range: Ordinals): Promise<{ message: string; emoji: string }[]>
}

export interface RoomReads {
  byId(id: string): Promise<RoomRow | undefined>
  byNumber(number: number): Promise<RoomRow | undefined>
  byName(name: string): Promise<RoomRow | undefined>
  /** The one-to-one room of two users, the lower number first. */
  byPair(low: number, high: number): Promise<RoomRow | undefined>
  byNumbers(numbers: readonly number[]): Promise<RoomRow[]>
  /** The oldest room, public ones left out, whose present members are exactly these two (the one, where both are the same). */
  ofTwo(one: number, other: number): Promise<RoomRow | undefined>
  /** Public rooms listed to users or anyone, newest first, `query` a part of name or title. */
  browse(query: string, slice: Slice): Promise<RoomRow[]>
  /** Every room that is not deleted, in the order of their numbers, `query` a part of name or title. */
  list(query: string, slice: Slice): Promise<RoomRow[]>
  /** Named public rooms listed to one of these, by name, behind the name `after`. */
  index(listed: readonly Policy['listed'][], page: { after: string | null; limit: number }): Promise<RoomRow[]>
  heads(numbers: readonly number[]): Promise<{ room: number; seq: number; n: number }[]>
  /** Deleted rooms of which something is left, at most `limit`. */
  unpurged(limit: number): Promise<number[]>
  /** Numbers of rooms that have something to forget at this time, at most `limit`. */
  forgetting(at: number, limit: number): Promise<number[]>
}

/** Where a user stands in a room. `ban` and `mute` are there even where they have ended. */
export type Place = { room: RoomRow; member: MemberRow | undefined; ban: Term | undefined; mute: Term | undefined }
export type Term = Pick<SanctionRow, 'until'>

export interface SanctionReads {
  /** Those that have not ended at `at`, the latest first. */
  list(room: number, kind: SanctionRow['kind'], slice: Slice & { at: number }): Promise<SanctionRow[]>
}

export interface RequestReads {
  /** Oldest first. */
  ofRoom(room: number, slice: Slice): Promise<RequestRow[]>
  ofUser(user: number, slice: Slice): Promise<RequestRow[]>
}

export interface MemberReads {
  one(room: number, user: number): Promise<MemberRow | undefined>
  /** Present members in the order of their joining (by number). */
  list(room: number, slice: Slice): Promise<MemberRow[]>
  /** Present stays of a user with their rooms, latest joined first. Here and below deleted rooms are left out. */
  ofUser(user: number, slice: Slice): Promise<{ member: MemberRow; room: RoomRow }[]>
  /** Present members of these rooms, of each so many at most, those who joined first. */
  ofRooms(rooms: readonly number[], each: number): Promise<{ room: number; user: number }[]>
  /** All present stays of a user with their rooms, ordered by room number; one statement, so one moment. */
  allOfUser(user: number): Promise<{ member: MemberRow; room: RoomRow }[]>
  /** One room with the present stay of the user, if any, and what is laid upon the user there; in one statement. */
  withRoom(user: number, room: { number: number } | { id: string } | { name: string }): Promise<Place | undefined>
  /** Present stays of a user in those of these rooms where there is one, in no order. */
  ofUserIn(user: number, rooms: readonly number[]): Promise<MemberRow[]>
  /** Those of the rooms with these ids in which the user has a present stay, in no order. */
  inRooms(user: number, ids: readonly string[]): Promise<{ number: number; id: string }[]>
  /** The other members of direct rooms. */
  peers(rooms: readonly number[], user: number): Promise<{ room: number; user: number }[]>
  /** Every stay of a user in a room, past and present, oldest first. */
  stays(room: number, user: number): Promise<StayRow[]>
  present(room: number, users: readonly number[]): Promise<number[]>
  /**
   * Present members who have read a message: who said so of this very message (`at`), or whose marker passed it during their stay (null).
   * Longest members first, at most `limit`.
   */
  readers(room: number, message: { n: number; sender: number }, limit: number): Promise<{ user: number; at: number | null }[]>
  /** Those of `others` who share a present room with `user`. */
  acquainted(user: number, others: readonly number[]): Promise<number[]>
}

/** Ordinals `n` in [from, to]. */
export type Ordinals = { from: number; to: number }

export interface MessageReads {
  /** The room a message is in. */
  roomOf(id: string): Promise<number | undefined>
  byId(room: number, id: string): Promise<MessageRow | undefined>
  byCid(room: number, sender: number, cid: string): Promise<{ message: MessageRow; digest: Uint8Array | null } | undefined>
  /** Ascending by n; `from` the low end (`oldest`) or the high end (`newest`) of the range when it holds more than `limit`. */
  range(room: number, range: Ordinals, take: { limit: number; end: 'oldest' | 'newest' }): Promise<MessageRow[]>
  /** The messages with these (room, n). */
  at(keys: readonly { room: number; n: number }[]): Promise<MessageRow[]>
  /** Replies of a thread by the id of its first message, ascending by n. */
  thread(room: number, root: string, slice: Slice): Promise<MessageRow[]>
  /** Latest pinned first, at most `limit`. */
  pinned(room: number, limit: number): Promise<MessageRow[]>
}

export interface ReactionReads {
  /** In the order of their events; `emoji` null for all. */
  of(room: number, message: { n: number; emoji: string | null }, slice: Slice): Promise<ReactionRow[]>
  /** What one user reacted with to messages of a room. */
  ofUser(room: number, user: number, ns: readonly number[]): Promise<{ n: number; emoji: string }[]>
}

export interface EventReads {
  /** Ascending by seq, in (after, upto], at most `limit`. */
  range(room: number, range: { after: number; upto: number; limit: number }): Promise<EventRow[]>
  /** Ascending by useq, behind `after`, with the head of the user's log read in the same statement or before. */
  ofUser(user: number, range: { after: number; limit: number }): Promise<{ head: number; events: UserEventRow[] }>
  userHeads(users: readonly number[]): Promise<{ user: number; useq: number }[]>
}

/** The kept truth: one queue that writes and reads of what is committed. */
export interface Store extends AsyncDisposable {
  readonly engine: 'sqlite' | 'postgres'
  /** Identity of this database; changes when it is restored or copied. */
  readonly epoch: string
  readonly queue: CommitQueue
  readonly users: UserReads
  readonly sessions: SessionReads
  readonly resets: ResetReads
  readonly invites: InviteReads
  readonly deletions: DeletionReads
  readonly rooms: RoomReads
  readonly members: MemberReads
  readonly sanctions: SanctionReads
  readonly requests: RequestReads
  readonly messages: MessageReads
  readonly reactions: ReactionReads
  readonly events: EventReads
  /** Rejects while the database cannot be read. */
  ping(): Promise<void>
}
