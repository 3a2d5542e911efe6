import { ChatError, LastEventId, limits, type Profile, protocolVersion, type Stream, streams } from '@parlance/protocol'
import { Compile } from 'typebox/compile'
import {
  type Actor,
  type Conversation,
  type DoorSocket,
  type Encoder,
  faultsOf,
  type Listener,
  type OwnStretch,
  type RestAnswer,
  type RestCall,
  type RestRoute,
  type RevocationReason,
  type RoomKey,
  type Seat,
  type Stretch,
  type UserEvent,
} from '../dialect.ts'
import { openRoom } from './opening.ts'
import { base, bearer, queryOf } from './request.ts'
import { byeFrame, closeCodeOf, encoder, headsFrame, logFrame, ownLogFrame, wireError } from './shapes.ts'

const roomEncoder = 'native room stream'
const ownEncoder = 'native own stream'

/** One server-sent event. The data is one line, as JSON is. */
const sse = (data: string, { id, event }: { id?: string; event?: string } = {}): string =>
  `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`

/** What a proxy and a reader see first; `retry` is how long a reader waits before it comes back (ms). */
const opening = 'retry: 1000\n\n'
const comment = ':\n\n'

/** The frames of the socket as events of a stream. A position stands as `id` where the stream can go on behind it. */
export const streamEncoders = (epoch: string): Record<string, Encoder> => {
  const wrapped = (text: string | null) => (text === null ? null : sse(text))
  // Every one of them: an encoder that is left out would reach the reader unwrapped.
  const plain: Required<Omit<Encoder, 'channel'>> = {
    floor: (signal) => wrapped(encoder.floor?.(signal) ?? null),
    spares: (signal) => encoder.spares?.(signal) ?? false,
    room: (event) => wrapped(encoder.room(event)),
    user: (event) => wrapped(encoder.user(event)),
    ephemeral: (signal) => wrapped(encoder.ephemeral(signal)),
    presence: (user, status) => wrapped(encoder.presence(user, status)),
    heads: (heads) => wrapped(encoder.heads(heads)),
  }
  const withId = (text: string | null, position: number) => (text === null ? null : sse(text, { id: `${epoch}.${position}` }))
  return {
    [roomEncoder]: { ...plain, room: (event) => withId(encoder.room(event), event.seq) },
    [ownEncoder]: { ...plain, user: (event) => withId(encoder.user(event), event.useq) },
  }
}

const isLastEventId = Compile(LastEventId)
const inputs = { room: Compile(streams['rooms.stream'].in), own: Compile(streams['me.stream'].in) }

/** Where the reader left off, and in which database; null where it does not say. */
type Cursor = { epoch: string; at: number }

export const streamRoutes: RestRoute[] = [
  { method: 'GET', path: pathOf(streams['rooms.stream']), handle: roomStream },
  { method: 'GET', path: pathOf(streams['me.stream']), handle: ownStream },
]

function pathOf({ path }: Stream): string {
  return base + path.replaceAll(/\{(\w+)\}/g, ':$1')
}

async function roomStream(call: RestCall): Promise<RestAnswer> {
  const actor = await call.authenticate(bearer(call.headers))
  const input = { ...queryOf(call.query, streams['rooms.stream']), ...call.params }
  if (!inputs.room.Check(input)) throw new ChatError('invalid_input', { errors: faultsOf(inputs.room.Errors(input)) })
  const cursor = cursorOf(call.headers)
  // Through the gate: it draws on the budget, asks whether the session stands and finds the room by its name.
  const { id } = await call.call(actor, 'rooms.get', { room: input.room })
  return stream(actor, roomEncoder, (socket) => new RoomStream(socket, { actor, room: id, cursor, after: input.after }))
}

async function ownStream(call: RestCall): Promise<RestAnswer> {
  const actor = await call.authenticate(bearer(call.headers))
  const input = queryOf(call.query, streams['me.stream'])
  if (!inputs.own.Check(input)) throw new ChatError('invalid_input', { errors: faultsOf(inputs.own.Errors(input)) })
  const { open = [], watch = [] } = input as { open?: string[]; watch?: string[] }
  const cursor = cursorOf(call.headers)
  const user = await call.call(actor, 'accounts.me', {})
  return stream(actor, ownEncoder, (socket) => new OwnLogStream(socket, { actor, user, cursor, open, watch }))
}

const stream = (actor: Actor, name: string, accept: (socket: DoorSocket) => Conversation): RestAnswer => ({
  status: 200,
  // Some proxies hold an answer back until it is complete, unless told.
  headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  talk: { actor, encoder: name, accept },
})

function cursorOf(headers: Headers): Cursor | null {
  const text = headers.get('last-event-id')
  if (text === null || text === '') return null
  if (!isLastEventId.Check(text)) {
    throw new ChatError('invalid_input', { errors: [{ path: '', code: 'pattern', message: 'Last-Event-ID is no id of a stream' }] })
  }
  const dot = text.lastIndexOf('.')
  return { epoch: text.slice(0, dot), at: Number(text.slice(dot + 1)) }
}

/** What both streams have in common: nothing comes in, and the last event is named `bye`. */
abstract class OneWay implements Conversation, Listener {
  protected readonly socket: DoorSocket
  protected readonly seat: Seat
  protected isEnded = false

