/**
 * Keeps the writes of one connection in the order of their calls until the commit queue has them, which keeps it from there on. A write
 * that needs nothing read before it goes past without waiting, unless an earlier one of its lane is still being prepared.
 */
export class Lanes {
  readonly #tails = new WeakMap<object, Promise<unknown>>()

  isFree(lane: object | null): boolean {
    return lane === null || !this.#tails.has(lane)
  }

  /** Runs `task` when the earlier tasks of the lane have settled; the later ones wait for it. */
  async inTurn<T>(lane: object | null, task: () => Promise<T>): Promise<T> {
    if (lane === null) return await task()
    const before = this.#tails.get(lane)
    // How the one before ended is its own caller's to hear.
    const running = before === undefined ? task() : before.then(task, task)
    this.#tails.set(lane, running)
    try {
      return await running
    } finally {
      if (this.#tails.get(lane) === running) this.#tails.delete(lane)
    }
  }
}
