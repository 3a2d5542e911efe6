import type { Outbound, Wire } from './outbound.ts'

/** A socket in memory: what it was sent, in order. `stalled` text stays in its buffer until `take`. */
export class MemoryWire implements Wire {
  readonly received: string[] = []
  readonly topics = new Set<string>()
  pings = 0
  closedWith: { code: number; reason: string } | null = null
  stalled = false
  #outbound: MemoryOutbound
  #buffer: string[] = []

  constructor(outbound: MemoryOutbound) {
    this.#outbound = outbound
  }

  send(text: string): void {
    if (this.closedWith !== null) return
    if (this.stalled) this.#buffer.push(text)
    else this.received.push(text)
  }

  sendAll(texts: readonly string[]): void {
    for (const text of texts) this.send(text)
  }

  subscribe(topic: string): void {
    if (this.closedWith !== null) return
    this.topics.add(topic)
    this.#outbound.join(topic, this)
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic)
    this.#outbound.leave(topic, this)
  }

  buffered(): number {
    return this.#buffer.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0)
  }

  ping(): boolean {
    this.pings += 1
    return true
  }

  close(code: number, reason: string): void {
    if (this.closedWith !== null) return
    this.take()
    for (const topic of [...this.topics]) this.unsubscribe(topic)
    this.closedWith = { code, reason }
  }

  /** The peer reads what was waiting. */
  take(): void {
    this.received.push(...this.#buffer)
    this.#buffer = []
  }
}

/** Topics in memory: the same order and the same completeness as the runtime's, for simulations that need no network. */
export class MemoryOutbound implements Outbound {
  readonly #topics = new Map<string, Set<MemoryWire>>()

  publish(topic: string, text: string): void {
    for (const wire of this.#topics.get(topic) ?? []) wire.send(text)
  }

  join(topic: string, wire: MemoryWire): void {
    const wires = this.#topics.get(topic) ?? new Set()
    this.#topics.set(topic, wires.add(wire))
  }

  leave(topic: string, wire: MemoryWire): void {
    const wires = this.#topics.get(topic)
    wires?.delete(wire)
    if (wires?.size === 0) this.#topics.delete(topic)
  }
}
