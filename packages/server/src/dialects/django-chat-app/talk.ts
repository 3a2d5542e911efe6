import { ChatError } from '@parlance/protocol'
import type { Cast, Conversation, DoorSocket, Listener, Login, RoomKey, Seat, UserEvent } from '../dialect.ts'
import { type Act, personNumber, readFrame, unknownReceiver } from './frames.ts'
import { channelOf, isBarred, Places } from './places.ts'
import { frameOf } from './shapes.ts'

/** How long a socket may be silent before its first frame. */
const silenceMs = 3000
/** Frames of one socket that wait for their turn, and their characters in all. */
const maxWaiting = 1000
const maxCharacters = 1024 * 1024

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
  #seat: Seat | null = null
  #listening: Login | null = null
  /** The room the socket is in, or on its way into. A removal met on the way takes it away again. */
  #room: string | null = null

  constructor(socket: DoorSocket, name: string) {
    this.#socket = socket
    this.#name = name
    this.#places = new Places(socket, name)
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
    this.#isEnded = true
    this.#waiting.length = 0
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
    await this.#listenAs(login)
    if ('wrong' in frame.act) return this.#refuse(wrong(frame.act.wrong))
    const room = login.number === this.#listening?.number ? this.#room : await this.#places.roomOf(login)
    await this.#act(login, frame.act, room)
  }

  /** The first person stays the one who listens. A later login of theirs lets the socket live as long as it does. */
  async #listenAs(login: Login): Promise<void> {
    if (this.#listening !== null && this.#listening.number !== login.number) return
    if (this.#listening?.session !== login.session) this.#socket.prolong(login, login.sessionEndsAt)
    this.#listening = login
    this.#seat ??= this.#socket.sit(login, this.#listener())
    // What was no room of theirs may be one now.
    if (this.#room === null) await this.#settle(login)
  }

  async #settle(login: Login, after?: number): Promise<void> {
    const room = await this.#places.roomOf(login)
    this.#room = room
    const attached = room === null ? null : await this.#seat?.open(room, { mode: 'open', ...(after !== undefined && { after }) })
    // A removal while the way in was open has left nothing of the room.
    if (attached === null) this.#room = null
    await this.#seat?.tune(channelOf(this.#name, this.#room))
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
    this.#seat?.tune(channelOf(this.#name, null)).catch((error: unknown) => this.#failed(error))
  }

  /** Whoever becomes a member of the room that {x} names comes out of the bare channel into it, and misses nothing since the join. */
  #heard({ type, room, position }: UserEvent): void {
    if (type !== 'room.joined' || room === null || room.name !== this.#name) return
    this.#enqueue(async () => {
      if (this.#listening !== null && this.#room === null) await this.#settle(this.#listening, position ?? undefined)
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
    if (two === null || !(await isDone(post(two)))) await post(await this.#places.direct(login, person))
    await this.#cast(login, room, {
      to: [login.number, person.number],
      what: 'message',
      data: { message: text, receiver },
      isPaid: true,
    })
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
