import type { Message, Room } from '@parlance/protocol'
import { clean, cleanLines } from './clean.ts'
import type { Prompt } from './prompt.ts'

type Style = 'dim' | 'bold' | 'red'
const codes: Record<Style, string> = { dim: '2', bold: '1', red: '31' }

/** The name a person knows a room by, as it is typed after /join or /dm. */
export function roomLabel({ kind, name, title, peer, id }: Room): string {
  if (kind === 'direct') return `@${clean(peer?.username ?? 'nobody')}`
  return `#${clean(name ?? title ?? id.slice(-8))}`
}

/** Everything that is printed. What came from others is cleaned here and nowhere else. */
export class Screen {
  readonly #prompt: Prompt

  constructor(prompt: Prompt) {
    this.#prompt = prompt
  }

  message(message: Message, repliedTo: number | null): void {
    const { n, sender, content, created_at, edited_at, deleted_at, reply_to } = message
    const time = new Date(created_at).toTimeString().slice(0, 5)
    const reply = reply_to === undefined ? '' : this.#style('dim', ` ↩ ${repliedTo === null ? 'earlier' : `#${repliedTo}`}`)
    const text = deleted_at === undefined ? cleanLines(content) : this.#style('dim', '(deleted)')
    const edited = edited_at !== undefined && deleted_at === undefined ? this.#style('dim', ' (edited)') : ''
    this.#prompt.print(
      `${this.#style('dim', `${time} #${n}`)} ${this.#style('bold', clean(sender.username))}${reply}: ${text}${edited}${this.#marks(message)}`,
    )
  }

  /** What hangs on a message, behind its text. */
  #marks({ forwarded, pinned_at, thread, reactions }: Message): string {
    const marks = [
      ...(forwarded ? [`(from ${clean(forwarded.sender.username)})`] : []),
      ...(pinned_at !== undefined ? ['(pinned)'] : []),
      ...(thread ? [`(${thread.count} ${thread.count === 1 ? 'reply' : 'replies'})`] : []),
      ...(reactions ? [`[${reactions.map(({ emoji, count }) => `${clean(emoji)} ${count}`).join('  ')}]`] : []),
    ]
    return marks.map((mark) => this.#style('dim', ` ${mark}`)).join('')
  }

  /** A message of one's own that the server does not have yet. */
  pending(content: string): void {
    this.#prompt.print(this.#style('dim', `(pending) ${cleanLines(content)}`))
  }

  /** Something that happened; `text` may carry what others wrote. */
  notice(text: string): void {
    this.#prompt.print(this.#style('dim', `* ${cleanLines(text)}`))
  }

  /** Something that did not work. */
  warning(text: string): void {
    this.#prompt.print(this.#style('red', `! ${cleanLines(text)}`))
  }

  /** An answer to a command, line by line. */
  lines(lines: readonly string[]): void {
    for (const line of lines) this.#prompt.print(`  ${clean(line)}`)
  }

  /** Which room is shown, and how much waits in others. */
  place(room: string | null, unreadElsewhere: number): void {
    this.#prompt.label(`${room ?? ''}${unreadElsewhere > 0 ? ` (+${unreadElsewhere})` : ''}> `)
  }

  #style(style: Style, text: string): string {
    return this.#prompt.interactive ? `\x1b[${codes[style]}m${text}\x1b[0m` : text
  }
}
