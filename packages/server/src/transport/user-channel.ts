import type { Timer } from '../base/clock.ts'
import type { UserEvent } from '../live/bus.ts'
import type { Sitter } from './sitter.ts'

const gapMs = 50
const readLimit = 200

export type UserChannelDeps = {
  read: (user: number, range: { after: number; limit: number }) => Promise<{ upto: number; events: UserEvent[] }>
  later: (task: () => void, ms: number) => Timer
  failed: (user: number, error: unknown) => void
}

/**
 * The own log of one user with sockets on this node. A newer fact replaces an older one in the log, so positions may be empty: whatever
 * is not the very next position is read from the log instead of waited for.
 */
export class UserChannel {
  readonly user: number
  position = -1
  /** Settles when the position is known; null once it is. */
  ready: Promise<void> | null = null
  readonly #deps: UserChannelDeps
  /** Mostly there is one, which needs no set. */
  #sitters: Sitter | Set<Sitter> | null = null
  #known = 0
  #timer: Timer | null = null
  #reading = false

  constructor(user: number, deps: UserChannelDeps) {
    this.user = user
    this.#deps = deps
  }

  /** As they are now, whoever comes or goes on the way. */
  get sitters(): readonly Sitter[] {
    if (this.#sitters === null) return []
    return this.#sitters instanceof Set ? [...this.#sitters] : [this.#sitters]
  }

  add(sitter: Sitter): void {
    if (this.#sitters === null || this.#sitters === sitter) this.#sitters = sitter
    else if (this.#sitters instanceof Set) this.#sitters.add(sitter)
    else this.#sitters = new Set([this.#sitters, sitter])
  }

  /** Whether nobody is left. */
  remove(sitter: Sitter): boolean {
    if (this.#sitters instanceof Set) this.#sitters.delete(sitter)
    else if (this.#sitters === sitter) this.#sitters = null
    return this.#isEmpty
  }

  start(useq: number): void {
    this.position = useq
    this.#seek()
  }

  receive(event: UserEvent): void {
    if (this.position >= 0 && event.useq === this.position + 1 && !this.#reading) this.#step(event)
    else this.hint(event.useq)
  }

  hint(useq: number): void {
    this.#known = Math.max(this.#known, useq)
    this.#seek()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#sitters = null
  }

  get #isEmpty(): boolean {
    return this.#sitters === null || (this.#sitters instanceof Set && this.#sitters.size === 0)
  }

  #step(event: UserEvent): void {
    this.position = event.useq
    for (const sitter of this.sitters) sitter.user(event)
  }

  #seek(): void {
    if (this.position < 0 || this.#known <= this.position || this.#timer !== null || this.#reading) return
    this.#timer = this.#deps.later(() => {
      this.#timer = null
      void this.#catchUp()
    }, gapMs)
  }

  async #catchUp(): Promise<void> {
    this.#reading = true
    try {
      while (!this.#isEmpty && this.position < this.#known) {
        const { upto, events } = await this.#deps.read(this.user, { after: this.position, limit: readLimit })
        for (const event of events) if (event.useq > this.position) this.#step(event)
        this.position = Math.max(this.position, upto)
        if (upto < this.#known && events.length === 0) this.#known = this.position
      }
    } catch (error) {
      this.#deps.failed(this.user, error)
    } finally {
      this.#reading = false
    }
  }
}
