import { ChatError } from '@parlance/protocol'
import type { Conversation, DoorSocket, Listener, Login, RoomEvent, Seat } from './dialect.ts'

/** Things said that wait for their turn, and the characters of the frames they came in. */
const maxWaiting = 10_000
const maxCharacters = 1024 * 1024
/** Longer nothing is held back for a turn in slow mode: hours later nobody means it any more. */
export const maxPatienceMs = 60_000

export const endsLogin = (error: unknown): boolean => error instanceof ChatError && (error.status === 401 || error.code === 'suspended')

/** What a door decides of its sockets. */
export type Manners = {
  /** An event as a frame, or null for what is not told. */
  frameOf(event: RoomEvent): string | null
  /** Refusals that say that nothing was written and that it is only a matter of time: the same is said again then. */
  isPassing(error: ChatError): boolean
  /** Other codes in the place of those that the transport ends sockets with. */
  codes?: Readonly<Record<number, number>>
}

/** One socket in one room, in which everything is said that comes over it. */
export abstract class OneRoom<Said> implements Conversation {
  protected readonly socket: DoorSocket
  protected readonly login: Login
  protected readonly seat: Seat
  readonly #manners: Manners
  readonly #waiting: { said: Said; size: number }[] = []
  #characters = 0
  /** One at a time, so that one that has to wait for the sender's budget keeps its place. */
  #isBusy = true
  #running: Promise<void> = Promise.resolve()
  #isEnded = false
  /** The peer is gone. What it said before still counts, as far as that can be done at once. */
  #isClosed = false

  constructor(socket: DoorSocket, login: Login, manners: Manners) {
    this.socket = socket
    this.login = login
    this.#manners = manners
    socket.prolong(login, login.sessionEndsAt)
    this.seat = socket.sit(login, this.#listener())
  }

  abstract frame(data: string | Uint8Array): void

  /** Takes the seat in the room; false where it is no longer theirs to read. */
  protected abstract enter(): Promise<boolean>

  /** Says one thing. Rejects with what ends the socket. */
  protected abstract say(said: Said): Promise<void>

  /** The runtime's pings keep the socket alive; a frame would be news to these clients. */
  heartbeat(): void {}

  end(code: number, reason: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.socket.close(this.#manners.codes?.[code] ?? code, reason)
  }

  /** Others hear what was said before they hear that somebody went. */
  closed(): Promise<void> {
    this.#isClosed = true
    return this.#running
  }

  /** To be called once everything is there that entering needs. */
  protected begin(): void {
    this.#running = this.#begin().catch((error: unknown) => this.#failed(error))
  }

  /** To be said in its turn; false where too much waits already. `size` is that of the frame it came in. */
  protected add(said: Said, size: number): boolean {
    if (this.#isEnded) return true
    if (this.#waiting.length >= maxWaiting || this.#characters + size > maxCharacters) return false
    this.#waiting.push({ said, size })
    this.#characters += size
    if (!this.#isBusy) this.#running = this.#sayWaiting().catch((error: unknown) => this.#failed(error))
    return true
  }

  protected async patiently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof ChatError) || !this.#manners.isPassing(error)) throw error
        const { retryMs = 1000 } = error
        if (retryMs > maxPatienceMs) throw error
        await this.socket.wait(retryMs)
        // Who is gone is not waited for, and whatever came after this one would leave a hole where it was.
        if (this.#isClosed) this.#isEnded = true
        if (this.#isEnded) throw error
      }
    }
  }

  async #begin(): Promise<void> {
    const isIn = await this.enter()
    if (!isIn && !this.#isClosed) return this.end(4403, 'no access to this room')
    await this.#confirm()
    this.#isBusy = false
    await this.#sayWaiting()
  }

  /** The login may have ended before the seat could be told. */
  async #confirm(): Promise<void> {
    try {
      await this.socket.call(this.login, 'accounts.me', {})
    } catch (error) {
      if (endsLogin(error)) throw error
    }
  }

  #listener(): Listener {
    return {
      log: async ({ events }) => {
        for (const event of events) {
          const text = this.#manners.frameOf(event)
          if (text !== null) this.socket.send(text)
        }
        await this.socket.drained()
      },
      ownLog: () => {},
      user: () => {},
      gone: () => this.end(4403, 'no access to this room'),
      revoked: () => this.end(4401, 'the session ended'),
    }
  }

  async #sayWaiting(): Promise<void> {
    this.#isBusy = true
    for (let next = this.#waiting[0]; next !== undefined && !this.#isEnded; next = this.#waiting[0]) {
      await this.say(next.said)
      this.#waiting.shift()
      this.#characters -= next.size
    }
    this.#isBusy = false
  }

  #failed(error: unknown): void {
    if (endsLogin(error)) this.end(4401, 'the session ended')
    else this.end(1011, 'internal')
  }
}
