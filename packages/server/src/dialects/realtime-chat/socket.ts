import { ChatError } from '@parlance/protocol'
import type { Admission, Conversation, DoorSocket, Handshake, Listener, Login, Person, Seat, SocketDoor } from '../dialect.ts'
import { Closing, closeFor, type Entered, enterable } from './names.ts'
import { errorFrame, frameOf, joinFrame, leaveFrame, type Said, saidIn, usersFrame } from './shapes.ts'

/** Frames that wait for their turn. */
const maxWaiting = 64
/** The original sends the whole history; so much of it is, the newest. */
const historyLength = 1000

const path = /^\/ws\/chat\/([^/]+)\/?$/
/** What can be meant for this API where others share the path: a name, or the id of a room. */
const named = /^(?:[\p{L}\p{N}_]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/iu

export const socketDoor: SocketDoor = {
  roomPath: { x: named, header: true, tokenless: false, room: null },
  async admit(handshake, lobby) {
    const [, x] = path.exec(unescaped(handshake.path)) ?? []
    if (x === undefined) return null
    try {
      const login = await lobby.authenticate(tokenOf(handshake))
      const entered = await enterable(lobby, login, x)
      return { accept: (socket) => new RoomConversation(socket, login, entered) }
    } catch (error) {
      return refusal(error)
    }
  },
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The header wins over the query. */
function tokenOf({ headers, query }: Handshake): string {
  const [, token] = /^Bearer\s+(.*)$/i.exec(headers.get('authorization')?.trim() ?? '') ?? []
  return token ?? query.get('token') ?? ''
}

/** A browser sees a close code only of a socket that was open. */
function refusal(error: unknown): Admission {
  if (error instanceof ChatError && (error.status >= 500 || error.status === 429)) return { refuse: error.status, retryMs: error.retryMs }
  const code = error instanceof Closing ? error.code : error instanceof ChatError ? closeFor(error) : null
  if (code === null) throw error
  return { accept: (socket) => new ClosedConversation(socket, code) }
}

const reasons: Record<number, string> = {
  4000: 'the room cannot be found or made',
  4001: 'the token is missing or not valid',
  4003: 'no access to this room',
}

class ClosedConversation implements Conversation {
  constructor(socket: DoorSocket, code: number) {
    socket.close(code, reasons[code] ?? '')
  }
  frame(): void {}
  heartbeat(): void {}
  end(): void {}
  closed(): void {}
}

/** The codes that the transport ends sockets with, as this API documents them. */
const documented: Record<number, number> = { 4401: 4001, 4403: 4003 }

const endsLogin = (error: unknown): boolean => error instanceof ChatError && (error.status === 401 || error.code === 'suspended')

/** One socket in one room. */
class RoomConversation implements Conversation {
  readonly #socket: DoorSocket
  readonly #login: Login
  readonly #entered: Entered
  readonly #seat: Seat
  #waiting: Said[] = []
  /** One frame at a time, so that one that has to wait for the sender's budget keeps its place. */
  #isBusy = true
  #isEnded = false

  constructor(socket: DoorSocket, login: Login, entered: Entered) {
    this.#socket = socket
    this.#login = login
    this.#entered = entered
    socket.prolong(login, login.sessionEndsAt)
    this.#seat = socket.sit(login, this.#listener())
    this.#enter().catch((error: unknown) => this.#failed(error))
  }

  frame(data: string | Uint8Array): void {
    const said = saidIn(data)
    if (said === null || this.#isEnded) return
    if (this.#waiting.length >= maxWaiting) return this.#socket.send(errorFrame('Too many messages are waiting to be sent'))
    this.#waiting.push(said)
    this.#sayWaiting().catch((error: unknown) => this.#failed(error))
  }

  /** The runtime's pings keep the socket alive; a frame would be news to this client. */
  heartbeat(): void {}

  end(code: number, reason: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket.close(documented[code] ?? code, reason)
  }

  closed(): void {
    this.#isEnded = true
    this.#waiting = []
  }

  /** Who is here, the history, the arrival, and then what happens: one order, in which nothing is missed and nothing comes twice. */
  async #enter(): Promise<void> {
    const { id } = this.#entered
    const [listed, after] = await Promise.all([this.#socket.company(this.#login, id), this.#historyStart()])
    const known = listed.some(({ number }) => number === this.#login.number) ? listed : [...listed, this.#login]
    this.#socket.send(usersFrame(known))
    const attached = await this.#seat.open(id, { mode: 'open', after, here: true })
    if (attached === null) return this.end(4003, 'no access to this room')
    const { people = [], told = false } = attached.here ?? {}
    // Who is here at another socket already has arrived for this one alone.
    if (!told) this.#socket.send(joinFrame(this.#login))
    this.#tellChanges(known, people)
    await this.#confirm()
    this.#isBusy = false
    await this.#sayWaiting()
  }

  /** The position in the log before the oldest message that is sent on connect. */
  async #historyStart(): Promise<number> {
    const { id, n } = this.#entered
    if (n <= historyLength) return 0
    const { items } = await this.#patiently(() =>
      this.#socket.call(this.#login, 'messages.list', { room: id, after: n - historyLength, limit: 1 }),
    )
    return Math.max(0, (items[0]?.seq ?? 1) - 1)
  }

  /** Who came and went while the history was sent. */
  #tellChanges(before: readonly Person[], now: readonly Person[]): void {
    const isIn = (people: readonly Person[]) => (person: Person) => people.some(({ number }) => number === person.number)
    for (const person of now) if (!isIn(before)(person)) this.#socket.send(joinFrame(person))
    for (const person of before) {
      if (!isIn(now)(person) && person.number !== this.#login.number) this.#socket.send(leaveFrame(person))
    }
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
          // A history shows messages as they are now: what was done to them before is in them.
          const isPast = event.seq <= this.#entered.seq && event.type !== 'message.created'
          const text = isPast ? null : frameOf(event)
          if (text !== null) this.#socket.send(text)
        }
        await this.#socket.drained()
      },
      ownLog: () => {},
      user: () => {},
      gone: () => this.end(4003, 'no access to this room'),
      revoked: () => this.end(4001, 'the session ended'),
    }
  }

  async #sayWaiting(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    for (let said = this.#waiting[0]; said !== undefined && !this.#isEnded; said = this.#waiting[0]) {
      await this.#say(said)
      this.#waiting.shift()
    }
    this.#isBusy = false
  }

  async #say(said: Said): Promise<void> {
    if (said.kind === 'wrong') return this.#socket.send(errorFrame(said.error))
    const room = this.#entered.id
    try {
      if (said.kind === 'typing') await this.#socket.call(this.#login, 'rooms.typing', { room, typing: said.typing })
      else await this.#patiently(() => this.#socket.call(this.#login, 'messages.send', { room, content: said.text }))
    } catch (error) {
      if (!(error instanceof ChatError) || endsLogin(error)) throw error
      // That somebody types may be lost; a message may not without a word.
      if (said.kind === 'message') this.#socket.send(errorFrame(error.faults?.[0]?.message ?? error.detail))
    }
  }

  /** Two refusals say that nothing was done and that it is only a matter of time; any other is final. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const isPassing = error instanceof ChatError && (error.code === 'rate_limited' || error.code === 'overloaded')
        if (!isPassing || this.#isEnded) throw error
        await this.#socket.wait(error.retryMs ?? 1000)
      }
    }
  }

  #failed(error: unknown): void {
    if (endsLogin(error)) this.end(4001, 'the session ended')
    else this.end(1011, 'internal')
  }
}
