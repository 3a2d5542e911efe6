import { ChatError } from '@parlance/protocol'
import type { Awaited, Cast, Conversation, DoorSocket, Listener, Login, RoomKey, Seat, UserEvent } from '../dialect.ts'
import { type Act, personNumber, readFrame, unknownReceiver } from './frames.ts'
import { channelOf, isBarred, Places } from './places.ts'
import { frameOf } from './shapes.ts'

/** How long a socket may be silent before its first frame. */
const silenceMs = 3000
/** Frames of one socket that wait for their turn, and their characters in all. */
const maxWaiting = 10_000
/** Each carries a token of some 300. */
const maxCharacters = 4 * 1024 * 1024

const badToken = { type: 'unauthorized', message: 'Invalid or expired token.' }
const wrong = (message: string) => ({ type: 'error', message })

type Message = Extract<Act, { what: 'message' }>

/**
 * One socket on the channel {x}. Every frame carries the token of whoever acts. The person of the first good one is who listens, in the
 * room that {x} names to them, or in the bare channel of that name.
 */
export class Talk implements Conversation {
  readonly #socket: DoorSocket
  readonly #name: string
  readonly #places: Places
  /** One after the other, so that one that waits for its sender's budget keeps its place. */
  readonly #waiting: { work: () => Promise<void>; size: number }[] = []
  #characters = 0
  #isBusy = false
  #isEnded = false
  /** The peer is gone. What it said before still counts, as far as that can be done at once. */
  #isClosed = false
  #seat: Seat | null = null
  #listening: Login | null = null
  /** The room the socket is in, or on its way into. A removal met on the way takes it away again. */
  #room: string | null = null
  /** A room that the channel may name since a position of its log that this socket must not miss. */
  #arrived: { room: string; after: number } | null = null
  readonly #awaited: Awaited

  constructor(socket: DoorSocket, name: string) {
    this.#socket = socket
    this.#name = name
    this.#places = new Places(socket, name, () => this.#isEnded || this.#isClosed)
    this.#awaited = { name, told: ({ id }, fresh) => this.#arrive(fresh ? { room: id, after: 0 } : null) }
    void this.#awaitProof()
  }

