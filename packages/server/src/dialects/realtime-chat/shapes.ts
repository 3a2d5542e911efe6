import type { Message, Room } from '@parlance/protocol'
import type { Encoder, Person, RoomEvent } from '../dialect.ts'
import { timestamp } from '../drf.ts'
import { numberAsWritten, parseFrame } from '../frames.ts'
import { titleName } from '../names.ts'

/** What a client's frame says, or what is wrong with it; null for frames that are ignored. */
export type Said = { kind: 'message'; text: string } | { kind: 'typing'; typing: boolean } | { kind: 'wrong'; error: string }

const missing: Said = { kind: 'wrong', error: 'Message content is missing' }
const notJson: Said = { kind: 'wrong', error: 'Invalid JSON format received' }
/** Types of frames that carry a message; the third is what clients get and some send back. */
const sends: readonly unknown[] = [undefined, 'message', 'chat_message']

export function saidIn(frame: string | Uint8Array): Said | null {
  const fields = typeof frame === 'string' ? parseFrame(frame) : null
  if (typeof frame !== 'string' || fields === null) return notJson
  if (fields.type === 'typing') return { kind: 'typing', typing: fields.is_typing === true }
  if (!sends.includes(fields.type)) return null
  for (const key of ['content', 'message']) {
    const value = fields[key]
    if (typeof value === 'string' && value !== '') return { kind: 'message', text: value }
    if (typeof value === 'number' && value !== 0) return { kind: 'message', text: numberAsWritten(frame, key) }
  }
  return missing
}

/** What stands in place of a deleted text. */
const deletedText = 'This message has been deleted'

/** An event as a frame, live or of the history. Who comes and goes is told by who is here, not by who is a member. */
export function frameOf({ type, message, ref, room }: RoomEvent): string | null {
  switch (type) {
    case 'message.created':
      return message === null ? null : JSON.stringify({ type: 'chat_message', ...written(message) })
    case 'message.edited': {
      if (message === null || message.deletedAt !== null) return null
      const { message: new_content, message_id, edited_at, sender_id, sender_username } = written(message)
      const edited = { message_id, new_content, edited_at, room_id: room.id, sender_id, sender_username }
      return JSON.stringify({ type: 'message_edited', ...edited })
    }
    case 'message.deleted':
      return ref === null ? null : JSON.stringify({ type: 'message_deleted', message_id: ref.id, room_id: room.id })
    default:
      return null
  }
}

const written = ({ id, content, sender, createdAt, editedAt, deletedAt }: NonNullable<RoomEvent['message']>) => ({
  message: deletedAt === null ? content : deletedText,
  message_id: id,
  sender_username: sender.username,
  sender_id: String(sender.number),
  timestamp: timestamp(createdAt),
  edited_at: editedAt === null ? null : timestamp(editedAt),
  is_deleted: deletedAt !== null,
})

const userOf = ({ number, username }: Person) => ({ id: String(number), username })

export const usersFrame = (people: readonly Person[]): string => JSON.stringify({ type: 'room_users_list', users: people.map(userOf) })

export const joinFrame = ({ number, username }: Person): string => JSON.stringify({ type: 'user_join', user_id: String(number), username })

export const leaveFrame = ({ number, username }: Person): string =>
  JSON.stringify({ type: 'user_leave', user_id: String(number), username })

export const errorFrame = (error: string): string => JSON.stringify({ error })

export const encoder: Encoder = {
  room: frameOf,
  user: () => null,
  ephemeral(signal) {
    const { user, room } = signal
    switch (signal.kind) {
      case 'typing': {
        const typing = { user: user.username, user_id: String(user.number), room: keyName(room), is_typing: signal.typing }
        return JSON.stringify({ type: 'typing_indicator', ...typing })
      }
      case 'here':
        return signal.here ? joinFrame(user) : leaveFrame(user)
      default:
        return null
    }
  },
  // Who types is not told of it.
  spares: ({ kind }) => kind === 'typing',
  presence: () => null,
  heads: () => null,
}

/** The name of the one-to-one room of two people: their numbers in the order of their digits. */
export const directName = (one: number, other: number): string => `dm_${[String(one), String(other)].toSorted().join('_')}`

/** The name of a room as far as an event tells it. */
const keyName = ({ id, name, pair }: RoomEvent['room']): string => (pair === undefined ? (name ?? id) : directName(...pair))

/** The numbers of people and rooms by their ids. */
export type Numbers = ReadonlyMap<string, number>

/** What a room needs numbers of to be printed. */
export function numbered(room: Room): { people: string[]; rooms: string[] } {
  if (room.kind === 'direct') return { people: room.peer === null ? [] : [room.peer.id], rooms: [] }
  return { people: [], rooms: room.name === null ? [room.id] : [] }
}

export type Printed = ReturnType<typeof roomOf>

/** A room as its reader sees it; null where nobody is signed in. */
export const roomOf = (room: Room, reader: Person | null, numbers: Numbers) => ({
  room_id: room.id,
  room_name: nameOf(room, reader, numbers),
  created_at: timestamp(room.created_at),
  ...(room.creator !== null && { creator_username: room.creator.username }),
  description: room.kind === 'direct' ? directDescription(room, reader) : room.description,
  is_private: room.kind !== 'public',
  message_count: room.n,
})

function nameOf({ id, kind, name, title, peer }: Room, reader: Person | null, numbers: Numbers): string {
  if (kind === 'direct' && reader !== null && peer !== null) return directName(reader.number, numbers.get(peer.id) ?? reader.number)
  if (name !== null) return name
  const number = numbers.get(id)
  return number === undefined ? id : titleName(title, number)
}

function directDescription({ creator, peer }: Room, reader: Person | null): string | null {
  if (creator === null || peer === null || reader === null) return null
  const other = creator.id === peer.id ? reader : peer
  return `Direct message between ${creator.username} and ${other.username}`
}

/** By the bytes of their names, as the store orders them. */
export const byName = (one: Printed, other: Printed): number => Buffer.compare(Buffer.from(one.room_name), Buffer.from(other.room_name))

/** Whether a message stands and is this person's own, and so theirs to change here. */
export const isOwn = ({ sender, deleted_at }: Message, { id }: { id: string }): boolean => sender.id === id && deleted_at === undefined
