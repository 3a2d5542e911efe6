import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Connection } from './connection.ts'
import type { Hub } from './hub.ts'

const inspectMs = 250
const headsMs = 1000
const compareMs = 2000
const compareDownMs = 500
/** Everything that happens by the clock for all sockets of a node; one timer each instead of one per socket. */
export class Sweep implements Disposable {
  readonly #timers: Timer[]
  #comparing = false
  #failing = false
  #lastCompare = 0
  #lastInspect: number

  constructor({ hub, connections, clock, logger }: { hub: Hub; connections: ReadonlySet<Connection>; clock: Clock; logger: Logger }) {
    this.#lastInspect = clock.monotonic()
    this.#timers = [
      clock.setInterval(() => {
        const at = clock.monotonic()
        hub.deps.metrics.loopLag.observe(Math.max(0, at - this.#lastInspect - inspectMs) / 1000)
        this.#lastInspect = at
        const now = clock.now()
        for (const connection of connections) {
          try {
            connection.inspect(now)
          } catch (error) {
            // A bug of ours in one conversation must not end the server.
            logger.error('a conversation broke at its inspection', { conn: connection.id, error })
            connection.close(1011, 'internal')
          }
        }
      }, inspectMs),
      clock.setInterval(() => hub.publishHeads(), headsMs),
      clock.setInterval(() => {
        const due = hub.deps.bus.up ? compareMs : compareDownMs
        if (this.#comparing || clock.monotonic() - this.#lastCompare < due - 50) return
        this.#comparing = true
        hub
          .compareHeads()
          .then(
            () => {
              this.#failing = false
            },
            (error: unknown) => {
              // Told once, however long it lasts.
              if (!this.#failing) logger.error('comparing heads failed', { error })
              this.#failing = true
            },
          )
          .finally(() => {
            this.#comparing = false
            this.#lastCompare = clock.monotonic()
          })
      }, compareDownMs),
    ]
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer.cancel()
  }
}
