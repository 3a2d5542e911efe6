import type { Member, Message, Room, RoomEventFrame, RoomSettings } from '@parlance/protocol'

/** What a client keeps of one message; times are left out, which a deletion that comes live does not tell. */
export type Kept = Pick<Message, 'id' | 'n' | 'seq' | 'rev' | 'content'> & {
  sender: string
  cid: string | null
  reply_to: string | null
  mentions: string[]
  meta: unknown
  deleted: boolean
  root: string | null
  forwarded: string | null
  thread: { count: number; last_n: number } | null
  reactions: Record<string, number>
  /** What the reader reacted with. */
  mine: string[]
  pinned: boolean
}

type ReactionData = Extract<RoomEventFrame, { ev: 'reaction.added' }>['data']

/** What one reader knows of a room. */
/** `settings` is null as long as no event told them. */
export type RoomState = {
  seq: number
  n: number
  settings: Omit<RoomSettings, 'rev'> | null
  messages: Kept[]
  members: { user: string; role: Member['role'] }[]
}

const threadOf = (thread: Message['thread'] | null): Kept['thread'] => (thread ? { count: thread.count, last_n: thread.last_n } : null)

const keptOf = (message: Message): Kept => ({
  id: message.id,
  n: message.n,
  seq: message.seq,
  rev: message.rev,
  content: message.content,
  sender: message.sender.id,
  cid: message.cid ?? null,
  reply_to: message.reply_to ?? null,
  mentions: message.mentions ?? [],
  meta: message.meta ?? null,
  deleted: message.deleted_at !== undefined,
  root: message.root ?? null,
  forwarded: message.forwarded?.sender.id ?? null,
  thread: threadOf(message.thread),
  reactions: Object.fromEntries((message.reactions ?? []).map(({ emoji, count }) => [emoji, count])),
  mine: (message.reactions ?? []).flatMap(({ emoji, mine }) => (mine ? [emoji] : [])).sort(),
  pinned: message.pinned_at !== undefined,
})

/** A room as somebody has it who has just asked for everything. */
export function freshState(room: Room, messages: readonly Message[], members: readonly Member[]): RoomState {
  return {
    seq: room.seq,
    n: room.n,
    settings: settingsOf(room),
    messages: messages.map(keptOf).sort((a, b) => a.n - b.n),
    members: members.map(({ user, role }) => ({ user: user.id, role })).sort(byUser),
  }
}

const settingsOf = ({ name, title, description, meta, policy, archived, slow_mode_s }: Omit<RoomSettings, 'rev'>) => ({
  name,
  title,
  description,
  meta,
  policy,
  archived,
  slow_mode_s,
})

const byUser = (a: { user: string }, b: { user: string }): number => (a.user < b.user ? -1 : 1)

/** A room as somebody has it who knows nothing but its events: of two views of a message the one with the higher `rev` is kept. */
export class Replica {
  seq = 0
  #n = 0
  #settings: RoomSettings | null = null
  readonly #me: string
  readonly #messages = new Map<string, Kept>()
  readonly #members = new Map<string, Member['role']>()

  constructor(me: string) {
    this.#me = me
  }

  /** Gives back the id of a message whose new text the event does not carry: it must be asked for. */
  apply(frame: RoomEventFrame): string | null {
    if (frame.seq <= this.seq) return null
    this.seq = frame.seq
    switch (frame.ev) {
      case 'message.created':
        this.#n = frame.data.n
        this.#told(frame.data)
        if (frame.data.root !== undefined) this.#replied(frame.data.root, frame.data)
        return null
      case 'message.edited':
        if (frame.data.message === undefined) return frame.data.id
        this.#told(frame.data.message)
        return null
      case 'message.deleted':
        this.#bury(frame.data.id, frame.data.rev)
        if (frame.data.root !== undefined) this.#change(frame.data.root, frame.seq, { thread: threadOf(frame.data.thread) })
        return null
      case 'reaction.added':
      case 'reaction.removed':
        this.#reacted(frame.data, frame.ev === 'reaction.added')
        return null
      case 'message.pinned':
      case 'message.unpinned':
        this.#change(frame.data.id, frame.seq, { pinned: frame.ev === 'message.pinned' })
        return null
      case 'member.joined':
      case 'member.updated':
        this.#members.set(frame.data.user.id, frame.data.role)
        return null
      case 'member.left':
        this.#members.delete(frame.data.user.id)
        return null
      case 'room.updated':
        // Of two views the one with the higher `rev` is newer.
        if (this.#settings === null || this.#settings.rev <= frame.data.settings.rev) this.#settings = frame.data.settings
        return null
      case 'room.created':
      case 'member.banned':
      case 'member.unbanned':
      case 'member.muted':
      case 'member.unmuted':
      case 'room.deleted':
      case 'expiry.set':
        return null
    }
  }

  /** What was asked for tells one's own reactions, too. */
  see(message: Message): void {
    const known = this.#messages.get(message.id)
    if (known === undefined || known.rev < message.rev) this.#messages.set(message.id, keptOf(message))
  }

  get state(): RoomState {
    const members = [...this.#members].map(([user, role]) => ({ user, role })).sort(byUser)
    const settings = this.#settings && settingsOf(this.#settings)
    return { seq: this.seq, n: this.#n, settings, messages: [...this.#messages.values()].sort((a, b) => a.n - b.n), members }
  }

  /** What an event carries is the same for everybody: one's own reactions are those of one's own events. */
  #told(message: Message): void {
    const mine = this.#messages.get(message.id)?.mine ?? []
    if ((this.#messages.get(message.id)?.rev ?? 0) < message.rev) this.#messages.set(message.id, { ...keptOf(message), mine })
  }

  #change(id: string, rev: number, change: Partial<Kept>): void {
    const known = this.#messages.get(id)
    if (known !== undefined && known.rev < rev) this.#messages.set(id, { ...known, ...change, rev })
  }

  #replied(root: string, { seq, n }: Message): void {
    const count = (this.#messages.get(root)?.thread?.count ?? 0) + 1
    this.#change(root, seq, { thread: { count, last_n: n } })
  }

  #reacted({ id, rev, emoji, count, user }: ReactionData, added: boolean): void {
    const known = this.#messages.get(id)
    if (known === undefined) return
    const { [emoji]: _, ...others } = known.reactions
    this.#change(id, rev, { reactions: count === 0 ? others : { ...others, [emoji]: count } })
    const now = this.#messages.get(id) ?? known
    if (user.id !== this.#me || now.deleted) return
    const mine = now.mine.filter((own) => own !== emoji)
    this.#messages.set(id, { ...now, mine: added ? [...mine, emoji].sort() : mine })
  }

  #bury(id: string, rev: number): void {
    const emptied = { content: '', mentions: [], meta: null, reactions: {}, mine: [], pinned: false }
    this.#change(id, rev, { ...emptied, forwarded: null, deleted: true })
  }
}
