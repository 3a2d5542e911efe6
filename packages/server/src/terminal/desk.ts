import type { Client } from '@parlance/client'
import { limits, type Message, type Room } from '@parlance/protocol'
import type { Directory } from './directory.ts'
import type { RoomView } from './room-view.ts'
import type { Screen } from './screen.ts'

/** What a command may use. */
export type Desk = {
  readonly client: Client
  readonly screen: Screen
  readonly directory: Directory
  /** The room shown. */
  readonly view: RoomView | null
  show(room: Room): Promise<void>
  send(draft: { content: string; reply_to?: string }): void
  quit(): void
}

/** `alone`: needs no connection. */
export type Command = { usage: string; does: string; alone?: true; run(desk: Desk, rest: string): Promise<void> | void }

/** Something the person can put right; its message is for them. */
export class UsageError extends Error {}

export function shownRoom({ view }: Desk): RoomView {
  if (view === null) throw new UsageError('No room is open. /rooms lists yours, /join <name> opens one.')
  return view
}

/** Splits "12 some text" and finds the message. */
export function messageAndText(desk: Desk, rest: string, usage: string): { message: Message; text: string } {
  const [, digits, text = ''] = /^#?(\d+)\s*([^]*)$/.exec(rest) ?? []
  if (digits === undefined) throw new UsageError(`Usage: ${usage}`)
  const message = shownRoom(desk).find(Number(digits))
  if (message === undefined) throw new UsageError(`There is no #${digits} on this screen. /history shows more.`)
  return { message, text: text.trim() }
}

/** Said here, in characters, before the server has to. */
export function fitting(content: string): string {
  const { length } = Array.from(content)
  if (length > limits.content_chars)
    throw new UsageError(`${length} characters are too many: a message has at most ${limits.content_chars}.`)
  return content
}
