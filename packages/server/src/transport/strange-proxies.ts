import { isIPv6 } from 'node:net'

/** So many are remembered and told of. */
const maxProxies = 16

/** Addresses that only a machine near by has: who speaks from there for others is most likely a proxy that nobody has named. */
const near = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd][\da-f]{2}:|fe80:)/i

/** Notices proxies whose word on the client is not taken, for then all of their clients count as one in the limits of signing in. */
export class StrangeProxies {
  readonly #seen = new Set<string>()
  readonly #found: (proxy: string) => void

  /** `found` hears of each once. */
  constructor(found: (proxy: string) => void) {
    this.#found = found
  }

  get all(): string[] {
    return [...this.#seen]
  }

  /** A request of a peer that is not trusted. */
  note(peer: string, headers: Headers): void {
    if (!headers.has('x-forwarded-for') || this.#seen.size >= maxProxies || this.#seen.has(peer)) return
    if (!near.test(isIPv6(peer) ? peer.replace(/^::ffff:/i, '') : peer)) return
    this.#seen.add(peer)
    this.#found(peer)
  }
}
