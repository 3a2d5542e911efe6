import type { ServerWebSocket } from 'bun'
import type { Outbound, Wire } from './outbound.ts'

/** The runtime's own topics. Needs `closeOnBackpressureLimit`: past its limit the runtime would drop a publish and keep the socket open. */
export function bunOutbound(server: () => { publish(topic: string, text: string): unknown }): Outbound {
  return {
    publish(topic, text) {
      server().publish(topic, text)
    },
  }
}

export class BunWire<T> implements Wire {
  readonly #socket: ServerWebSocket<T>

  constructor(socket: ServerWebSocket<T>) {
    this.#socket = socket
  }

  /** What was published before and still waits goes out with it, in one system call instead of two. */
  send(text: string): void {
    this.#socket.cork((socket) => socket.send(text))
  }

  sendAll(texts: readonly string[]): void {
    this.#socket.cork((socket) => {
      for (const text of texts) socket.send(text)
    })
  }

  subscribe(topic: string): void {
    this.#socket.subscribe(topic)
  }

  unsubscribe(topic: string): void {
    this.#socket.unsubscribe(topic)
  }

  buffered(): number {
    return this.#socket.getBufferedAmount()
  }

  ping(): boolean {
    this.#socket.ping()
    return true
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }
}
