/** A socket with answers to give. */
export interface Answering {
  flushReplies(): void
}

/**
 * Gathers the answers of a batch: those of one commit come in one round of microtasks, and each socket gets its share of them in one
 * system call instead of one each.
 */
export class Replies {
  #due: Answering[] = []

  /** `flushReplies` is called behind the answers that come in this round. */
  add(connection: Answering): void {
    this.#due.push(connection)
    if (this.#due.length > 1) return
    queueMicrotask(() => {
      const due = this.#due
      this.#due = []
      for (const connection of due) connection.flushReplies()
    })
  }
}
