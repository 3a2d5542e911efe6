/** So many are searched in less than a microsecond. */
const few = 1000

/** Who stands in one room, in no order. In a list, where one of fifty costs 10 bytes against 54 in a Set: that is for those who are many. */
export class Crowd<Sitter> {
  #sitters: Sitter[] | Set<Sitter> = []

  add(sitter: Sitter): void {
    if (this.#sitters instanceof Set) this.#sitters.add(sitter)
    else if (this.#sitters.push(sitter) > few) this.#sitters = new Set(this.#sitters)
  }

  remove(sitter: Sitter): void {
    if (this.#sitters instanceof Set) {
      this.#sitters.delete(sitter)
      return
    }
    const at = this.#sitters.indexOf(sitter)
    if (at < 0) return
    // The last one takes the place.
    const last = this.#sitters.pop()
    if (last !== undefined && at < this.#sitters.length) this.#sitters[at] = last
  }

  /** As they are now, whoever comes or goes on the way. */
  all(): readonly Sitter[] {
    return [...this.#sitters]
  }
}
