/** Requests by address whose answer has not begun. */
export class UnderWay {
  readonly #max: number
  readonly #byAddress = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** Whether one more may begin; whoever begins ends. */
  begin(address: string): boolean {
    const count = this.#byAddress.get(address) ?? 0
    if (count >= this.#max) return false
    this.#byAddress.set(address, count + 1)
    return true
  }

  end(address: string): void {
    const count = this.#byAddress.get(address) ?? 0
    if (count > 1) this.#byAddress.set(address, count - 1)
    else this.#byAddress.delete(address)
  }
}
