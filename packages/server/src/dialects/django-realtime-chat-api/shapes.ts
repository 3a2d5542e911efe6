import type { Message } from '@parlance/protocol'
import { onlyRooms, type RoomEvent } from '../dialect.ts'
import { timestamp } from '../drf.ts'
import { numberAsWritten, parseFrame } from '../frames.ts'

/** The text that a client's frame sends, or null for frames that are ignored. A number counts as the text it was written as. */
export function textOf(frame: string): string | null {
  const message = parseFrame(frame)?.message
  if (typeof message === 'number') return numberAsWritten(frame, 'message')
  return typeof message === 'string' && message.trim() !== '' ? message : null
}

/** An event as a frame. Only what is written is told here, and what was deleted meanwhile is not. */
export function frameOf({ message, type }: RoomEvent): string | null {
  if (type !== 'message.created' || message === null || message.deletedAt !== null) return null
  const { content, sender, createdAt } = message
  return JSON.stringify({ type: 'chat_message', message: content, username: sender.username, timestamp: timestamp(createdAt) })
}

export const encoder = onlyRooms(frameOf)

/** One entry of a history. */
export const entryOf = ({ sender, content, created_at }: Message) => ({
  username: sender.username,
  message: content,
  timestamp: timestamp(created_at),
})
