import { ChatError, type Room } from '@parlance/protocol'
import type { Admission, Conversation, DoorSocket, Listener, Login, RoomEvent, Seat } from './dialect.ts'

/** How a dialect talks whose sockets are in one room and only write and hear messages. */
export type Words = {
  /** The text that a client's frame sends, or null for frames that are ignored. */
  textOf(frame: string): string | null
  /** An event as a frame, or null for what is not told. */
  frameOf(event: RoomEvent): string | null
}

/** Frames that wait for their turn; what comes beyond them is lost, like everything the gate refuses. */
const maxWaiting = 64

/** Admits a login to a room it was seen to read. */
export const talkIn = (words: Words, login: Login, room: Room): Admission => ({
  accept: (socket) => new RoomTalk(words, socket, { login, room }),
})

/** Whatever is wrong with the token or the room, the handshake is answered 403. */
export function refusal(error: unknown): Admission {
  if (!(error instanceof ChatError)) throw error
  const { status, retryMs } = error
  return status >= 500 || status === 429 ? { refuse: status, retryMs } : { refuse: 403 }
}

const endsLogin = (error: unknown): boolean => error instanceof ChatError && (error.status === 401 || error.code === 'suspended')

/** Whether a refusal says that nothing was written and that it is only a matter of time: a budget, slow mode, a full queue. */
export const isPassing = (error: ChatError): boolean => error.status === 429 || error.code === 'overloaded'

/** One socket in one room. It never hears of an error: what is refused is ignored, as the originals do with what they cannot use. */
class RoomTalk implements Conversation {
  readonly #words: Words
  readonly #socket: DoorSocket
  readonly #login: Login
  readonly #room: string
  readonly #seat: Seat
  #waiting: string[] = []
  /** One frame at a time, so that one that has to wait for the sender's budget keeps its place. */
  #isBusy = true
  #isEnded = false

  constructor(words: Words, socket: DoorSocket, { login, room }: { login: Login; room: Room }) {
    this.#words = words
    this.#socket = socket
    this.#login = login
    this.#room = room.id
    socket.prolong(login, login.sessionEndsAt)
    this.#seat = socket.sit(login, this.#listener())
    this.#enter(room.seq).catch((error: unknown) => this.#failed(error))
  }
  frame(data: string | Uint8Array): void {
    const text = typeof data === 'string' ? this.#words.textOf(data) : null
    if (text === null || this.#isEnded || this.#waiting.length >= maxWaiting) return
    this.#waiting.push(text)
    this.#sendWaiting().catch((error: unknown) => this.#failed(error))
  }

  /** The runtime's pings keep the socket alive; a frame would be a message to this client. */
  heartbeat(): void {}

  end(code: number, reason: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket.close(code, reason)
  }

  closed(): void {
    this.#isEnded = true
    this.#waiting = []
  }

  /** What was written since the handshake comes first, so that nothing is missed between it and the seat. */
  async #enter(after: number): Promise<void> {
    const attached = await this.#seat.open(this.#room, { mode: 'open', after })
    if (attached === null) return this.end(4403, 'no access to this room')
    await this.#confirm()
    this.#isBusy = false
    await this.#sendWaiting()
  }

  /** The login may have ended before the seat could be told. */
  async #confirm(): Promise<void> {
    try {
      await this.#socket.call(this.#login, 'accounts.me', {})
    } catch (error) {
      if (endsLogin(error)) throw error
    }
  }

  #listener(): Listener {
    return {
      log: async ({ events }) => {
        for (const event of events) {
          const text = this.#words.frameOf(event)
          if (text !== null) this.#socket.send(text)
        }
        await this.#socket.drained()
      },
      ownLog: () => {},
      user: () => {},
      gone: () => this.end(4403, 'no access to this room'),
      revoked: () => this.end(4401, 'the session ended'),
    }
  }

  async #sendWaiting(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    for (let text = this.#waiting[0]; text !== undefined && !this.#isEnded; text = this.#waiting[0]) {
      await this.#send(text)
      this.#waiting.shift()
    }
    this.#isBusy = false
  }

  async #send(content: string): Promise<void> {
    while (!this.#isEnded) {
      try {
        await this.#socket.call(this.#login, 'messages.send', { room: this.#room, content })
        return
      } catch (error) {
        if (!(error instanceof ChatError) || endsLogin(error)) throw error
        if (!isPassing(error)) return
        await this.#socket.wait(error.retryMs ?? 1000)
      }
    }
  }

  #failed(error: unknown): void {
    if (endsLogin(error)) this.end(4401, 'the session ended')
    else this.end(1011, 'internal')
  }
}
