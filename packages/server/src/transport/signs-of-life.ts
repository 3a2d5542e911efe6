import { limits } from '@parlance/protocol'
import type { Wire } from './outbound.ts'

/** A peer that said nothing for so long is asked whether it is there. */
const askAfterMs = limits.heartbeat_ms - 2500

/** What shows that a peer is there. The runtime's own watch does not: whatever is sent to the peer puts it off, too. */
export class SignsOfLife {
  /** What came since the last look, and when something was last known to have (ms). */
  #came = 0
  #heard: number
  /** When the peer was asked for a sign that has not come (ms). */
  #asked: number | null = null

  constructor(now: number) {
    this.#heard = now
  }

  /** Something came in, were it only a pong; the answer is how many there were since the last look. */
  came(): number {
    this.#came += 1
    return this.#came
  }

  /**
   * A look: whether the peer has been silent for too long, though it was asked. It counts from the question on, so that a clock that is set ends nobody.
   */
  isOver(now: number, wire: Pick<Wire, 'ping'>): boolean {
    if (this.#came > 0) {
      this.#came = 0
      this.#heard = now
      this.#asked = null
    }
    if (this.#asked !== null) return now - this.#asked >= limits.silence_ms - askAfterMs
    if (now - this.#heard >= askAfterMs && wire.ping()) this.#asked = now
    return false
  }
}
