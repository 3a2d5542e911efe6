import type { Clock, Timer } from './clock.ts'

type Due = { at: number; order: number; task: () => void; every?: number }

/** A clock that stands still until told otherwise: tests and the simulation decide when time passes. */
export class ManualClock implements Clock {
  readonly #start: number
  #elapsed = 0
  #order = 0
  #due: Due[] = []

  /** `start` is the wall time at the beginning, in milliseconds since the epoch. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#start = start
  }

  now(): number {
    return this.#start + this.#elapsed
  }

  monotonic(): number {
    return this.#elapsed
  }

  setTimeout(task: () => void, ms: number): Timer {
    return this.#add({ at: this.#elapsed + Math.max(0, ms), order: this.#order++, task })
  }

  setInterval(task: () => void, ms: number): Timer {
    // As everywhere, an interval of nothing is one of a millisecond; otherwise `advance` would never end.
    const every = Math.max(1, ms)
    return this.#add({ at: this.#elapsed + every, order: this.#order++, task, every })
  }

  /** Moves time by `ms`. Everything due meanwhile runs in order of time; promises that a task settles are followed before the next one. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms
    await settled()
    for (let next = this.#nextUntil(until); next !== undefined; next = this.#nextUntil(until)) {
      this.#elapsed = Math.max(this.#elapsed, next.at)
      if (next.every === undefined) this.#drop(next)
      else Object.assign(next, { at: next.at + next.every, order: this.#order++ })
      next.task()
      await settled()
    }
    this.#elapsed = until
  }

  #add(due: Due): Timer {
    this.#due.push(due)
    return { cancel: () => this.#drop(due) }
  }

  #drop(due: Due): void {
    this.#due = this.#due.filter((other) => other !== due)
  }

  #nextUntil(until: number): Due | undefined {
    return this.#due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0]
  }
}

/** A whole turn of the event loop, so that chains of promises of any length have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
