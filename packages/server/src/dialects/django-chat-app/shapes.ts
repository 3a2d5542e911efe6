import type { Message, Room } from '@parlance/protocol'
import type { ChannelSignal, Directory, Encoder, Person, RoomEvent } from '../dialect.ts'
import { timestamp } from '../drf.ts'
import { titleName } from '../names.ts'

/** Every answer stands in an envelope. */
export const enveloped = (data: unknown, message: string) => ({ success: true, data, message })

/** The name a room is shown by: its own, or one made of what it has. A direct room's is made of the two people in it. */
export function nameOf({ kind, name, title, creator, peer }: Room, { number, reader }: { number: number; reader: string }): string {
  if (kind === 'direct') {
    const first = creator?.username ?? reader
    const second = first === reader ? (peer?.username ?? reader) : reader
    return `${first}_${second}`
  }
  return name ?? titleName(title, number)
}

export type Shown = { number: number; reader: string; members: readonly number[] }

export const roomOf = (room: Room, shown: Shown) => ({ id: shown.number, name: nameOf(room, shown), members: shown.members })

type Numbered = Awaited<ReturnType<Directory['messages']>> extends Map<number, infer N> ? N : never

export const messageOf = ({ sender, content, created_at }: Message, room: number, numbered: Numbered) => ({
  id: numbered.number,
  sender_username: sender.username,
  receiver_username: numbered.addressee?.username ?? null,
  content,
  timestamp: timestamp(created_at),
  room,
  sender: numbered.sender,
  receiver: numbered.addressee?.number ?? null,
})

type Said = { message: string; sender: Person; receiver: unknown }

const said = ({ message, sender, receiver }: Said): string => JSON.stringify({ type: 'message', message, sender: sender.number, receiver })

/** An event as a frame. Only what is written is told here, and what was deleted meanwhile is not. */
export function frameOf({ type, message }: RoomEvent): string | null {
  if (type !== 'message.created' || message === null || message.deletedAt !== null) return null
  return said({ message: message.content, sender: message.sender, receiver: message.addressee?.as ?? null })
}

/** What is said in a channel, by the type of its frame. */
function channelFrame({ what, user, data }: ChannelSignal): string | null {
  switch (what) {
    case 'message':
      return said({ message: String(data.message), sender: user, receiver: data.receiver })
    case 'typing':
      return JSON.stringify({ type: 'typing', sender: user.number })
    case 'join':
    case 'exit':
      return JSON.stringify({ type: what, username: user.username })
    default:
      return null
  }
}

export const encoder: Encoder = {
  room: frameOf,
  user: () => null,
  ephemeral: (signal) =>
    signal.kind === 'typing' && signal.typing ? JSON.stringify({ type: 'typing', sender: signal.user.number }) : null,
  channel: channelFrame,
  presence: () => null,
  heads: () => null,
}
