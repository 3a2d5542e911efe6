/** Thrown instead of waiting when a bounded queue is full: nothing of the work was begun. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded'
}

/** At most `slots` jobs at once; at most `waiting` more stand in line, in order; the next is refused with Overloaded. */
export class Semaphore {
  readonly #slots: number
  readonly #waiting: number
  readonly #line: (() => void)[] = []
  #busy = 0

  constructor({ slots, waiting }: { slots: number; waiting: number }) {
    this.#slots = slots
    this.#waiting = waiting
  }

  /** Rejects with what `job` rejects with, or with Overloaded. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      return await job()
    } finally {
      this.#leave()
    }
  }

  async #enter(): Promise<void> {
    if (this.#busy < this.#slots) {
      this.#busy += 1
      return
    }
    if (this.#line.length >= this.#waiting) throw new Overloaded('too much of this work is waiting already')
    await new Promise<void>((resolve) => this.#line.push(resolve))
  }

  /** A place goes straight to the next in line and is never free in between, so nobody can overtake. */
  #leave(): void {
    const next = this.#line.shift()
    if (next === undefined) this.#busy -= 1
    else next()
  }
}
