import { type Backoff, backoffDelay } from './backoff.ts'
import { type Platform, type SocketLike, socketConstructor } from './platform.ts'

type ProbeDeps = {
  url: string
  protocols: string[]
  platform: Platform
  backoff: Backoff
  /** Longest wait for a socket to open. */
  connect_ms: number
  /** A socket opened, and is closed again. */
  opened(): void
}

/** Looks now and then whether a WebSocket gets through by now, ever more rarely. */
export class Probe {
  readonly #deps: ProbeDeps
  #tries = 0
  #timer: unknown = null
  #socket: SocketLike | null = null

  constructor(deps: ProbeDeps) {
    this.#deps = deps
  }

  start(): void {
    this.stop()
    this.#tries = 0
    this.#later()
  }

  stop(): void {
    this.#deps.platform.clearTimeout(this.#timer)
    this.#timer = null
    const socket = this.#socket
    this.#socket = null
    socket?.close(1000)
  }

  #later(): void {
    const { platform, backoff } = this.#deps
    // At least half of the ceiling: nobody waits for it, and a probe costs the server a handshake.
    const wait = backoffDelay(this.#tries, backoff, () => 0.5 + platform.random() / 2)
    this.#tries += 1
    this.#timer = platform.setTimeout(() => this.#look(), wait)
  }

  #look(): void {
    const { url, protocols, platform, connect_ms, opened } = this.#deps
    let socket: SocketLike
    try {
      socket = new (socketConstructor(platform))(url, protocols)
    } catch {
      return this.#later()
    }
    this.#socket = socket
    const over = (isOpen: boolean) => {
      if (this.#socket !== socket) return
      this.stop()
      if (isOpen) opened()
      else this.#later()
    }
    socket.addEventListener('open', () => over(true))
    socket.addEventListener('close', () => over(false))
    // The close event that follows says all there is to know.
    socket.addEventListener('error', () => undefined)
    this.#timer = platform.setTimeout(() => over(false), connect_ms)
  }
}
