/** Sockets by address that have not yet proved who they are: the only ones that an address is limited in. */
export class UnprovenSockets {
  readonly #max: number
  readonly #byAddress = new Map<string, Set<object>>()

  constructor(max: number) {
    this.#max = max
  }

  /** Whether one more may open; it counts until it is proven or closed. */
  admit(socket: object, address: string): boolean {
    const open = this.#byAddress.get(address) ?? new Set()
    if (open.size >= this.#max) return false
    this.#byAddress.set(address, open.add(socket))
    return true
  }

  closed(socket: object, address: string): void {
    const open = this.#byAddress.get(address)
    if (open === undefined) return
    open.delete(socket)
    if (open.size === 0) this.#byAddress.delete(address)
  }
}
