import type { Outbound, Wire } from './outbound.ts'

/** Past this a reader counts as lost: what it has not taken is dropped and the stream ends. The sweep cuts it long before. */
const hardLimitBytes = 1024 * 1024

/** Topics of the streams of this node; the runtime's own carry sockets only. */
export class StreamOutbound implements Outbound {
  readonly #topics = new Map<string, Set<StreamWire>>()

  publish(topic: string, text: string): void {
    for (const wire of this.#topics.get(topic) ?? []) wire.send(text)
  }

  join(topic: string, wire: StreamWire): void {
    const wires = this.#topics.get(topic) ?? new Set()
    this.#topics.set(topic, wires.add(wire))
  }

  leave(topic: string, wire: StreamWire): void {
    const wires = this.#topics.get(topic)
    wires?.delete(wire)
    if (wires?.size === 0) this.#topics.delete(topic)
  }
}

/** What happens to a stream from the outside. */
export type StreamEvents = {
  /** The peer took what was waiting. */
  drained(): void
  /** The answer has ended, whoever ended it; told once. */
  closed(): void
}

/** One answer that does not end, as the hub and the conversations see it: text waits here until the runtime asks for more of it. */
export class StreamWire implements Wire {
  readonly #outbound: StreamOutbound
  readonly #events: StreamEvents
  readonly #topics = new Set<string>()
  #waiting: string[] = []
  #bytes = 0
  #state: 'open' | 'closing' | 'closed' = 'open'
  #wake: (() => void) | null = null
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null

  constructor(outbound: StreamOutbound, events: StreamEvents) {
    this.#outbound = outbound
    this.#events = events
  }

  send(text: string): void {
    if (this.#state !== 'open') return
    const bytes = Buffer.byteLength(text)
    if (this.#bytes + bytes > hardLimitBytes) return this.#abandon()
    this.#waiting.push(text)
    this.#bytes += bytes
    this.#wake?.()
  }

  sendAll(texts: readonly string[]): void {
    for (const text of texts) this.send(text)
  }

  subscribe(topic: string): void {
    if (this.#state !== 'open') return
    this.#topics.add(topic)
    this.#outbound.join(topic, this)
  }

  unsubscribe(topic: string): void {
    this.#topics.delete(topic)
    this.#outbound.leave(topic, this)
  }

  buffered(): number {
    return this.#bytes
  }

  /** Nothing comes in on a stream. */
  ping(): boolean {
    return false
  }

  /** There is no close frame on a stream: the last event says why. */
  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#leave()
    this.#wake?.()
  }

  /** The body of the answer. The runtime asks for the next piece when the peer has taken what went before, and for one at a time. */
  body(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: async (controller) => {
          if (this.#bytes === 0 && this.#state === 'open') await this.#more()
          if (this.#state === 'closed') return
          const piece = this.#take()
          if (piece !== null) controller.enqueue(piece)
          if (this.#state === 'open') this.#events.drained()
          else {
            controller.close()
            this.#end()
          }
        },
        cancel: () => this.#end(),
      },
      { highWaterMark: 0 },
    )
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null
        resolve()
      }
    })
  }

  #take(): Uint8Array | null {
    if (this.#waiting.length === 0) return null
    const piece = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#bytes = 0
    return piece
  }

  /** Nothing in between may be missing, so nothing more is told: the answer breaks off. */
  #abandon(): void {
    this.#controller?.error(new Error('the reader of a stream does not keep up'))
    this.#end()
  }

  #leave(): void {
    for (const topic of [...this.#topics]) this.unsubscribe(topic)
  }

  #end(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#waiting = []
    this.#bytes = 0
    this.#leave()
    this.#wake?.()
    this.#events.closed()
  }
}
