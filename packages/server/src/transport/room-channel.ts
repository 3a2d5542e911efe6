import type { Timer } from '../base/clock.ts'
import type { RoomEvent, RoomKey } from '../live/bus.ts'
import type { LoggedStretch } from '../live/log.ts'
import { Ring, type RingBudget } from './ring.ts'

/** How long an event may wait for its predecessors before the log is read. */
const gapMs = 50
/** Events kept waiting for a predecessor; beyond, the log is read at once and they are found there. */
const maxWaiting = 1000
const readLimit = 200

export type RoomChannelDeps = {
  budget: RingBudget
  read: (room: number, range: { after: number; upto: number; limit: number }) => Promise<LoggedStretch>
  later: (task: () => void, ms: number) => Timer
  deliver: (channel: RoomChannel, event: RoomEvent) => void
  /** Events that were never delivered here are retired, perhaps the removal of somebody who is still seated. */
  missed: (channel: RoomChannel) => void
  failed: (room: number, error: unknown) => void
}

/**
 * One room with listeners on this node: its position in the log. Events are delivered strictly in seq order, each once; what is missing
 * is read from the log, so a bus that loses, repeats or reorders costs latency only.
 */
export class RoomChannel {
  readonly number: number
  key: RoomKey | null = null
  position = -1
  n = 0
  large = false
  /** Seats that stand here or are on their way; the hub forgets the channel at 0. */
  holders = 0
  /** Settles when the position is known. */
  ready: Promise<void> = Promise.resolve()
  readonly ring: Ring
  readonly #deps: RoomChannelDeps
  readonly #waiting = new Map<number, RoomEvent>()
  /** The highest position the log is known to have. */
  #known = 0
  #timer: Timer | null = null
  #reading: Promise<void> | null = null

  constructor(number: number, deps: RoomChannelDeps) {
    this.number = number
    this.#deps = deps
    this.ring = new Ring(deps.budget)
  }

  /** The position from which this node listens; what arrived meanwhile is delivered behind it. */
  start(head: { seq: number; n: number }): void {
    this.position = head.seq
    this.n = head.n
    this.#flush()
    this.#seekGap()
  }

  receive(event: RoomEvent): void {
    if (this.position < 0) {
      if (this.#waiting.size < maxWaiting) this.#waiting.set(event.seq, event)
      else this.hint(event.seq)
      return
    }
    if (event.seq === this.position + 1) {
      this.#step(event)
      if (this.#waiting.size > 0) this.#flush()
      return
    }
    if (event.seq <= this.position) return
    if (this.#waiting.size < maxWaiting) this.#waiting.set(event.seq, event)
    this.hint(event.seq)
  }

  /** The log is known to reach `seq`; without its events within a moment they are read. */
  hint(seq: number): void {
    this.#known = Math.max(this.#known, seq)
    this.#seekGap()
  }

  /** Settles when this node has delivered everything up to `seq`, which the log is known to have. */
  async reach(seq: number): Promise<void> {
    this.#known = Math.max(this.#known, seq)
    while (this.position < seq && this.holders > 0) {
      const before = this.position
      this.#timer?.cancel()
      this.#timer = null
      if (this.#reading === null) this.#startReading()
      await this.#reading
      if (this.position === before) throw new Error(`room ${this.number} has no event ${before + 1}`)
    }
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#waiting.clear()
    this.ring.clear()
    this.holders = 0
  }

  #step(event: RoomEvent): void {
    this.key = event.room
    this.position = event.seq
    if (event.type === 'message.created' && event.ref !== null) this.n = event.ref.n
    this.ring.push(event)
    this.#deps.deliver(this, event)
  }

  #flush(): void {
    for (const seq of [...this.#waiting.keys()].sort((a, b) => a - b)) {
      const event = this.#waiting.get(seq)
      if (event === undefined || seq > this.position + 1) continue
      this.#waiting.delete(seq)
      if (seq === this.position + 1) this.#step(event)
    }
  }

  #seekGap(): void {
    if (this.position < 0 || this.#known <= this.position || this.#timer !== null || this.#reading !== null) return
    this.#timer = this.#deps.later(() => {
      this.#timer = null
      if (this.#known > this.position) this.#startReading()
    }, gapMs)
  }

  #startReading(): void {
    this.#reading = this.#catchUp()
      .catch((error: unknown) => this.#deps.failed(this.number, error))
      .finally(() => {
        this.#reading = null
        if (this.holders > 0) this.#seekGap()
      })
  }

  async #catchUp(): Promise<void> {
    while (this.holders > 0 && this.position < this.#known) {
      const from = this.position
      const { events, upto, floor } = await this.#deps.read(this.number, { after: from, upto: this.#known, limit: readLimit })
      // Nobody is left: what a channel that was closed still put in its ring, no other room would get back.
      if (this.holders === 0) return
      if (this.position < floor && !events.some(({ type }) => type === 'room.deleted')) {
        // Whoever attaches meanwhile must not take the ring for complete.
        this.ring.clear()
        this.#deps.missed(this)
      }
      // The log has no gaps, so that a position which is not there is retired.
      for (const event of events) if (event.seq > this.position && this.holders > 0) this.#step(event)
      this.position = Math.max(this.position, upto)
      this.#flush()
      // A position that the log has not got is a head from elsewhere or a lost tail: do not ask for it for ever.
      if (this.position === from) this.#known = this.position
    }
  }
}
