import { ChatError, limits, type OperationName, type OutputOf } from '@parlance/protocol'
import type { Timer } from '../base/clock.ts'
import type { Cast, Conversation, Dialect, DoorSocket, Listener, Seat } from '../dialects/dialect.ts'
import type { Person } from '../live/bus.ts'
import type { Actor, Addressee, Call, Directory, Gate, Login } from '../dispatch.ts'
import type { Hub } from './hub.ts'
import type { Wire } from './outbound.ts'
import type { Answering, Replies } from './replies.ts'
import { HubSeat } from './seat.ts'
import { SignsOfLife } from './signs-of-life.ts'

/** Bytes waiting for a socket above which paced text waits, ephemeral text is left out, and the socket is closed. */
const paceBytes = 64 * 1024
const shedBytes = 256 * 1024
const cutBytes = 512 * 1024
/** Characters of the name of a channel. */
const maxChannelName = 300

/** What the connections of one dialect have in common: each keeps this one object. */
export type ConnectionDeps = {
  dialect: Pick<Dialect, 'name' | 'door' | 'lossy'>
  gate: Gate
  hub: Hub
  replies: Replies
  /** At least so often something is said; a little sooner than published, so that a late round still keeps the promise. */
  heartbeatMs: number
  /** Frames that may come in between two inspections. */
  maxFrames: number
}

/** Where a connection comes from. */
export interface Origin {
  readonly id: string
  readonly address: string
  /** The proof was given: the socket counts no longer against its address. */
  proven(): void
  /** Nothing more is said on it; told once, however it ended. */
  ended(): void
}

/**
 * One WebSocket or stream, whatever is spoken on it: bounds what it may have under way, paces and cuts it when it does not keep up, and ends it when
 * its proof runs out.
 */
export class Connection implements DoorSocket, Answering {
  readonly #origin: Origin
  readonly #wire: Wire
  readonly #deps: ConnectionDeps
  #conversation: Conversation | null = null
  #seat: HubSeat | null = null
  #deadline: number
  #spoke: number
  readonly #signs: SignsOfLife
  #inFlight = 0
  #shed = false
  #ended = false
  #replies: string[] | null = null
  #waiting: (() => void)[] | null = null
  #pauses: Map<Timer, () => void> | null = null

  constructor({ origin, wire, deps }: { origin: Origin; wire: Wire; deps: ConnectionDeps }) {
    this.#origin = origin
    this.#wire = wire
    this.#deps = deps
    this.#spoke = this.now()
    this.#signs = new SignsOfLife(this.#spoke)
    this.#deadline = this.#spoke + limits.hello_ms
  }

  get id(): string {
    return this.#origin.id
  }

  start(conversation: Conversation): void {
    this.#conversation = conversation
  }

  now(): number {
    return this.#deps.hub.deps.clock.now()
  }

