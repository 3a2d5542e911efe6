import type { Logged } from '../history.ts'

/** What came of a step: events that are applied now, in order, and whether the log must be asked for what is missing. */
export type Step = { applied: Logged[]; ask: boolean }

/** So many events wait for a predecessor at most; what does not fit comes back with the answer of the log. */
const maxHeld = 2_000

/**
 * Where one client stands in one room, by the rules that the protocol gives to clients: apply local + 1, drop what is not above local,
 * on a gap ask `rooms.events`; a range moves local to its end. Written apart from the SDK, so that neither hides a fault of the other.
 */
export class RoomFeed {
  local: number
  head: number
  /** A request to the log is under way. */
  asking = false
  /** The user log told of a departure that the room's own log has not told here. */
  leftAt: number | null = null
  readonly #held = new Map<number, Logged>()

  constructor(local: number) {
    this.local = local
    this.head = local
  }

  event(event: Logged): Step {
    this.head = Math.max(this.head, event.seq)
    if (event.seq > this.local && this.#held.size < maxHeld) this.#held.set(event.seq, event)
    return this.#advance([])
  }

  page({ after, upto, events }: { after: number; upto: number; events: Logged[] }): Step {
    this.head = Math.max(this.head, upto)
    if (after > this.local) {
      for (const event of events) if (this.#held.size < maxHeld) this.#held.set(event.seq, event)
      return this.#advance([])
    }
    const applied = events.filter((event) => event.seq > this.local && event.seq <= upto)
    this.local = Math.max(this.local, upto)
    return this.#advance(applied)
  }

  told(head: number): Step {
    this.head = Math.max(this.head, head)
    return this.#advance([])
  }

  #advance(applied: Logged[]): Step {
    for (let next = this.#held.get(this.local + 1); next !== undefined; next = this.#held.get(this.local + 1)) {
      applied.push(next)
      this.local += 1
    }
    for (const seq of this.#held.keys()) if (seq <= this.local) this.#held.delete(seq)
    return { applied, ask: this.head > this.local && !this.asking }
  }
}
