import type { Message, ReactionCount, RoomEventFrame } from '@parlance/protocol'

/**
 * What an event did to a transcript: the messages it changed, as they stand now, and the id of one whose new text the event does not
 * carry and only `messages.get` can tell.
 */
export type Applied = { changed: Message[]; fetch: string | null }

type Reacted = Extract<RoomEventFrame, { ev: 'reaction.added' | 'reaction.removed' }>

const nothing: Applied = { changed: [], fetch: null }

/**
 * The messages of one room as one reader has them, put together from answers and from the room's events in their order. Of two views of a
 * message the one with the higher `rev` is kept; one's own reactions, which events tell to nobody in particular, are known by one's own
 * events. Pure: no clock, no I/O.
 *
 * @example
 * const transcript = new Transcript(me)
 * transcript.see((await client.call('messages.list', { room })).items)
 * client.on('event', (event) => { if (event.room === room) render(transcript.apply(event).changed) })
 */
export class Transcript {
  readonly #me: string
  readonly #capacity: number
  readonly #messages = new Map<string, Message>()

  /** `me`: the reader's id. `capacity`: so many messages are kept at most, the oldest go first. */
  constructor(me: string, { capacity = 1000 }: { capacity?: number } = {}) {
    this.#me = me
    this.#capacity = capacity
  }

  /** In the order of the room. */
  get messages(): Message[] {
    return [...this.#messages.values()].sort((a, b) => a.n - b.n)
  }

  get(id: string): Message | undefined {
    return this.#messages.get(id)
  }

  /** Takes in what an operation answered; gives back those that are new or newer than what was known. */
  see(messages: readonly Message[]): Message[] {
    const changed = messages.filter((message) => (this.#messages.get(message.id)?.rev ?? 0) < message.rev)
    for (const message of changed) this.#messages.set(message.id, message)
    this.#trim()
    return changed
  }

  apply(event: RoomEventFrame): Applied {
    switch (event.ev) {
      case 'message.created':
        return { changed: [...this.#told(event.data), ...this.#replied(event.data)], fetch: null }
      case 'message.edited': {
        const { id, rev, message } = event.data
        if (message !== undefined) return { changed: this.#told(message), fetch: null }
        const known = this.#messages.get(id)
        return { changed: [], fetch: known !== undefined && known.rev < rev ? id : null }
      }
      case 'message.deleted': {
        const { id, rev, root, thread } = event.data
        const buried = this.#change(id, rev, (message) => tombstone(message, event.at))
        return { changed: [...buried, ...(root === undefined ? [] : this.#change(root, rev, withThread(thread)))], fetch: null }
      }
      case 'message.pinned':
        return { changed: this.#change(event.data.id, event.data.rev, (message) => ({ ...message, pinned_at: event.at })), fetch: null }
      case 'message.unpinned':
        return { changed: this.#change(event.data.id, event.data.rev, ({ pinned_at: _, ...message }) => message), fetch: null }
      case 'reaction.added':
      case 'reaction.removed':
        return { changed: this.#reacted(event), fetch: null }
      default:
        return nothing
    }
  }

  /** Messages up to `n` have disappeared; gives back those that were known. */
  drop(n: number): Message[] {
    const gone = this.messages.filter((message) => message.n <= n)
    for (const { id } of gone) this.#messages.delete(id)
    return gone
  }

  clear(): void {
    this.#messages.clear()
  }

  /** A view that came with an event says nothing of one's own reactions. */
  #told(message: Message): Message[] {
    const known = this.#messages.get(message.id)
    const mine = new Set(known?.reactions?.flatMap((reaction) => (reaction.mine ? [reaction.emoji] : [])))
    const marked = message.reactions?.map((reaction) => (mine.has(reaction.emoji) ? { ...reaction, mine: true } : reaction))
    return this.see([{ ...message, ...(marked && { reactions: marked }) }])
  }

  #replied({ root, seq, n, created_at }: Message): Message[] {
    if (root === undefined) return []
    return this.#change(root, seq, (first) => ({
      ...first,
      thread: { count: (first.thread?.count ?? 0) + 1, last_n: n, last_at: created_at },
    }))
  }

  #reacted({ ev, data }: Reacted): Message[] {
    const changed = this.#change(data.id, data.rev, (message) => withReactions(message, counted(message.reactions ?? [], data)))
    const now = this.#messages.get(data.id)
    if (now === undefined || data.user.id !== this.#me) return changed
    // Also where the view is newer than the event: whose reactions its counts are of, only the events tell.
    const marked = withReactions(
      now,
      (now.reactions ?? []).map((each) => (each.emoji === data.emoji ? marking(each, ev === 'reaction.added') : each)),
    )
    this.#messages.set(data.id, marked)
    return [marked]
  }

  #change(id: string, rev: number, change: (message: Message) => Message): Message[] {
    const known = this.#messages.get(id)
    if (known === undefined || known.rev >= rev) return []
    const changed = { ...change(known), rev }
    this.#messages.set(id, changed)
    return [changed]
  }

  #trim(): void {
    const excess = this.#messages.size - this.#capacity
    if (excess > 0) for (const { id } of this.messages.slice(0, excess)) this.#messages.delete(id)
  }
}

function tombstone(message: Message, at: string): Message {
  const { mentions: _, mention_all: __, meta: ___, reactions: ____, forwarded: _____, pinned_at: ______, ...kept } = message
  return { ...kept, content: '', deleted_at: at }
}

const withThread =
  (now: Message['thread'] | null) =>
  ({ thread: _, ...message }: Message): Message =>
    now ? { ...message, thread: now } : message

const withReactions = ({ reactions: _, ...message }: Message, now: ReactionCount[]): Message =>
  now.length === 0 ? message : { ...message, reactions: now }

function counted(reactions: readonly ReactionCount[], { emoji, count }: Reacted['data']): ReactionCount[] {
  if (!reactions.some((each) => each.emoji === emoji)) return count === 0 ? [...reactions] : [...reactions, { emoji, count }]
  return reactions.map((each) => (each.emoji === emoji ? { ...each, count } : each)).filter((each) => each.count > 0)
}

const marking = ({ emoji, count }: ReactionCount, mine: boolean): ReactionCount => ({ emoji, count, ...(mine && { mine }) })
