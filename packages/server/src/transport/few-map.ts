/** So many are found as fast in a list as in a Map. */
const few = 32

const nothing: readonly never[] = []

/**
 * A map that costs little while it has few entries, as most have: two lists, and a Map once there are many (measured with ten: 300
 * bytes against 910). The lists are made anew for each key that comes or goes, as one that grows by itself keeps room for more.
 */
export class FewMap<K, V> {
  #keys: readonly K[] = nothing
  #values: readonly V[] = nothing
  #many: Map<K, V> | null = null

  get(key: K): V | undefined {
    if (this.#many !== null) return this.#many.get(key)
    const at = this.#keys.indexOf(key)
    return at < 0 ? undefined : this.#values[at]
  }

  has(key: K): boolean {
    return this.#many === null ? this.#keys.includes(key) : this.#many.has(key)
  }

  set(key: K, value: V): void {
    if (this.#many !== null) {
      this.#many.set(key, value)
      return
    }
    const at = this.#keys.indexOf(key)
    if (at >= 0) this.#values = this.#values.with(at, value)
    else if (this.#keys.length < few) {
      this.#keys = [...this.#keys, key]
      this.#values = [...this.#values, value]
    } else {
      this.#many = new Map(this.entries()).set(key, value)
      this.#keys = nothing
      this.#values = nothing
    }
  }

  delete(key: K): void {
    if (this.#many !== null) {
      this.#many.delete(key)
      return
    }
    const at = this.#keys.indexOf(key)
    if (at < 0) return
    this.#keys = this.#keys.toSpliced(at, 1)
    this.#values = this.#values.toSpliced(at, 1)
  }

  /** As they are now, in the order in which they came, whatever is changed on the way. */
  entries(): [K, V][] {
    if (this.#many !== null) return [...this.#many]
    return this.#keys.map((key, at): [K, V] => [key, this.#values[at] as V])
  }
}
