import type { Member, Message, Room, RoomEventFrame } from '@parlance/protocol'

/** What a client keeps of one message; times are left out, which a deletion that comes live does not tell. */
export type Kept = Pick<Message, 'id' | 'n' | 'seq' | 'rev' | 'content'> & {
  sender: string
  cid: string | null
  reply_to: string | null
  mentions: string[]
  meta: unknown
  deleted: boolean
}

/** What one reader knows of a room. */
export type RoomState = { seq: number; n: number; messages: Kept[]; members: { user: string; role: Member['role'] }[] }

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
})

/** A room as somebody has it who has just asked for everything. */
export function freshState(room: Room, messages: readonly Message[], members: readonly Member[]): RoomState {
  return {
    seq: room.seq,
    n: room.n,
    messages: messages.map(keptOf).sort((a, b) => a.n - b.n),
    members: members.map(({ user, role }) => ({ user: user.id, role })).sort(byUser),
  }
}

const byUser = (a: { user: string }, b: { user: string }): number => (a.user < b.user ? -1 : 1)

/** A room as somebody has it who knows nothing but its events: of two views of a message the one with the higher `rev` is kept. */
export class Replica {
  seq = 0
  #n = 0
  readonly #messages = new Map<string, Kept>()
  readonly #members = new Map<string, Member['role']>()

  /** Gives back the id of a message whose new text the event does not carry: it must be asked for. */
  apply(frame: RoomEventFrame): string | null {
    if (frame.seq <= this.seq) return null
    this.seq = frame.seq
    switch (frame.ev) {
      case 'message.created':
        this.#n = frame.data.n
        this.see(frame.data)
        return null
      case 'message.edited':
        if (frame.data.message === undefined) return frame.data.id
        this.see(frame.data.message)
        return null
      case 'message.deleted':
        this.#bury(frame.data.id, frame.data.rev)
        return null
      case 'member.joined':
      case 'member.updated':
        this.#members.set(frame.data.user.id, frame.data.role)
        return null
      case 'member.left':
        this.#members.delete(frame.data.user.id)
        return null
      case 'room.created':
      case 'room.updated':
      case 'room.deleted':
        return null
    }
  }

  see(message: Message): void {
    const known = this.#messages.get(message.id)
    if (known === undefined || known.rev < message.rev) this.#messages.set(message.id, keptOf(message))
  }

  get state(): RoomState {
    const members = [...this.#members].map(([user, role]) => ({ user, role })).sort(byUser)
    return { seq: this.seq, n: this.#n, messages: [...this.#messages.values()].sort((a, b) => a.n - b.n), members }
  }

  #bury(id: string, rev: number): void {
    const known = this.#messages.get(id)
    if (known === undefined || known.rev >= rev) return
    this.#messages.set(id, { ...known, rev, content: '', mentions: [], meta: null, deleted: true })
  }
}
