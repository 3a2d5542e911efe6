import type { RoomSettings } from '@parlance/protocol'
import type { Addressee, MessageState, Person, RoomEvent, RoomKey, ThreadState, UserEvent } from '../../live/bus.ts'
import type { EventFacts, EventRow, MessageRow, UserEventRow } from '../../store/rows.ts'

/** What an event row refers to and does not hold. */
export type Context = {
  key: RoomKey
  person: (number: number) => Person
  /** The present state of the message with this ordinal, or where the event carries no text in any case, its id. */
  message: (n: number) => MessageState | { id: string }
  /** Messages with a higher ordinal are visible to every present member. */
  sharedAfter: number
  /** The room as it is now, where an event may tell. */
  settings?: RoomSettings
}

/** A row of a room's log as the bus carries it, in nobody's dialect. */
export function roomEvent(row: EventRow, context: Context): RoomEvent {
  const event: RoomEvent = {
    kind: 'room',
    room: context.key,
    seq: row.seq,
    type: row.type,
    at: row.at,
    actor: row.actor === null ? null : context.person(row.actor),
    subject: null,
    role: row.data?.role ?? null,
    large: row.data?.large ?? null,
    roomKind: row.data?.kind ?? null,
    changed: row.data?.changed ?? null,
    settings: row.type === 'room.updated' ? (context.settings ?? null) : null,
    ref: null,
    reaction: reactionOf(row.data),
    left: leftOf(row.data),
    ttl: row.data?.ttl_s ?? null,
    message: null,
  }
  if (row.data?.until !== undefined) event.until = row.data.until
  if (row.ref === null) return event
  if (!isAboutMessage(row)) event.subject = context.person(row.ref)
  else addMessage(event, row.ref, context)
  return event
}

/** Whether `ref` names a message. */
export const isAboutMessage = ({ type }: Pick<EventRow, 'type'>): boolean => type.startsWith('message.') || type.startsWith('reaction.')

function reactionOf(data: EventFacts | null): RoomEvent['reaction'] {
  const { emoji, count } = data ?? {}
  return emoji === undefined || count === undefined ? null : { emoji, count }
}

function leftOf(data: EventFacts | null): RoomEvent['left'] {
  if (data?.thread === undefined) return null
  const { root, replies, last_n, last_at } = data.thread
  return { root, thread: threadState(replies, last_n, last_at) }
}

const threadState = (count: number, lastN: number | null, lastAt: number | null): ThreadState | null =>
  lastN === null || lastAt === null ? null : { count, lastN, lastAt }

/**
 * Text travels with the event that creates it, which only those present receive, and with an edit only where nobody present could be
 * barred from it. An event is the same for everybody, so who is barred must ask.
 */
function addMessage(event: RoomEvent, n: number, { message, sharedAfter }: Context): void {
  const state = message(n)
  event.ref = { id: state.id, n }
  if (event.type !== 'message.created' && !(event.type === 'message.edited' && n > sharedAfter)) return
  if (!('content' in state)) throw new Error(`${event.type} without its message`)
  event.message = state
}

export function userEvent(row: UserEventRow, room: RoomKey | null): UserEvent {
  const { user, useq, type, at, position, session } = row
  return { kind: 'user', user, useq, type, at, room, position, session }
}

/** Everybody a message names by number. */
export const peopleOf = ({ sender, forward }: MessageRow): number[] => (forward === null ? [sender] : [sender, forward.sender])

/** `addressee` is the person behind the id of the row. */
export function messageState(row: MessageRow, person: (number: number) => Person, addressee: Person | null): MessageState {
  const { forward } = row
  return {
    number: row.number,
    id: row.id,
    n: row.n,
    seq: row.seq,
    rev: row.rev,
    sender: person(row.sender),
    cid: row.cid,
    content: row.content,
    meta: row.meta,
    mentions: row.mentions,
    mentionAll: row.mention_all,
    replyTo: row.reply_to,
    root: row.root,
    forwarded: forward && { sender: person(forward.sender), at: forward.at, room: forward.room },
    reactions: row.reactions,
    thread: threadState(row.replies, row.last_reply_n, row.last_reply_at),
    pinnedAt: row.pinned_at,
    addressee: addressee && addressedTo(addressee),
    createdAt: row.created_at,
    editedAt: row.edited_at,
    deletedAt: row.deleted_at,
  }
}

export const addressedTo = (person: Person): Addressee => ({ person, as: person.number })
