import { type Clock, sleep } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import type { Emit } from '../emit.ts'
import { keyOf } from '../views.ts'

/** Taken away in one write: members, each with a fact of their own, and rows. So few that nobody's message waits for long behind them. */
const batch = { members: 100, rows: 500 }
/** Rooms looked up at once where some were left by an earlier run of the server. */
const roomsAtOnce = 100
/** How long to leave the database alone after a batch that failed. */
const pauseMs = 1_000
const triesAtMost = 60

type Deps = { store: Store; clock: Clock; log: Logger; emit: Emit }

/** Takes away what deleted rooms held, a bounded batch at a time, one room after the other. What is left when it stops goes the next time. */
export class Purge implements AsyncDisposable {
  readonly #deps: Deps
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** The room is deleted already; nobody waits for what it held to go. */
  room(number: number): void {
    this.#running = this.#running.then(() => this.#purge(number)).then(() => undefined)
  }

  /** What an earlier run left behind. */
  resume(): void {
    this.#running = this.#running.then(() => this.#purgeAll())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #purgeAll(): Promise<void> {
    const { store, log } = this.#deps
    try {
      for (;;) {
        const numbers = await store.rooms.unpurged(roomsAtOnce)
        for (const number of numbers) if (!(await this.#purge(number))) return
        if (numbers.length < roomsAtOnce) return
      }
    } catch (error) {
      log.error('looking for deleted rooms failed', { error })
    }
  }

  /** Whether nothing is left of it. */
  async #purge(number: number): Promise<boolean> {
    for (let failures = 0; !this.#stopped && failures < triesAtMost; ) {
      try {
        if (await this.#step(number)) return true
      } catch (error) {
        failures += 1
        this.#deps.log.error('taking away a deleted room failed', { room: number, error })
        if (!this.#stopped) await sleep(this.#deps.clock, pauseMs)
      }
    }
    return false
  }

  async #step(number: number): Promise<boolean> {
    const { store, clock, emit } = this.#deps
    const { done, userEvents } = await store.queue.write('rooms.purge', { room: number, ...batch, at: clock.now() })
    const room = userEvents.length === 0 ? undefined : await store.rooms.byNumber(number)
    if (room !== undefined) emit.user(userEvents, keyOf(room))
    return done
  }
}
