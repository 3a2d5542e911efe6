import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

/** How often rooms that forget are looked at: what is due disappears about so much later. */
const everyMs = 1000

/** Retires what is due every second until disposed; one round at a time, and one that fails is followed by the next. */
export function keepRetiring(round: () => Promise<void>, { clock, log }: { clock: Clock; log: Logger }): AsyncDisposable {
  let running: Promise<void> | null = null
  const timer = clock.setInterval(() => {
    running ??= round()
      .catch((error: unknown) => log.error('retiring expired messages failed', { error }))
      .finally(() => {
        running = null
      })
  }, everyMs)
  return {
    async [Symbol.asyncDispose]() {
      timer.cancel()
      await running
    },
  }
}
