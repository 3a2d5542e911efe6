/**
 * How long to wait between attempts: the ceiling doubles from `base_ms` with every failure, up to `cap_ms`.
 *
 * @example
 * const patient: Backoff = { base_ms: 1000, cap_ms: 60_000 }
 */
export type Backoff = { base_ms: number; cap_ms: number }

/** Doubling a double overflows to Infinity long after this; the cap holds anyway. */
const maxDoublings = 40

/**
 * The wait before attempt number `attempt` (0 is the first retry), in milliseconds: anywhere between 0 and the ceiling, so that clients
 * cut off at the same moment come back spread over the whole interval ("full jitter").
 *
 * @example
 * backoffDelay(3, { base_ms: 250, cap_ms: 30_000 }, Math.random) // 0 … 2000
 */
export function backoffDelay(attempt: number, { base_ms, cap_ms }: Backoff, random: () => number): number {
  const ceiling = Math.min(cap_ms, base_ms * 2 ** Math.min(Math.max(attempt, 0), maxDoublings))
  return Math.round(random() * ceiling)
}

/**
 * The wait a server asked for: never less than `reconnect_ms`, and up to `jitter_ms` more.
 *
 * @example
 * toldDelay({ reconnect_ms: 1200, jitter_ms: 4000 }, Math.random) // 1200 … 5200
 */
export function toldDelay(told: { reconnect_ms: number; jitter_ms?: number }, random: () => number): number {
  return Math.round(told.reconnect_ms + random() * (told.jitter_ms ?? 0))
}
