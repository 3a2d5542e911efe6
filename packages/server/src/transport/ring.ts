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
  #events: RoomEvent[] = []
  #weight = 0

  constructor(budget: RingBudget) {
    this.#budget = budget
  }

  push(event: RoomEvent): void {
    const weight = weigh(event)
    this.#events.push(event)
    this.#weight += weight
    this.#budget.used += weight
    while (this.#events.length > perRoom || (this.#budget.used > this.#budget.max && this.#events.length > 1)) this.#drop()
  }

  /** The events in (after, upto], or null if some of them are no longer kept. */
  between(after: number, upto: number): RoomEvent[] | null {
    if (after >= upto) return []
    const first = this.#events[0]
    if (first === undefined || first.seq > after + 1) return null
    return this.#events.filter((event) => event.seq > after && event.seq <= upto)
  }

  clear(): void {
    this.#budget.used -= this.#weight
    this.#weight = 0
    this.#events = []
  }

  #drop(): void {
    const event = this.#events.shift()
    if (event === undefined) return
    this.#weight -= weigh(event)
    this.#budget.used -= weigh(event)
  }
}
