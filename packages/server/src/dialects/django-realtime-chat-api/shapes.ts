import { limits, type Message } from '@parlance/protocol'
import { onlyRooms, parseFrame, type RoomEvent } from '../dialect.ts'
import { timestamp } from '../drf.ts'

/** The text that a client's frame sends, or null for frames that are ignored. A number counts as the text it was written as. */
export function textOf(frame: string): string | null {
  const message = parseFrame(frame, limits.json_depth)?.message
  if (typeof message === 'number') return asWritten(frame)
  return typeof message === 'string' && message.trim() !== '' ? message : null
}

/** The number `message` of a frame before it was rounded to what a number can hold. */
function asWritten(frame: string): string | null {
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' ? context?.source : value
  const { message } = JSON.parse(frame, keep) as { message?: unknown }
  return typeof message === 'string' ? message : null
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
