import { ChatError } from '@parlance/protocol'

/** What the queue may hold, waiting and being written, and what one transaction may take of it. Bytes are those of content and meta. */
export const bounds = {
  intents: 10_000,
  bytes: 16 * 1024 * 1024,
  batchIntents: 500,
  batchBytes: 256 * 1024,
  /** The part of the queue one user may fill while others wait. */
  share: 1 / 4,
}

type Load = { intents: number; bytes: number }

/** Counts what the queue holds, in all and for each user. */
export class Account {
  readonly #total: Load = { intents: 0, bytes: 0 }
  readonly #users = new Map<number, Load>()

  get intents(): number {
    return this.#total.intents
  }

  /** Counts an intent in, or throws `overloaded`. Null: work that is nobody's share. */
  admit(user: number | null, bytes: number): void {
    const { intents: allIntents, bytes: allBytes } = this.#total
    if (allIntents >= bounds.intents || allBytes + bytes > bounds.bytes) throw overloaded('The queue of writes is full.')
    if (user !== null) {
      const own = this.#users.get(user) ?? { intents: 0, bytes: 0 }
      const greedy = own.intents >= bounds.intents * bounds.share || own.bytes + bytes > bounds.bytes * bounds.share
      if (greedy && allIntents > own.intents) throw overloaded('You have a quarter of the queue of writes, and others wait.')
      own.intents += 1
      own.bytes += bytes
      this.#users.set(user, own)
    }
    this.#total.intents += 1
    this.#total.bytes += bytes
  }

  release(user: number | null, bytes: number): void {
    this.#total.intents -= 1
    this.#total.bytes -= bytes
    const own = user === null ? undefined : this.#users.get(user)
    if (user === null || own === undefined) return
    own.intents -= 1
    own.bytes -= bytes
    if (own.intents === 0) this.#users.delete(user)
  }
}

export const overloaded = (detail: string): ChatError => new ChatError('overloaded', { detail, retry_ms: 500 })
