import { ChatError } from '@parlance/protocol'
import {
  type Admission,
  type Conversation,
  type DoorSocket,
  type Handshake,
  type Login,
  type Person,
  type RoomEvent,
  type SocketDoor,
} from '../dialect.ts'
import { unescaped, uuid } from '../names.ts'
import { endsLogin, OneRoom } from '../one-room.ts'
import { Closing, closeFor, type Entered, enterable } from './names.ts'
import { errorFrame, frameOf, joinFrame, leaveFrame, type Said, saidIn, usersFrame } from './shapes.ts'

/** The original sends the whole history; so much of it is, the newest. */
const historyLength = 1000

const path = /^\/ws\/chat\/([^/]+)\/?$/
/** What can be meant for this API where others share the path: a name, or the id of a room. */
const named = new RegExp(`^(?:[\\p{L}\\p{N}_]+|${uuid})$`, 'iu')

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

/** Refusals that say that nothing was done and that it is only a matter of time; any other is final. */
const isPassing = ({ code }: ChatError): boolean => code === 'rate_limited' || code === 'overloaded'

/** One socket in one room. */
class RoomConversation extends OneRoom<Said> {
  readonly #entered: Entered

  constructor(socket: DoorSocket, login: Login, entered: Entered) {
    // A history shows messages as they are now: what was done to them before is in them.
    const isPast = ({ seq, type }: RoomEvent) => seq <= entered.seq && type !== 'message.created'
    super(socket, login, { frameOf: (event) => (isPast(event) ? null : frameOf(event)), isPassing, codes: documented })
    this.#entered = entered
    this.begin()
  }

  frame(data: string | Uint8Array): void {
    const said = saidIn(data)
    if (said !== null && !this.add(said, data.length)) this.socket.send(errorFrame('Too many messages are waiting to be sent'))
  }

  /** Who is here, the history, the arrival, and then what happens: one order, in which nothing is missed and nothing comes twice. */
  protected async enter(): Promise<boolean> {
    const { id } = this.#entered
    const [listed, after] = await Promise.all([this.socket.company(this.login, id), this.#historyStart()])
    const known = listed.some(({ number }) => number === this.login.number) ? listed : [...listed, this.login]
    this.socket.send(usersFrame(known))
    const attached = await this.seat.open(id, { mode: 'open', after, here: true })
    if (attached === null) return false
    const { people = [], told = false } = attached.here ?? {}
    // Who is here at another socket already has arrived for this one alone.
    if (!told) this.socket.send(joinFrame(this.login))
    this.#tellChanges(known, people)
    return true
  }

  /** The position in the log before the oldest message that is sent on connect. */
  async #historyStart(): Promise<number> {
    const { id, n } = this.#entered
    if (n <= historyLength) return 0
    const { items } = await this.patiently(() =>
      this.socket.call(this.login, 'messages.list', { room: id, after: n - historyLength, limit: 1 }),
    )
    return Math.max(0, (items[0]?.seq ?? 1) - 1)
  }

  /** Who came and went while the history was sent. */
  #tellChanges(before: readonly Person[], now: readonly Person[]): void {
    const isIn = (people: readonly Person[]) => (person: Person) => people.some(({ number }) => number === person.number)
    for (const person of now) if (!isIn(before)(person)) this.socket.send(joinFrame(person))
    for (const person of before) {
      if (!isIn(now)(person) && person.number !== this.login.number) this.socket.send(leaveFrame(person))
    }
  }

  protected async say(said: Said): Promise<void> {
    if (said.kind === 'wrong') return this.socket.send(errorFrame(said.error))
    const room = this.#entered.id
    try {
      if (said.kind === 'typing') await this.socket.call(this.login, 'rooms.typing', { room, typing: said.typing })
      else await this.patiently(() => this.socket.call(this.login, 'messages.send', { room, content: said.text }))
    } catch (error) {
      if (!(error instanceof ChatError) || endsLogin(error)) throw error
      // That somebody types may be lost; a message may not without a word.
      if (said.kind === 'message') this.socket.send(errorFrame(error.faults?.[0]?.message ?? error.detail))
    }
  }
}
