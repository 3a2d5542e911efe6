import type { RoomEvent } from '../live/bus.ts'

/** Memory shared by all rings of a node, so that many busy rooms cannot outgrow it. */
export type RingBudget = { used: number; readonly max: number }

const perRoom = 64

/** About how much memory an event keeps alive. */
const weigh = (event: RoomEvent): number => 400 + (event.message === null ? 0 : event.message.content.length * 2)

/**
 * The last events of one room, without holes. It spares the log a read, and it is what ends an attach: the events that arrive between the
 * read and the subscription are all here.
 */
export class Ring {
  readonly #budget: RingBudget
  /** Grows to `perRoom` places and is then written round; `#first` is the place of the oldest. */
  #events: (RoomEvent | undefined)[] = []
  #first = 0
  #kept = 0
  #weight = 0

  constructor(budget: RingBudget) {
    this.#budget = budget
  }

  push(event: RoomEvent): void {
    if (this.#kept === perRoom) this.#drop()
    this.#events[(this.#first + this.#kept) % perRoom] = event
    this.#kept++
    this.#weigh(weigh(event))
    while (this.#budget.used > this.#budget.max && this.#kept > 1) this.#drop()
  }

  /** The events in (after, upto], or null if some of them are no longer kept. */
  between(after: number, upto: number): RoomEvent[] | null {
    if (after >= upto) return []
    const oldest = this.#events[this.#first]
    if (this.#kept === 0 || oldest === undefined || oldest.seq > after + 1) return null
    const events: RoomEvent[] = []
    for (let i = 0; i < this.#kept; i++) {
      const event = this.#events[(this.#first + i) % perRoom]
      if (event !== undefined && event.seq > after && event.seq <= upto) events.push(event)
    }
    return events
  }

  clear(): void {
    this.#weigh(-this.#weight)
    this.#events = []
    this.#first = 0
    this.#kept = 0
  }

  #drop(): void {
    const event = this.#events[this.#first]
    if (event === undefined) return
    this.#events[this.#first] = undefined
    this.#first = (this.#first + 1) % perRoom
    this.#kept--
    this.#weigh(-weigh(event))
  }

  #weigh(change: number): void {
    this.#weight += change
    this.#budget.used += change
  }
}
