import { type Client, Transcript } from '@parlance/client'
import type { Message, Room, RoomEventFrame } from '@parlance/protocol'
import { type Screen, roomLabel } from './screen.ts'

const page = 20

/** The room on the screen: its messages by number, printed once each and in order. */
export class RoomView {
  readonly room: Room
  readonly #client: Client
  readonly #screen: Screen
  /** For commands, and for what replies point at. */
  readonly #transcript: Transcript
  /** Events that came while history was being fetched; null once it is printed. */
  #early: RoomEventFrame[] | null = []
  #first = Number.POSITIVE_INFINITY
  #last = 0
  #more = true
  #reading = false
  #member: boolean

  constructor(client: Client, screen: Screen, room: Room) {
    this.#client = client
    this.#screen = screen
    this.room = room
    this.#transcript = new Transcript(client.user?.id ?? '')
    this.#member = room.me !== null
  }

  get label(): string {
    return roomLabel(this.room)
  }

  /** The first message sent into a public room makes one a member. */
  joined(): void {
    this.#member = true
    this.#read()
  }

  find(n: number): Message | undefined {
    return this.#transcript.messages.find((message) => message.n === n)
  }

  /** Opens the room and prints its latest messages. */
  async open(): Promise<void> {
    await this.#client.open(this.room.id)
    await this.latest()
  }

  /** Prints the latest messages that were not printed yet; what happens meanwhile comes after them. */
  async latest(): Promise<void> {
    this.#early ??= []
    const { items, more_before } = await this.#client.call('messages.list', { room: this.room.id, limit: page })
    const fresh = items.filter(({ n }) => n > this.#last)
    if (this.#first === Number.POSITIVE_INFINITY) this.#more = more_before
    for (const message of fresh) this.#print(message)
    const early = this.#early
    this.#early = null
    for (const event of early) this.event(event)
    this.#read()
  }

  /** Prints the messages before the first one printed. */
  async earlier(): Promise<void> {
    if (!this.#more || this.#first <= 1) {
      this.#screen.notice('This is the beginning.')
      return
    }
    const { items, more_before } = await this.#client.call('messages.list', { room: this.room.id, before: this.#first, limit: page })
    this.#more = more_before
    const first = items[0]?.n
    this.#screen.notice(first === undefined ? 'There is nothing earlier.' : `earlier, from #${first} to #${items.at(-1)?.n}:`)
    for (const message of items) this.#show(message)
    if (first !== undefined) this.#first = first
  }

  /** An event of this room, in the order of its log. */
  event(event: RoomEventFrame): void {
    if (this.#early !== null) {
      this.#early.push(event)
      return
    }
    const { changed, fetch } = this.#transcript.apply(event)
    switch (event.ev) {
      case 'message.created':
        if (event.data.n <= this.#last) return
        this.#print(event.data)
        this.#read()
        return
      case 'message.edited': {
        const [message] = changed
        if (message !== undefined) return this.#show(message)
        if (fetch !== null) this.#fetch(fetch)
        return
      }
      case 'message.deleted':
        return this.#screen.notice(`#${event.data.n} was deleted`)
      case 'member.joined':
        return this.#screen.notice(`${event.data.user.username} joined`)
      case 'member.left':
        return this.#screen.notice(`${event.data.user.username} left`)
      case 'member.updated':
        return this.#screen.notice(`${event.data.user.username} is now ${event.data.role}`)
      case 'member.banned':
        return this.#screen.notice(`${event.data.user.username} was banned`)
      case 'member.unbanned':
        return this.#screen.notice(`the ban of ${event.data.user.username} was lifted`)
      case 'member.muted':
        return this.#screen.notice(`${event.data.user.username} was muted`)
      case 'member.unmuted':
        return this.#screen.notice(`${event.data.user.username} may speak again`)
      case 'room.updated':
        return this.#screen.notice(`the room has a new ${event.data.changed.join(', ')}`)
      case 'room.deleted':
        return this.#screen.notice('the room was deleted')
      case 'reaction.added':
        return this.#screen.notice(`${event.data.user.username} reacted ${event.data.emoji} to #${event.data.n}`)
      case 'reaction.removed':
        return this.#screen.notice(`${event.data.user.username} took ${event.data.emoji} back from #${event.data.n}`)
      case 'message.pinned':
        return this.#screen.notice(`${event.data.by.username} pinned #${event.data.n}`)
      case 'message.unpinned':
        return this.#screen.notice(`${event.data.by.username} unpinned #${event.data.n}`)
      case 'expiry.set':
        return this.#screen.notice(expiryNotice(event.data.ttl_s))
      case 'room.created':
        return
    }
  }

  /** Messages up to `n` have disappeared. */
  floor(n: number): void {
    if (this.#transcript.drop(n).length > 0) this.#screen.notice(`messages up to #${n} have disappeared`)
  }

  /** The new text of an edit that does not carry it. */
  #fetch(message: string): void {
    this.#client
      .call('messages.get', { room: this.room.id, message })
      .then((view) => this.#show(view))
      // It may be gone by now, which its own event tells.
      .catch(() => undefined)
  }

  #print(message: Message): void {
    this.#first = Math.min(this.#first, message.n)
    this.#last = Math.max(this.#last, message.n)
    this.#show(message)
  }

  #show(message: Message): void {
    this.#transcript.see([message])
    const replied = message.reply_to === undefined ? undefined : this.#transcript.get(message.reply_to)
    this.#screen.message(message, replied?.n ?? null)
  }

  /** Moves the read marker to what was printed: one request at a time, the latest wins. */
  #read(): void {
    const n = this.#last
    if (this.#reading || n === 0 || !this.#member) return
    this.#reading = true
    this.#client
      .read(this.room.id, n)
      // A marker that could not be moved is moved by the next message.
      .catch(() => undefined)
      .finally(() => {
        this.#reading = false
        if (this.#last > n) this.#read()
      })
  }
}

const expiryNotice = (ttl: number | null): string =>
  ttl === null ? 'messages do not disappear any more' : `messages disappear after ${ttl} seconds`