  constructor(socket: DoorSocket, actor: Actor) {
    this.socket = socket
    socket.send(opening)
    this.seat = socket.sit(actor, this)
  }

  abstract log(stretch: Stretch): Promise<void>
  abstract ownLog(stretch: OwnStretch): void
  abstract user(event: UserEvent): void
  abstract gone(room: RoomKey): void

  frame(): void {
    throw new Error('nothing comes in on a stream')
  }

  heartbeat(): void {
    this.socket.send(comment)
  }

  end(code: number, reason: string): void {
    if (this.isEnded) return
    this.isEnded = true
    this.socket.send(sse(byeFrame(code, reason), { event: 'bye' }))
    this.socket.close(code, reason)
  }

  closed(): void {
    this.isEnded = true
  }

  revoked(reason: RevocationReason): void {
    if (reason === 'suspended') this.end(4403, 'suspended')
    else this.end(4401, 'the session ended')
  }

  protected say(frame: object, id?: string): void {
    this.socket.send(sse(JSON.stringify(frame), { id }))
  }

  protected failed(error: unknown): void {
    this.end(...closeCodeOf(error))
  }

  protected idOf(position: number): string {
    return `${this.seat.epoch}.${position}`
  }
}

type RoomOptions = { actor: Actor; room: string; cursor: Cursor | null; after: number | undefined }

/** One room, open. */
class RoomStream extends OneWay {
  readonly #room: string
  readonly #after: number | undefined
  /** The reader's position is of another database. */
  readonly #isForeign: boolean

  constructor(socket: DoorSocket, { actor, room, cursor, after }: RoomOptions) {
    super(socket, actor)
    this.#room = room
    this.#isForeign = cursor !== null && cursor.epoch !== this.seat.epoch
    this.#after = cursor === null ? after : this.#isForeign ? undefined : cursor.at
    this.seat.open(room, { mode: 'open', after: this.#after }).then(
      (attached) => {
        // Read a moment ago and gone since.
        if (attached === null) this.end(4404, 'not_found')
      },
      (error: unknown) => this.failed(error),
    )
  }

  async log(stretch: Stretch): Promise<void> {
    this.socket.send(sse(logFrame(stretch), { id: this.idOf(stretch.upto) }))
    await this.socket.drained()
  }

  live(room: RoomKey, position: number): void {
    if (this.#isForeign || (this.#after ?? 0) > position) this.say({ reset: [room.id] })
    this.say({ opened: room.id, seq: position }, this.idOf(position))
  }

  ownLog(): void {}

  user(): void {}

  gone(room: RoomKey): void {
    if (room.id === this.#room) this.end(4404, 'the stay ended')
  }
}

type OwnOptions = { actor: Actor; user: Profile; cursor: Cursor | null; open: readonly string[]; watch: readonly string[] }

/** The own log and every room of the user. */
class OwnLogStream extends OneWay {
  /** Rooms may be entered and left before `ready`, and nobody may be told twice. */
  constructor(socket: DoorSocket, options: OwnOptions) {
    super(socket, options.actor)
    this.#begin(options).catch((error: unknown) => this.failed(error))
  }

  override heartbeat(): void {
    super.heartbeat()
    const { rooms, useq } = this.seat.openHeads()
    this.say(headsFrame(rooms, useq))
  }

  log(stretch: Stretch): Promise<void> {
    this.socket.send(sse(logFrame(stretch)))
    return this.socket.drained()
  }

  ownLog(stretch: OwnStretch): void {
    this.say(ownLogFrame(stretch), this.idOf(stretch.upto))
  }

  user(event: UserEvent): void {
    const text = encoder.user(event)
    if (text !== null) this.socket.send(sse(text, { id: this.idOf(event.useq) }))
  }

  /** The own log says so. */
  gone(): void {}

  async #begin({ actor, user, cursor, open, watch }: OwnOptions): Promise<void> {
    const expires_in = Math.max(0, Math.floor((actor.expiresAt - this.socket.now()) / 1000))
    const heartbeat = limits.stream_comment_ms
    this.say({ welcome: { conn: this.socket.id, user, protocol: protocolVersion, heartbeat, expires_in, limits } })
    const isKnown = cursor?.epoch === this.seat.epoch
    const { useq, isLost } = await this.#enter(isKnown ? cursor.at : null)
    const mode = cursor === null ? 'heads' : isKnown && !isLost ? 'resumed' : 'reset'
    for (const room of open) await this.#open(actor, room)
    if (watch.length > 0) await this.seat.watch(watch)
    if (this.isEnded) return
    this.socket.resumed(mode)
    this.say({ ready: { mode, epoch: this.seat.epoch, useq } }, this.idOf(useq))
  }

  async #enter(useq: number | null): Promise<{ useq: number; isLost: boolean }> {
    const pages = this.seat.enter(useq === null ? null : { useq, rooms: new Map() })
    for (;;) {
      const page = await pages.next()
      if (page.done === true) return page.value
      this.say({ heads: page.value.heads })
      await this.socket.drained()
    }
  }

  async #open(actor: Actor, room: string): Promise<void> {
    if (this.isEnded) return
    try {
      this.socket.spend(actor)
      const { seq } = await openRoom(this.seat, { socket: this.socket, actor, room })
      this.say({ opened: room, seq })
    } catch (error) {
      this.say({ refused: room, err: wireError(error) })
    }
  }
}
