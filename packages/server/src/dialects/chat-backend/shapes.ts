import type { Message, Room } from '@parlance/protocol'
import { type Listed, onlyRooms, type RoomEvent } from '../dialect.ts'
import { timestamp } from '../drf.ts'
import { parseFrame } from '../frames.ts'

/** The text that a client's frame sends, without blanks around it, or null for frames that are ignored. */
export function textOf(frame: string): string | null {
  const message = parseFrame(frame)?.message
  const text = typeof message === 'string' ? message.trim() : ''
  return text === '' ? null : text
}

/** An event as a frame. Only what is written is told here, and what was deleted meanwhile is not. */
export function frameOf({ type, room, message }: RoomEvent): string | null {
  if (type !== 'message.created' || message === null || message.deletedAt !== null) return null
  const { id, content, sender, createdAt } = message
  return JSON.stringify({
    type: 'chat_message',
    id,
    message: content,
    sender_id: sender.number,
    chat_id: room.id,
    created_at: timestamp(createdAt),
  })
}

export const encoder = onlyRooms(frameOf)

export const userOf = ({ number, username, email }: Listed) => ({ id: number, username, email })

/** `sender` is who the message says sent it. */
export const messageOf = ({ id, room, content, created_at }: Message, sender: Listed) => ({
  id,
  chat: room,
  sender: userOf(sender),
  content,
  created_at: timestamp(created_at),
})

/** What a chat is printed with besides the room. */
export type Beside = { members: readonly Listed[]; last: ReturnType<typeof messageOf> | null }

export const chatOf = ({ id, kind, name, title, created_at }: Room, { members, last }: Beside) => ({
  id,
  is_group: kind !== 'direct',
  name: title ?? name,
  created_at: timestamp(created_at),
  members: members.map(userOf),
  last_message: last,
})
