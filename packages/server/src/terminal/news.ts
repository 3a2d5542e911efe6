import type { ClientEvents, Outgoing, RoomMark, Status } from '@parlance/client'
import type { RoomEventFrame, UserEventFrame } from '@parlance/protocol'
import type { Desk } from './desk.ts'
import { failure } from './sign-in.ts'

/** What the news needs beyond a command: to draw the prompt anew, and to take a room off the screen. */
export type NewsDesk = Desk & {
  place(): void
  close(reason: string): void
}

/** Prints what happens elsewhere: in the room shown, in others, and to the connection. */
export class News implements Disposable {
  readonly #desk: NewsDesk
  readonly #stopped: () => void
  readonly #stops: (() => void)[]
  readonly #typists = new Map<string, ReturnType<typeof setTimeout>>()
  readonly #unread = new Map<string, number>()
  readonly #pending = new Set<string>()
  #presence = ''
  #lost = false

  /** `stopped`: the server will not have us any more. */
  constructor(desk: NewsDesk, stopped: () => void) {
    this.#desk = desk
    this.#stopped = stopped
    const { client } = desk
    this.#stops = [
      client.on('event', (event) => this.#event(event)),
      client.on('fact', (fact) => this.#fact(fact)),
      client.on('typing', (typing) => this.#typing(typing)),
      client.on('receipt', (receipt) => this.#receipt(receipt)),
      client.on('floor', ({ room, n }) => this.#isShown(room) && desk.view?.floor(n)),
      client.on('presence', (presence) => this.#seen(presence)),
      client.on('unread', (mark) => this.#mark(mark)),
      client.on('outbox', (outgoing) => this.#outgoing(outgoing)),
      client.on('status', (status) => this.#status(status)),
      client.on('reset', ({ rooms }) => this.#reset(rooms)),
      client.on('refused', ({ room, error }) => this.#isShown(room) && desk.close(failure(error))),
    ]
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop()
    for (const timer of this.#typists.values()) clearTimeout(timer)
  }

  #isShown(room: string): boolean {
    return this.#desk.view?.room.id === room
  }

  #event(event: RoomEventFrame): void {
    if (event.ev === 'message.created') this.#stopTyping(event.data.sender.id)
    if (this.#isShown(event.room)) this.#desk.view?.event(event)
  }

  #fact(fact: UserEventFrame): void {
    const { directory, view } = this.#desk
    if (fact.uev === 'room.joined') {
      if (this.#isShown(fact.data.room)) view?.joined()
      else this.#background(() => this.#joined(fact.data.room))
    }
    if (fact.uev === 'room.left') {
      directory.drop(fact.data.room)
      if (this.#isShown(fact.data.room)) this.#desk.close(`you are no longer in ${view?.label ?? 'this room'}`)
    }
  }

  /** A room that this person opens just now says so itself. */
  async #joined(room: string): Promise<void> {
    const label = await this.#desk.directory.label(room)
    if (!this.#isShown(room)) this.#desk.screen.notice(`you are in ${label} now`)
  }

  #typing({ room, user, typing, expires_ms }: ClientEvents['typing']): void {
    if (!this.#isShown(room) || user.id === this.#desk.client.user?.id) return
    if (!typing) return this.#stopTyping(user.id)
    if (!this.#typists.has(user.id)) this.#desk.screen.notice(`${user.username} is typing`)
    clearTimeout(this.#typists.get(user.id))
    this.#typists.set(
      user.id,
      setTimeout(() => this.#typists.delete(user.id), expires_ms),
    )
  }

  #stopTyping(user: string): void {
    clearTimeout(this.#typists.get(user))
    this.#typists.delete(user)
  }

  #receipt({ room, user, read }: ClientEvents['receipt']): void {
    const { view, screen, client } = this.#desk
    if (this.#isShown(room) && view?.room.kind === 'direct' && user.id !== client.user?.id)
      screen.notice(`${user.username} has read up to #${read}`)
  }

  #seen({ user, status }: ClientEvents['presence']): void {
    const peer = this.#desk.view?.room.peer
    const seen = `${user} ${status}`
    if (peer?.id !== user || seen === this.#presence) return
    this.#presence = seen
    if (status !== 'unknown') this.#desk.screen.notice(`${peer.username} is ${status}`)
  }

  #mark({ room, unread }: RoomMark): void {
    const before = this.#unread.get(room) ?? 0
    this.#unread.set(room, unread)
    this.#desk.place()
    if (this.#isShown(room) || before > 0 || unread === 0) return
    const { screen, directory } = this.#desk
    this.#background(async () => screen.notice(`${unread} unread in ${await directory.label(room)}`))
  }

  #outgoing({ cid, state, input, attempts }: Outgoing): void {
    if (state === 'sent' || state === 'refused') this.#pending.delete(cid)
    // Said once, and only of a message that does not leave at once.
    else if (state === 'waiting' && (attempts > 0 || this.#desk.client.status.state !== 'ready') && !this.#pending.has(cid)) {
      this.#pending.add(cid)
      this.#desk.screen.pending(input.content)
    }
  }

  #status(status: Status): void {
    const { screen } = this.#desk
    if (status.state === 'waiting' && !this.#lost) {
      this.#lost = true
      screen.warning('connection lost, trying again')
    } else if (status.state === 'ready' && this.#lost) {
      this.#lost = false
      screen.notice('connected again')
    } else if (status.state === 'stopped') {
      screen.warning(status.error === null ? `the server ended the connection (${status.code})` : failure(status.error))
      this.#stopped()
    }
  }

  /** What is on the screen may miss something: the latest of the room is shown anew. */
  #reset(rooms: string[] | 'all'): void {
    const { view, directory } = this.#desk
    if (view === null || !(rooms === 'all' || rooms.includes(view.room.id))) return
    directory.drop(view.room.id)
    this.#background(async () => this.#desk.show(await directory.find(view.room.id)))
  }

  /** Nobody waits for this; if it fails, that is all there is to say. */
  #background(action: () => Promise<void>): void {
    action().catch((error: unknown) => this.#desk.screen.warning(error instanceof Error ? failure(error) : String(error)))
  }
}
