import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

type Rounds = {
  /** What is done, for the log. */
  what: string
  everyMs: number
  clock: Clock
  log: Logger
}

/**
 * Does something now and then until disposed, which stops the round under way between two of its steps. One round at a time; one that fails
 * is followed by the next, and of several that fail in a row the log is told once.
 */
export function keepDoing(round: (stopped: AbortSignal) => Promise<void>, { what, everyMs, clock, log }: Rounds): AsyncDisposable {
  const stop = new AbortController()
  let running: Promise<void> | null = null
  let isFailing = false
  const failed = (error: unknown) => {
    if (!isFailing) log.error(`${what} failed`, { error })
    isFailing = true
  }
  const begin = () => {
    running ??= round(stop.signal)
      .then(() => {
        isFailing = false
      }, failed)
      .finally(() => {
        running = null
      })
  }
  const timer = clock.setInterval(begin, everyMs)
  begin()
  return {
    async [Symbol.asyncDispose]() {
      timer.cancel()
      stop.abort()
      await running
    },
  }
}
