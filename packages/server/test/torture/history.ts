import type { Message, RoomEventFrame, RoomEventType } from '@parlance/protocol'

/** A message as one observer saw it: its state at `rev`. */
export type View = { id: string; n: number; seq: number; rev: number; sender: string; cid: string | null; body: string; deleted: boolean }

/** One durable event, reduced to what can be compared. `subject` is the user of a membership event, `ref` the message of a change. */
export type Logged = {
  room: string
  seq: number
  type: RoomEventType
  view: View | null
  ref: { id: string; rev: number } | null
  subject: string | null
}

/** `at`: ms on the one monotonic clock of the process that records. `conn` names one connection, `user` who it belongs to. */
type Noted<K extends string, F> = { kind: K; at: number; user: string; conn: string } & F

export type Invoke = Noted<'invoke', { room: string; cid: string; body: string }>
export type Ok = Noted<'ok', { cid: string; room: string; dup: boolean; view: View }>
export type Refused = Noted<'refused', { cid: string; room: string; code: string }>
/** The connection went, or the answer was `unknown_outcome`: written or not, nobody knows yet. */
export type Unknown = Noted<'unknown', { cid: string; room: string }>
/** A durable event that arrived, in the order of arrival. `live`: by itself; `page`: pushed in a replay; `answer`: asked for. */
export type Received = Noted<'received', { event: Logged; via: 'live' | 'page' | 'answer' }>
/** A durable event that became part of what the client shows, in the order in which it did. */
export type Applied = Noted<'applied', { event: Logged }>
/** A stretch of the log that came: what it says it covers. */
export type Range = Noted<'range', { room: string; after: number; upto: number; via: 'page' | 'answer' }>
/** The client begins to read a room behind this position; `end`: its reading is over with the departure at `seq`. */
export type Begin = Noted<'begin', { room: string; local: number }>
export type End = Noted<'end', { room: string; seq: number }>
export type Head = Noted<'head', { room: string; seq: number }>
/** A hello was answered. `rooms`: where the client stood in each room before, where after the replay, and the head it was told. */
export type Ready = Noted<
  'ready',
  { mode: 'resumed' | 'heads' | 'reset'; rooms: { room: string; cursor: number; local: number; head: number }[] }
>
/** The server says that it does not have what this client has seen. */
export type Reset = Noted<'reset', { rooms: string[] }>
/** Somebody is about to change a membership: from now on it may happen. A repetition of a request in doubt is noted again. */
export type Change = Noted<'change', { room: string; subject: string; change: 'enter' | 'leave' }>
/** Where a client stands in a room when everything is quiet. */
export type Final = Noted<'final', { room: string; local: number }>

export type Entry = Invoke | Ok | Refused | Unknown | Received | Applied | Range | Begin | End | Head | Ready | Reset | Change | Final

/** Everything that the clients did and saw, in one order: that of one clock. */
export class History {
  readonly entries: Entry[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  note(who: { user: string; conn: string }, note: Note): void {
    this.entries.push({ at: this.#now(), ...who, ...note })
  }
}

/** An entry without its circumstances. */
export type Note = Entry extends infer E ? (E extends Entry ? Omit<E, 'at' | 'user' | 'conn'> : never) : never

/** The log of one room as it stands in the end, read through the published API by somebody who always was a member. */
export type RoomTruth = {
  room: string
  kind: 'group' | 'public' | 'direct'
  history: 'open' | 'hidden'
  events: Logged[]
  /** The same messages as the history of the room gives them, ordered by n. */
  messages: View[]
  head: { seq: number; n: number }
}

export type Truth = ReadonlyMap<string, RoomTruth>

export const viewOf = (message: Message): View => ({
  id: message.id,
  n: message.n,
  seq: message.seq,
  rev: message.rev,
  sender: message.sender.id,
  cid: message.cid ?? null,
  body: message.content,
  deleted: message.deleted_at !== undefined,
})

/** An event as it came over the wire, reduced to what can be compared. */
export function loggedOf(frame: RoomEventFrame): Logged {
  const base = { room: frame.room, seq: frame.seq, type: frame.ev, view: null, ref: null, subject: null }
  switch (frame.ev) {
    case 'message.created':
      return { ...base, view: viewOf(frame.data) }
    case 'message.edited':
      return { ...base, ref: refOf(frame.data), view: frame.data.message === undefined ? null : viewOf(frame.data.message) }
    case 'message.deleted':
    case 'message.pinned':
    case 'message.unpinned':
    case 'reaction.added':
    case 'reaction.removed':
      return { ...base, ref: refOf(frame.data) }
    case 'member.joined':
    case 'member.updated':
    case 'member.left':
      return { ...base, subject: frame.data.user.id }
    case 'room.created':
    case 'member.banned':
    case 'member.unbanned':
    case 'member.muted':
    case 'member.unmuted':
    case 'room.updated':
    case 'room.deleted':
    case 'expiry.set':
      return base
  }
}

const refOf = ({ id, rev }: { id: string; rev: number }) => ({ id, rev })
