import { type Entry, settle } from './entries.ts'
import type { Result } from './persist.ts'

export type Written = { entry: Entry; result: Result }

/** So many are answered in one turn of the event loop. */
export const slice = 64

/**
 * Answers what was written, in order, a slice a turn. Telling a batch costs more than writing it where rooms have many listeners: between
 * slices sockets are read, so that the next batch is on its way to the disk while this one is still being told.
 */
export class Settling {
  #due: Written[] = []
  #told = 0
  #scheduled = false

  /** Nothing is left to tell. */
  get idle(): boolean {
    return this.#due.length === 0
  }

  /** Takes in what `tell` will answer. */
  add(written: readonly Written[]): void {
    for (const one of written) this.#due.push(one)
  }

  tell(): void {
    if (!this.#scheduled) this.#tellSlice()
  }

  #tellSlice(): void {
    const end = Math.min(this.#told + slice, this.#due.length)
    for (; this.#told < end; this.#told++) {
      const one = this.#due[this.#told]
      if (one !== undefined) settle(one.entry, one.result)
    }
    // Moving the rest up is paid once for as many as were told.
    if (this.#told * 2 >= this.#due.length) {
      this.#due = this.#due.slice(this.#told)
      this.#told = 0
    }
    if (this.idle) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#tellSlice()
    })
  }
}
