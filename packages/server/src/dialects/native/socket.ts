import { ChatError, type Hello, limits, type OperationName, protocolVersion, subprotocol, up } from '@parlance/protocol'
import { Compile } from 'typebox/compile'
import {
  type Actor,
  type Conversation,
  type DoorSocket,
  faultsOf,
  type Listener,
  type OwnStretch,
  type Resume,
  type RevocationReason,
  type RoomKey,
  type Seat,
  type SocketDoor,
  type Stretch,
  type UserEvent,
} from '../dialect.ts'
import { parseFrame } from '../frames.ts'
import { openRoom } from './opening.ts'
import { byeFrame, closeCodeOf, encoder, headsFrame, logFrame, ownLogFrame, wireError } from './shapes.ts'

const isOperation = Compile(up.op)
const isOther = {
  hello: Compile(up.hello),
  open: Compile(up.open),
  close: Compile(up.close),
  watch: Compile(up.watch),
  auth: Compile(up.auth),
  ping: Compile(up.ping),
}

/** Stands where a connection keeps no frames. */
const none: Record<string, unknown>[] = []

/** Frames kept while the hello is being answered: as many as operations may wait. */
const maxEarly = limits.in_flight

export const socketDoor: SocketDoor = {
  admit: ({ path }) => (path === '/ws' ? { accept: (socket) => new NativeConversation(socket), subprotocol } : null),
}

/** One socket that speaks parlance.v1. */
class NativeConversation implements Conversation, Listener {
  readonly #socket: DoorSocket
  #state: 'new' | 'greeting' | 'ready' | 'ended' = 'new'
  #early: Record<string, unknown>[] = none
  #actor: Actor | null = null
  #seat: Seat | null = null
  /** Made with the first room opened: most sockets idle. */
  #opened: Set<string> | null = null

  constructor(socket: DoorSocket) {
    this.#socket = socket
  }

  frame(data: string | Uint8Array): void {
    if (this.#state === 'ended') return
    const frame = typeof data === 'string' ? parseFrame(data) : null
    if (frame === null) return this.#bad(typeof data === 'string' ? 'not a JSON object' : 'binary frames are not part of this protocol')
    if (this.#state === 'ready') return this.#take(frame)
    if (this.#state === 'greeting') {
      if (this.#early.length >= maxEarly) return this.end(4429, 'too many frames before welcome')
      this.#early.push(frame)
      return
    }
    if (!isOther.hello.Check(frame)) return this.#bad(frame.hello === undefined ? 'the first frame must be a hello' : misfit(frame))
    this.#state = 'greeting'
    this.#early = []
    this.#greet(frame.hello).catch((error: unknown) => this.#failed(error))
  }

  heartbeat(): void {
    if (this.#seat === null) return
    const { rooms, useq } = this.#seat.openHeads()
    this.#send(headsFrame(rooms, useq))
  }

  end(code: number, reason: string): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#socket.send(byeFrame(code, reason))
    this.#socket.close(code, reason)
  }

  closed(): void {
    this.#state = 'ended'
    this.#early = none
  }

  async log(stretch: Stretch): Promise<void> {
    this.#socket.send(logFrame(stretch))
    await this.#socket.drained()
  }

  ownLog(stretch: OwnStretch): void {
    this.#send(ownLogFrame(stretch))
  }

  user(event: UserEvent): void {
    const text = encoder.user(event)
    if (text !== null) this.#socket.send(text)
  }

  gone(room: RoomKey): void {
    this.#opened?.delete(room.id)
  }

  revoked(reason: RevocationReason): void {
    if (reason === 'suspended') this.end(4403, 'suspended')
    else this.end(4401, 'the session ended')
  }

  #send(frame: object): void {
    this.#socket.send(JSON.stringify(frame))
  }

  #bad(reason: string): void {
    // A close frame has room for 123 bytes.
    this.end(
      4400,
      Buffer.from(reason)
        .subarray(0, 123)
        .toString('utf8')
        .replace(/\uFFFD+$/, ''),
    )
  }

  #failed(error: unknown): void {
    this.end(...closeCodeOf(error))
  }

