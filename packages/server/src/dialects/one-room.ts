import { ChatError } from '@parlance/protocol'
import type { Conversation, DoorSocket, Listener, Login, RoomEvent, Seat } from './dialect.ts'

/** Things said that wait for their turn. */
const maxWaiting = 64

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
  #waiting: Said[] = []
  /** One at a time, so that one that has to wait for the sender's budget keeps its place. */
  #isBusy = true
  #isEnded = false

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

  closed(): void {
    this.#isEnded = true
    this.#waiting = []
  }

  /** To be called once everything is there that entering needs. */
  protected begin(): void {
    this.#begin().catch((error: unknown) => this.#failed(error))
  }

  /** To be said in its turn; false where too much waits already. */
  protected add(said: Said): boolean {
    if (this.#isEnded) return true
    if (this.#waiting.length >= maxWaiting) return false
    this.#waiting.push(said)
    this.#sayWaiting().catch((error: unknown) => this.#failed(error))
    return true
  }

  protected async patiently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof ChatError) || !this.#manners.isPassing(error) || this.#isEnded) throw error
        await this.socket.wait(error.retryMs ?? 1000)
      }
    }
  }

  async #begin(): Promise<void> {
    if (!(await this.enter())) return this.end(4403, 'no access to this room')
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
    if (this.#isBusy) return
    this.#isBusy = true
    for (let said = this.#waiting[0]; said !== undefined && !this.#isEnded; said = this.#waiting[0]) {
      await this.say(said)
      this.#waiting.shift()
    }
    this.#isBusy = false
  }

  #failed(error: unknown): void {
    if (endsLogin(error)) this.end(4401, 'the session ended')
    else this.end(1011, 'internal')
  }
}