  frame(data: string | Uint8Array): void {
    if (this.#waiting.length >= maxWaiting || this.#characters + data.length > maxCharacters) this.#refuse(wrong('Too many frames.'))
    else this.#enqueue(() => this.#take(data), data.length)
  }

  /** The runtime's pings keep the socket alive; a frame would be an event to this client. */
  heartbeat(): void {}

  end(code: number, reason: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket.close(code, reason)
  }

  closed(): void {
    this.#isClosed = true
  }

  /** A frame under way when the time is over proves its sender or ends the socket by itself. */
  async #awaitProof(): Promise<void> {
    await this.#socket.wait(silenceMs)
    if (this.#seat === null && !this.#isBusy) this.end(4001, 'no valid frame')
  }

  #enqueue(work: () => Promise<void>, size = 0): void {
    if (this.#isEnded) return
    this.#waiting.push({ work, size })
    this.#characters += size
    if (!this.#isBusy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#isBusy = true
    try {
      for (let next = this.#waiting[0]; next !== undefined && !this.#isEnded; next = this.#waiting[0]) {
        await next.work()
        this.#waiting.shift()
        this.#characters -= next.size
      }
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#isBusy = false
    }
  }

  /** The offender hears what was wrong, and the socket ends. */
  #refuse(answer: { type: string; message: string }, code = 1000): void {
    if (this.#isEnded) return
    this.#socket.send(JSON.stringify(answer))
    this.end(code, '')
  }

  #failed(error: unknown): void {
    if (!(error instanceof ChatError) || error.code === 'internal') this.end(1011, 'internal')
    else if (error.status === 401 || error.code === 'suspended') this.#refuse(badToken, 4001)
    else this.#refuse(wrong(error.faults?.[0]?.message ?? error.detail))
  }

  async #take(data: string | Uint8Array): Promise<void> {
    const frame = typeof data === 'string' ? readFrame(data) : { wrong: 'Binary frames are not supported.' }
    if ('wrong' in frame) return this.#refuse(wrong(frame.wrong))
    if (frame.token === null) return this.#refuse(wrong('Token is missing.'), 4001)
    const login = await this.#socket.authenticate(frame.token)
    if (!this.#isClosed) await this.#listenAs(login)
    if ('wrong' in frame.act) return this.#refuse(wrong(frame.act.wrong))
    // A message asks anew whether the name is a room's by now.
    if (this.#listens(login) && this.#room === null && frame.act.what === 'message') await this.#enter(login)
    await this.#act(login, frame.act, this.#listens(login) ? this.#room : await this.#places.roomOf(login))
  }

  /** Whether this is who listens here, so that the socket is where the channel is to them; nobody listens once the peer is gone. */
  #listens({ number }: Login): boolean {
    return !this.#isClosed && number === this.#listening?.number
  }

  /** The first person stays the one who listens. A later login of theirs lets the socket live as long as it does. */
  async #listenAs(login: Login): Promise<void> {
    if (this.#listening !== null && this.#listening.number !== login.number) return
    const isSame = this.#listening?.session === login.session && this.#listening.sessionEndsAt === login.sessionEndsAt
    if (!isSame) this.#socket.prolong(login, login.sessionEndsAt)
    this.#listening = login
    if (this.#seat !== null) return
    this.#seat = this.#socket.sit(login, this.#listener())
    await this.#settle(login)
  }

  /** Into the room that the channel names to the one who listens, or into the bare channel until it names one. */
  async #settle(login: Login): Promise<void> {
    if (await this.#enter(login)) return
    await this.#seat?.tune(channelOf(this.#name, null), this.#awaited)
    // It may have got its name before that was heard of.
    await this.#enter(login)
  }

  async #enter(login: Login): Promise<boolean> {
    const room = await this.#places.roomOf(login)
    if (room === null || this.#seat === null) return false
    this.#room = room
    const since = this.#arrived?.room === room ? { after: this.#arrived.after } : {}
    const attached = await this.#seat.open(room, { mode: 'open', ...since })
    // A removal met on the way in has left nothing of the room.
    if (attached === null) this.#room = null
    if (this.#room !== null) await this.#seat.tune(channelOf(this.#name, room))
    return this.#room !== null
  }

  #listener(): Listener {
    return {
      log: async ({ events }) => {
        for (const event of events) {
          const text = frameOf(event)
          if (text !== null) this.#socket.send(text)
        }
        await this.#socket.drained()
      },
      ownLog: () => {},
      user: (event) => this.#heard(event),
      gone: (room) => this.#gone(room),
      revoked: () => this.end(4401, 'the session ended'),
    }
  }

  /** Out of the room's channel in this very step: what is said there from now on is not theirs to hear. */
  #gone({ id }: RoomKey): void {
    if (this.#room !== id) return
    this.#room = null
    this.#arrived = null
    this.#seat?.tune(channelOf(this.#name, null), this.#awaited).catch((error: unknown) => this.#failed(error))
  }

  /** Whoever becomes a member of the room that the channel names comes in, and misses nothing since the join. Direct rooms have no name. */
  #heard({ type, room, position }: UserEvent): void {
    if (type !== 'room.joined' || room === null || (room.name !== null && room.name !== this.#name)) return
    this.#arrive(position === null ? null : { room: room.id, after: position })
  }

  #arrive(arrived: { room: string; after: number } | null): void {
    if (this.#room !== null) return
    if (this.#arrived === null || this.#arrived.room !== arrived?.room) this.#arrived = arrived
    this.#enqueue(async () => {
      if (this.#listening !== null && this.#room === null) await this.#settle(this.#listening)
      // Not theirs to read: should they be let in later, what was before is history.
      if (this.#room === null) this.#arrived = null
    })
  }

  async #act(login: Login, act: Exclude<Act, { wrong: string }>, room: string | null): Promise<void> {
    if (act.what === 'message') return await this.#message(login, act, room)
    if (act.what === 'typing' && room !== null && (await this.#type(login, room))) return
    await this.#cast(login, room, { to: null, what: act.what, data: {}, isPaid: false })
  }

  /** Whether it was told to the room, at every door of it. */
  #type(login: Login, room: string): Promise<boolean> {
    return isDone(this.#places.patiently(() => this.#socket.call(login, 'rooms.typing', { room })))
  }

  /** Into the room of {x}, if the sender may post there; else into the room of the two, and to their sockets in this channel. */
  async #message(login: Login, { receiver, text }: Message, room: string | null): Promise<void> {
    const number = personNumber(receiver)
    const person = number === null ? null : await this.#places.person(login, number)
    if (person === null) return this.#refuse(wrong(unknownReceiver))
    const post = (to: string) =>
      this.#places.patiently(() => this.#socket.sendTo(login, { person, as: receiver }, { room: to, content: text }))
    if (room !== null && (await isDone(post(room)))) return
    const two = await this.#places.roomOfTwo(login, person)
    if (two === null || !(await isDone(post(two)))) {
      const made = await this.#places.direct(login, person)
      // The channel may name the room made just now: then everybody who is to hear it is on the way into it.
      const isNamed = room === null && (await this.#nowNamed(login)) === made
      await post(made)
      if (isNamed) return
    }
    await this.#cast(login, room, {
      to: [login.number, person.number],
      what: 'message',
      data: { message: text, receiver },
      isPaid: true,
    })
  }

  /** The room that the channel names to somebody by now; who listens here goes into it. */
  async #nowNamed(login: Login): Promise<string | null> {
    if (!this.#listens(login)) return await this.#places.roomOf(login)
    if (this.#room === null) await this.#enter(login)
    return this.#room
  }

  #cast(login: Login, room: string | null, said: Omit<Cast, 'channel'>): Promise<void> {
    return this.#places.patiently(() => this.#socket.cast(login, { channel: channelOf(this.#name, room), ...said }))
  }
}

/** Whether it was done; not where it was not the person's to do. */
async function isDone(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (isBarred(error)) return false
    throw error
  }
}
