import type { Role, RoomKind } from '@parlance/protocol'
import type { Person, RoomEvent, RoomKey, UserEvent } from './bus.ts'

/** Head of a room's log and of its messages. */
export type Head = { room: number; seq: number; n: number }

/** A person's present stay in a room, with the head of the room and what bounds the reading of it. */
export type Stay = {
  room: RoomKey
  kind: RoomKind
  role: Role
  /** The stay began behind this position; 0 for a guest. Whatever the log says of the person up to here belongs to earlier stays. */
  since: number
  /** The log is readable behind this position: 0, or the join where history is hidden. */
  fromSeq: number
  /** Unread counts from here: max(marker, join, floor). */
  read: number
  seq: number
  n: number
  floor: number
  large: boolean
}

/** A room that may be read without a stay (public). */
export type OpenRoom = Omit<Stay, 'role'> & { role: Role | null }

/** What was asked of a log, up to where it goes, and the floor as of then: positions up to there are retired. */
export type LoggedStretch = { events: RoomEvent[]; upto: number; floor: number }

/**
 * The durable truth as the hub and the sockets read it. Every answer is read from committed state, never from a cache that may lag;
 * events come in seq order and without what the reader may not see.
 */
export interface Log {
  readonly epoch: string
  heads(rooms: readonly number[]): Promise<Head[]>
  userHeads(users: readonly number[]): Promise<{ user: number; useq: number }[]>
  /** Every present stay of a user, ordered by room number. */
  stays(user: number): Promise<Stay[]>
  /** What a user may read of one room now, by id or number: the stay, or the public room, or null. */
  open(user: number, room: string | number): Promise<OpenRoom | null>
  /**
   * Events in (after, upto], at most `limit`. For the hub (no reader) and, after a Stay was taken, for its reader. Everything up to the
   * `upto` of the answer is told here or retired; it is `after` where the log does not reach further.
   */
  events(room: number, range: { after: number; upto: number; limit: number }): Promise<LoggedStretch>
  userEvents(user: number, range: { after: number; limit: number }): Promise<{ upto: number; events: UserEvent[] }>
  /** Users who share a present room with this one, among those asked for. */
  acquainted(user: number, others: readonly string[]): Promise<Person[]>
}
