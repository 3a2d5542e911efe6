import { type ChatError, type InputOf, limits, type OperationName, type OutputOf } from '@parlance/protocol'
import type { ClientEvents } from './client-events.ts'
import type { ClientOptions } from './client-options.ts'
import { ConnectionError } from './connection-error.ts'
import type { Incoming } from './incoming.ts'
import { Interest } from './interest.ts'
import { Marks } from './marks.ts'
import { Pending } from './pending.ts'
import type { Platform } from './platform.ts'
import { chatError, type Rest } from './rest.ts'
import type { Sessions } from './sessions.ts'
import { Socket, type Status, type Timing } from './socket.ts'
import { StreamSocket } from './stream-socket.ts'
import { type Positions, Sync } from './sync.ts'

type LinkDeps = {
  options: ClientOptions
  /** Addresses of the socket and, without the path of the API, of everything else. */
  doors: { socket: string; rest: string }
  rest: Rest
  platform: Platform
  timing: Timing
  sessions: Sessions
  emit<K extends keyof ClientEvents>(name: K, value: ClientEvents[K]): void
  /** Calls may go over the connection from now on. */
  ready(): void
}

/** The frame around an operation's input: id, name and punctuation, generously. */
const envelopeBytes = 256

/** The live side of a client: the socket, and everything that begins and ends with a connection. */
export class Link {
  readonly marks: Marks
  readonly interest: Interest
  readonly #deps: LinkDeps
  readonly #socket: Socket
  readonly #sync: Sync
  readonly #pending = new Pending({ send: (frame) => void this.#socket.sendText(frame) })
  #limits: { frame_bytes?: number; in_flight?: number } = limits

  constructor(deps: LinkDeps) {
    this.#deps = deps
    const { options, platform, timing, sessions, emit } = deps
    this.marks = new Marks((mark) => emit('unread', mark))
    this.interest = new Interest({
      send: (frame) => this.#socket.send(frame),
      position: (room) => this.#sync.position(room),
      refused: (room, error) => emit('refused', { room, error }),
      platform,
    })
    this.#sync = this.#makeSync()
    this.#socket = new Socket({
      url: deps.doors.socket,
      client: options.client ?? 'parlance-client/0.1',
      platform,
      timing,
      token: (renew) => sessions.token(renew),
      fallback: () => new StreamSocket({ url: deps.doors.rest, platform, rest: deps.rest }),
      rest: (done) => this.#pending.rest(done),
      isOver: () => sessions.isOver,
      resume: () => this.#sync.hello(),
      received: (incoming) => this.#received(incoming),
      status: (status) => this.#changed(status),
      onText: options.onFrame ?? (() => undefined),
    })
  }

  get status(): Status {
    return this.#socket.status
  }

  get positions(): Positions | null {
    return this.#sync.positions
  }

  start(): void {
    this.#socket.start()
    this.#deps.sessions.keepFresh(true)
  }

  stop(): void {
    this.#socket.stop({ state: 'offline' })
  }

  /** The answer to an operation if the connection is ready and can carry it, else null: the caller takes the other door. */
  call<N extends OperationName>(name: N, input: InputOf<N>): Promise<OutputOf<N>> | null {
    if (this.status.state !== 'ready') return null
    const text = JSON.stringify(input)
    if (!fits(text, (this.#limits.frame_bytes ?? limits.frame_bytes) - envelopeBytes)) return null
    const hasCid = 'cid' in input && input.cid !== undefined
    return this.#pending.call(name, text, { hasCid }) as Promise<OutputOf<N>>
  }

  /** The same user has a newer token: the connection lives on with it. */
  renewed(token: string): void {
    this.#socket.send({ auth: token })
  }

  /** `error`: why, if nobody asked for it. */
  signedOut(error: ChatError | null): void {
    if (this.status.state !== 'offline') this.#socket.stop(error === null ? { state: 'offline' } : { state: 'stopped', code: null, error })
  }

  /** Somebody else is signed in: nothing kept is theirs, and a connection that was wanted is made anew. */
  forget(): void {
    const wanted = this.status.state !== 'offline' && this.status.state !== 'stopped'
    if (this.status.state !== 'offline') this.stop()
    this.interest.forgetAll()
    this.#sync.forget()
    if (wanted) this.start()
  }

  /** What a call is told that waits for a connection when there will be none. */
  end(status: Status): Error {
    if (status.state !== 'stopped') return new ConnectionError('The client is not connected.')
    return status.error ?? new ConnectionError(`The server ended the connection for good (${status.code}).`)
  }

  #makeSync(): Sync {
    const { options, platform, timing, sessions, emit } = this.#deps
    const deps = {
      emit,
      roomLog: async (room: string, after: number) => this.#fetch('rooms.events', { room, after }),
      userLog: async (after: number) => this.#fetch('me.events', { after }),
      me: () => sessions.current?.user.id ?? null,
      interest: this.interest,
      marks: this.marks,
      follow: options.follow ?? 'open',
      maxFill: options.maxFill ?? limits.replay_events,
      platform,
      backoff: timing.backoff,
    }
    return new Sync(deps, options.resume ?? null)
  }

  #fetch<N extends OperationName>(name: N, input: InputOf<N>): Promise<OutputOf<N>> {
    return this.#pending.callHere(name, JSON.stringify(input)) as Promise<OutputOf<N>>
  }

  #received(incoming: Incoming): void {
    switch (incoming.kind) {
      case 'ok':
        return this.#pending.answered(incoming.frame.id, { ok: incoming.frame.ok })
      case 'err':
        return this.#pending.answered(incoming.frame.id, { err: chatError(incoming.frame.err) })
      case 'welcome':
        this.#limits = incoming.frame.welcome.limits
        return
      default:
        this.#sync.received(incoming)
    }
  }

  #changed(status: Status): void {
    if (status.state === 'ready') this.#pending.connected(this.#limits.in_flight ?? limits.in_flight)
    else {
      this.#pending.disconnected()
      this.interest.disconnected()
      this.#sync.disconnected()
    }
    if (status.state === 'offline' || status.state === 'stopped') {
      this.#deps.sessions.keepFresh(false)
      this.#pending.abandon(this.end(status))
      this.interest.abandon(this.end(status))
    }
    this.#deps.emit('status', status)
    if (status.state === 'ready') this.#deps.ready()
  }
}

/** Whether a text has at most so many bytes in UTF-8; counted only where its length leaves it open. */
function fits(text: string, bytes: number): boolean {
  return text.length * 3 <= bytes || (text.length <= bytes && new TextEncoder().encode(text).length <= bytes)
}
