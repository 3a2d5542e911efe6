import type { Random } from '../../src/base/random.ts'
import type { Bus, Signal } from '../../src/live/bus.ts'

export type Faults = { lose: number; repeat: number; delay: number }

/** A bus that loses, repeats and delays what it carries, by the seed. What is delayed comes with `flush`, in any order. */
export class FaultyBus implements Bus {
  readonly up = true
  readonly #random: Random
  readonly #faults: Faults
  #late: Signal[] = []
  #muted = false
  #deliver: (signal: Signal) => void = () => undefined

  constructor(random: Random, faults: Faults) {
    this.#random = random
    this.#faults = faults
  }

  /** Muted, it loses everything. */
  mute(muted: boolean): void {
    this.#muted = muted
  }

  publish(signal: Signal): void {
    if (this.#muted) return
    const roll = this.#random.fraction()
    const { lose, repeat, delay } = this.#faults
    if (roll < lose) return
    if (roll < lose + delay) {
      this.#late.push(signal)
      return
    }
    this.#deliver(signal)
    if (roll < lose + delay + repeat) this.#deliver(signal)
  }

  flush(): void {
    const late = this.#late
    this.#late = []
    while (late.length > 0) {
      const [signal] = late.splice(Math.floor(this.#random.fraction() * late.length), 1)
      if (signal !== undefined) this.#deliver(signal)
    }
  }

  subscribe(): Promise<void> {
    return Promise.resolve()
  }

  unsubscribe(): void {}

  listen(listener: (signal: Signal) => void): void {
    this.#deliver = listener
  }
}
