import { ChatError, type Room } from '@parlance/protocol'
import type { Admission, DoorSocket, Login, RoomEvent } from './dialect.ts'
import { endsLogin, OneRoom } from './one-room.ts'

/** How a dialect talks whose sockets are in one room and only write and hear messages. */
export type Words = {
  /** The text that a client's frame sends, or null for frames that are ignored. */
  textOf(frame: string): string | null
  /** An event as a frame, or null for what is not told. */
  frameOf(event: RoomEvent): string | null
}

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

/** A budget, slow mode, a full queue. */
const isPassing = (error: ChatError): boolean => error.status === 429 || error.code === 'overloaded'

/** It never hears of an error: what is refused, or too much, is ignored, as the originals do with what they cannot use. */
class RoomTalk extends OneRoom<string> {
  readonly #words: Words
  readonly #room: Room

  constructor(words: Words, socket: DoorSocket, { login, room }: { login: Login; room: Room }) {
    super(socket, login, { frameOf: (event) => words.frameOf(event), isPassing })
    this.#words = words
    this.#room = room
    this.begin()
  }

  frame(data: string | Uint8Array): void {
    const text = typeof data === 'string' ? this.#words.textOf(data) : null
    if (text !== null) this.add(text, data.length)
  }

  /** What was written since the handshake comes first, so that nothing is missed between it and the seat. */
  protected async enter(): Promise<boolean> {
    return (await this.seat.open(this.#room.id, { mode: 'open', after: this.#room.seq })) !== null
  }

  protected async say(content: string): Promise<void> {
    try {
      await this.patiently(() => this.socket.call(this.login, 'messages.send', { room: this.#room.id, content }))
    } catch (error) {
      if (!(error instanceof ChatError) || endsLogin(error)) throw error
    }
  }
}