  /** Something came in, were it only a pong; false where it is too much. */
  heard(): boolean {
    if (this.#signs.came() <= this.#deps.maxFrames) return true
    this.end(4429, 'too many frames')
    return false
  }

  frame(data: string | Uint8Array): void {
    if (!this.heard()) return
    this.#deps.hub.deps.metrics.framesIn.inc()
    try {
      this.#conversation?.frame(data)
    } catch (error) {
      // A bug of ours in one conversation must not reach the others.
      this.#deps.hub.deps.logger.error('a frame broke its conversation', { conn: this.id, error })
      this.#conversation?.end(1011, 'internal')
    }
  }

  send(text: string): void {
    if (this.#ended) return
    if (this.#replies !== null) this.flushReplies()
    this.#deps.hub.deps.metrics.framesOut.inc()
    this.#wire.send(text)
  }

  reply(text: string): void {
    if (this.#ended) return
    this.#deps.hub.deps.metrics.framesOut.inc()
    if (this.#replies !== null) {
      this.#replies.push(text)
      return
    }
    this.#replies = [text]
    this.#deps.replies.add(this)
  }

  flushReplies(): void {
    const texts = this.#replies
    this.#replies = null
    if (texts !== null && !this.#ended) this.#wire.sendAll(texts)
  }

  drained(): Promise<void> {
    if (this.#ended || this.#wire.buffered() < paceBytes) return Promise.resolve()
    return new Promise((resolve) => (this.#waiting ??= []).push(resolve))
  }

  wait(ms: number): Promise<void> {
    if (this.#ended) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const pauses = (this.#pauses ??= new Map())
    const timer = this.#deps.hub.deps.clock.setTimeout(() => {
      pauses.delete(timer)
      resolve()
    }, ms)
    pauses.set(timer, resolve)
    return promise
  }

  /** The peer took what was waiting. */
  drain(): void {
    if (this.#wire.buffered() >= paceBytes) return
    const waiting = this.#waiting ?? []
    this.#waiting = null
    for (const resolve of waiting) resolve()
    if (this.#shed && this.#seat !== null) {
      this.#shed = false
      this.#deps.hub.shed(this.#seat, false)
    }
  }

  close(code: number, reason: string): void {
    if (this.#ended) return
    this.flushReplies()
    this.#leave()
    this.#wire.close(code, reason)
  }

  get directory(): Directory {
    return this.#deps.gate.directory
  }

  resumed(mode: 'heads' | 'resumed' | 'reset'): void {
    this.#deps.hub.deps.metrics.resumes.inc({ mode })
  }

  authenticate(token: string): Promise<Login> {
    return this.#deps.gate.authenticate(token)
  }

  async cast({ number, id, username, ...actor }: Actor, { channel: name, isPaid, ...said }: Cast): Promise<void> {
    const { dialect, gate, hub } = this.#deps
    if (name.length > maxChannelName) throw new ChatError('invalid_input')
    if (!isPaid) await gate.admit('ephemeral', { number, id, username, ...actor })
    const channel = { door: dialect.name, name }
    hub.deps.bus.publish({ kind: 'channel', channel, user: { number, id, username }, ...said, at: this.now() })
  }

  spend(actor: Actor): void {
    this.#deps.gate.spend('read', actor)
  }

  answered(actor: Actor, length: number): void {
    this.#deps.gate.answered(actor, length)
  }

  call<N extends OperationName>(actor: Actor, name: N, input: unknown): Promise<OutputOf<N>> {
    return this.#ask(name, { actor }, input)
  }

  sendTo(actor: Actor, addressee: Addressee, input: unknown): Promise<OutputOf<'messages.send'>> {
    return this.#ask('messages.send', { actor, addressee }, input)
  }

  async company({ number }: Actor, room: string): Promise<Person[]> {
    const { log, here } = this.#deps.hub.deps
    const open = await log.open(number, room)
    return open === null ? [] : await here.people(open.room.number)
  }

  sit(actor: Actor, listener: Listener): Seat {
    const { hub, dialect, gate } = this.#deps
    const wire = this.#wire
    if (this.#seat !== null) throw new Error('a socket has one seat')
    this.#seat = new HubSeat({ hub, wire, dialect: dialect.name, actor, listener, confirm: gate.alive })
    // Closed while its proof was looked at: nobody would tell the seat to leave.
    if (this.#ended) this.#seat.leave()
    return this.#seat
  }

  prolong(actor: Actor, until = actor.expiresAt): void {
    this.#origin.proven()
    this.#deadline = until
    this.#seat?.renew(actor)
  }

  end(code: number, reason: string): void {
    this.#conversation?.end(code, reason)
  }

  /** Looks at the deadline, the heartbeat, the silence and what is waiting; called a few times a second for all sockets, in place of timers of their own. */
  inspect(now: number): void {
    if (this.#ended) return
    const isSilent = this.#signs.isOver(now, this.#wire)
    if (now >= this.#deadline) return this.end(4401, this.#seat === null ? 'no hello' : 'token_expired')
    if (now - this.#spoke >= this.#deps.heartbeatMs) {
      this.#spoke = now
      this.#conversation?.heartbeat()
    }
    if (isSilent) return this.end(4408, 'silent')
    const buffered = this.#wire.buffered()
    if (buffered < shedBytes) return
    if (buffered >= cutBytes || !this.#deps.dialect.lossy) {
      this.#seat?.leave()
      return this.end(4408, 'too slow')
    }
    if (!this.#shed && this.#seat !== null) {
      this.#shed = true
      this.#deps.hub.shed(this.#seat, true)
    }
  }

  closed(): void {
    this.#finish()
    const leave = () => this.#seat?.leave()
    const rest = this.#conversation?.closed()
    if (rest instanceof Promise) rest.then(leave, leave)
    else leave()
  }

  #ask<N extends OperationName>(name: N, { actor, addressee }: Pick<Call, 'actor' | 'addressee'>, input: unknown): Promise<OutputOf<N>> {
    if (this.#inFlight >= limits.in_flight) return Promise.reject(new ChatError('too_many_in_flight', { retry_ms: 100 }))
    this.#inFlight++
    const { dialect, gate, hub } = this.#deps
    const { address } = this.#origin
    const answered = gate.call(name, { actor, addressee, lane: this, door: dialect.door, requestId: this.id, address }, input)
    answered.then(
      () => {
        this.#inFlight--
      },
      (error: unknown) => {
        this.#inFlight--
        hub.deps.metrics.errors.inc({ code: error instanceof ChatError ? error.code : 'internal' })
      },
    )
    return answered
  }

  #leave(): void {
    this.#finish()
    this.#seat?.leave()
  }

  #finish(): void {
    if (!this.#ended) this.#origin.ended()
    this.#ended = true
    for (const resolve of this.#waiting ?? []) resolve()
    this.#waiting = null
    for (const [timer, resolve] of this.#pauses ?? []) {
      timer.cancel()
      resolve()
    }
    this.#pauses = null
  }
}
