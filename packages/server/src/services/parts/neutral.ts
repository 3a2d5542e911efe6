import type { RoomSettings } from '@parlance/protocol'
import type { Addressee, MessageState, Person, RoomEvent, RoomKey, UserEvent } from '../../live/bus.ts'
import type { EventRow, MessageRow, UserEventRow } from '../../store/rows.ts'

/** What an event row refers to and does not hold. */
export type Context = {
  key: RoomKey
  person: (number: number) => Person
  /** The present state of the message with this ordinal. */
  message: (n: number) => MessageState
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
    message: null,
  }
  if (row.ref === null) return event
  if (!isAboutMessage(row)) event.subject = context.person(row.ref)
  else addMessage(event, row.ref, context)
  return event
}

export const isAboutMessage = ({ type }: Pick<EventRow, 'type'>): boolean =>
  type === 'message.created' || type === 'message.edited' || type === 'message.deleted'

/**
 * Text travels with the event that creates it, which only those present receive, and with an edit only where nobody present could be
 * barred from it. An event is the same for everybody, so who is barred must ask.
 */
function addMessage(event: RoomEvent, n: number, { message, sharedAfter }: Context): void {
  const state = message(n)
  event.ref = { id: state.id, n }
  if (event.type === 'message.created' || (event.type === 'message.edited' && n > sharedAfter)) event.message = state
}

export function userEvent(row: UserEventRow, room: RoomKey | null): UserEvent {
  const { user, useq, type, at, position, session } = row
  return { kind: 'user', user, useq, type, at, room, position, session }
}

/** `addressee` is the person behind the id of the row. */
export function messageState(row: MessageRow, sender: Person, addressee: Person | null): MessageState {
  return {
    number: row.number,
    id: row.id,
    n: row.n,
    seq: row.seq,
    rev: row.rev,
    sender,
    cid: row.cid,
    content: row.content,
    meta: row.meta,
    mentions: row.mentions,
    mentionAll: row.mention_all,
    replyTo: row.reply_to,
    addressee: addressee && addressedTo(addressee),
    createdAt: row.created_at,
    editedAt: row.edited_at,
    deletedAt: row.deleted_at,
  }
}

export const addressedTo = (person: Person): Addressee => ({ person, as: person.number })
