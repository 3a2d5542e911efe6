/** Carries out work one after the other, in the order of the calls. Holds nothing while there is none. */
export class Turns {
  #last: Promise<unknown> | null = null

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last === null ? work() : this.#last.then(work)
    const over = turn
      .catch(() => undefined)
      .then(() => {
        if (this.#last === over) this.#last = null
      })
    this.#last = over
    return turn
  }
}
