/** So many are found as fast in a list; one of ten entries takes a fifth of the memory of their Map. */
const few = 32

/** A map that costs little while it has few entries, as most have: two lists, and a Map once there are many. Keys are compared by identity. */
export class FewMap<K, V> {
  #keys: K[] = []
  #values: V[] = []
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
    if (at >= 0) this.#values[at] = value
    else if (this.#keys.length < few) {
      this.#keys.push(key)
      this.#values.push(value)
    } else {
      this.#many = new Map(this.entries()).set(key, value)
      this.#keys = []
      this.#values = []
    }
  }

  delete(key: K): void {
    if (this.#many !== null) {
      this.#many.delete(key)
      return
    }
    const at = this.#keys.indexOf(key)
    if (at < 0) return
    this.#keys.splice(at, 1)
    this.#values.splice(at, 1)
  }

  /** As they are now, in the order in which they came, whatever is changed on the way. */
  entries(): [K, V][] {
    if (this.#many !== null) return [...this.#many]
    return this.#keys.map((key, at): [K, V] => [key, this.#values[at] as V])
  }
}