  async #greet(hello: Hello): Promise<void> {
    const actor = await this.#socket.authenticate(hello.token)
    if (this.#state !== 'greeting') return
    this.#actor = actor
    this.#socket.prolong(actor)
    const seat = this.#socket.sit(actor, this)
    this.#seat = seat
    const user = await this.#socket.call(actor, 'accounts.me', {})
    const expires_in = Math.max(0, Math.floor((actor.expiresAt - this.#socket.now()) / 1000))
    this.#send({ welcome: { conn: this.#socket.id, user, protocol: protocolVersion, heartbeat: limits.heartbeat_ms, expires_in, limits } })
    const { resume } = hello
    const isKnown = resume?.epoch === seat.epoch
    const { useq, isLost } = await this.#enter(seat, isKnown ? resumeOf(resume) : null)
    const mode = resume === undefined ? 'heads' : isKnown && !isLost ? 'resumed' : 'reset'
    if (this.#state !== 'greeting') return
    this.#socket.resumed(mode)
    this.#send({ ready: { mode, epoch: seat.epoch, useq } })
    this.#state = 'ready'
    const early = this.#early
    this.#early = none
    for (const frame of early) this.#take(frame)
  }

  async #enter(seat: Seat, resume: Resume | null): Promise<{ useq: number; isLost: boolean }> {
    const pages = seat.enter(resume)
    for (;;) {
      const page = await pages.next()
      if (page.done === true) return page.value
      if (page.value.reset.length > 0) this.#send({ reset: page.value.reset })
      this.#send({ heads: page.value.heads })
      await this.#socket.drained()
    }
  }

  #take(frame: Record<string, unknown>): void {
    const actor = this.#actor
    const seat = this.#seat
    if (actor === null || seat === null || this.#state === 'ended') return
    if (isOperation.Check(frame)) return this.#operation(actor, frame)
    if (isOther.open.Check(frame)) return this.#open(seat, actor, frame)
    if (isOther.ping.Check(frame)) return this.#send({ pong: 1 })
    if (isOther.close.Check(frame)) {
      this.#opened?.delete(frame.close)
      seat.shut(frame.close).catch((error: unknown) => this.#failed(error))
      return
    }
    if (isOther.watch.Check(frame)) {
      this.#watch(seat, actor, frame.watch).catch((error: unknown) => this.#failed(error))
      return
    }
    if (isOther.auth.Check(frame)) {
      this.#renew(actor, frame.auth).catch((error: unknown) => this.#failed(error))
      return
    }
    this.#bad(misfit(frame))
  }

  #operation(actor: Actor, { id, op, in: input }: { id: number; op: string; in?: unknown }): void {
    // The gate answers unknown names with an error of its own.
    this.#socket.call(actor, op as OperationName, input ?? {}).then(
      (ok) => {
        const text = JSON.stringify({ id, ok })
        this.#socket.answered(actor, text.length)
        this.#socket.reply(text)
      },
      (error: unknown) => this.#socket.reply(JSON.stringify({ id, err: wireError(error) })),
    )
  }

  async #watch(seat: Seat, actor: Actor, users: readonly string[]): Promise<void> {
    this.#socket.spend(actor)
    await seat.watch(users)
  }

  #open(seat: Seat, actor: Actor, { open: room, after }: { open: string; after?: number }): void {
    try {
      this.#socket.spend(actor)
      this.#mayOpen(room)
    } catch (error) {
      this.#refuse(room, error)
      return
    }
    openRoom(seat, { socket: this.#socket, actor, room, after }).then(
      ({ seq }) => {
        if ((after ?? 0) > seq) this.#send({ reset: [room] })
        this.#send({ opened: room, seq })
      },
      (error: unknown) => {
        this.#opened?.delete(room)
        this.#refuse(room, error)
      },
    )
  }

  #mayOpen(room: string): void {
    const opened = (this.#opened ??= new Set())
    if (opened.size >= limits.open_rooms && !opened.has(room))
      throw new ChatError('rate_limited', { detail: `at most ${limits.open_rooms} rooms may be open` })
    opened.add(room)
  }

  #refuse(room: string, error: unknown): void {
    this.#send({ refused: room, err: wireError(error) })
  }

  async #renew(actor: Actor, token: string): Promise<void> {
    const renewed = await this.#socket.authenticate(token)
    if (renewed.number !== actor.number) throw new ChatError('unauthenticated')
    this.#actor = renewed
    this.#socket.prolong(renewed)
    this.#send({ auth: { expires_in: Math.max(0, Math.floor((renewed.expiresAt - this.#socket.now()) / 1000)) } })
  }
}

const resumeOf = ({ useq, rooms }: NonNullable<Hello['resume']>): Resume => ({ useq, rooms: new Map(Object.entries(rooms)) })

const kinds = { op: isOperation, ...isOther }

/** What is wrong with a frame, for whoever writes the client. */
function misfit(frame: Record<string, unknown>): string {
  const kind = (Object.keys(kinds) as (keyof typeof kinds)[]).find((name) => Object.hasOwn(frame, name))
  if (kind === undefined) return 'unknown frame'
  if (kinds[kind].Check(frame)) return `${kind} is the first frame only`
  const [fault] = faultsOf(kinds[kind].Errors(frame))
  return [`${kind}:`, fault?.path, fault?.message].filter((part) => part !== '').join(' ')
}
