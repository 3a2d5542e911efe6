import { bounds } from './bounds.ts'
import type { Entry, ReadEntry, SendEntry } from './entries.ts'

/** What waits for a transaction, in order. */
export class Waiting {
  #entries: Entry[] = []
  #taken = 0
  readonly #reads = new Map<string, ReadEntry>()

  get size(): number {
    return this.#entries.length - this.#taken
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
    if (entry.kind === 'read') this.#reads.set(keyOf(entry), entry)
  }

  /** The read of this member that waits, to join it. */
  readOf(room: number, user: number): ReadEntry | undefined {
    return this.#reads.get(`${room}:${user}`)
  }

  /** Takes what one transaction may hold, from the front, and not more than `most`. */
  take(most: number): Entry[] {
    const batch: Entry[] = []
    let bytes = 0
    for (let entry = this.#entries[this.#taken]; entry !== undefined; entry = this.#entries[this.#taken]) {
      bytes += entry.bytes
      if (batch.length === most || batch.length === bounds.batchIntents || (bytes > bounds.batchBytes && batch.length > 0)) break
      batch.push(entry)
      this.#taken += 1
      if (entry.kind === 'read') this.#reads.delete(keyOf(entry))
    }
    // Moving the rest up is paid once for as many entries as were taken.
    if (this.#taken * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#taken)
      this.#taken = 0
    }
    return batch
  }

  /** Takes the sends of these lanes out, in order. */
  withdraw(lanes: ReadonlySet<object>): SendEntry[] {
    const withdrawn: SendEntry[] = []
    this.#entries = this.#entries.slice(this.#taken).filter((entry) => {
      const wanted = entry.kind === 'send' && entry.request.lane !== null && lanes.has(entry.request.lane)
      if (wanted) withdrawn.push(entry)
      return !wanted
    })
    this.#taken = 0
    return withdrawn
  }
}

const keyOf = ({ intent: { read } }: ReadEntry) => `${read.room}:${read.user}`
