/** What `setTimeout` and `setInterval` of a Clock give back. Cancelling twice, or after the last run, does nothing. */
export type Timer = { cancel(): void }

/** The only source of time. Durations and instants are milliseconds. */
export type Clock = {
  /** Wall time since the epoch. May jump in either direction when the machine's clock is set. */
  now(): number
  /** Time since an arbitrary start; never goes back. For measuring and for deadlines. */
  monotonic(): number
  /** Runs `task` once, not before `ms` have passed. What an asynchronous task rejects with is the caller's to handle. */
  setTimeout(task: () => void, ms: number): Timer
  /** Runs `task` every `ms`, the first time after `ms`, until cancelled. */
  setInterval(task: () => void, ms: number): Timer
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(task, ms) {
    const timer = setTimeout(task, ms)
    return { cancel: () => clearTimeout(timer) }
  },
  setInterval(task, ms) {
    const timer = setInterval(task, ms)
    return { cancel: () => clearInterval(timer) }
  },
}

/** Resolves after `ms` of the given clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  clock.setTimeout(resolve, ms)
  return promise
}
