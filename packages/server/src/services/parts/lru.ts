/** A map of at most `max` entries; the one untouched for longest goes first. */
export class Lru<K, V> {
  readonly #max: number
  // A Map keeps the order of insertion: each touch moves a key to the end.
  readonly #entries = new Map<K, V>()

  constructor(max: number) {
    this.#max = max
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#max) return
    const { value: oldest } = this.#entries.keys().next()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  /** Every entry, the one untouched for longest first; an entry may be deleted on the way. */
  all(): Iterable<[K, V]> {
    return this.#entries
  }
}
