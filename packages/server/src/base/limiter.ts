import type { Clock } from './clock.ts'

/** `retry_ms`: when the same request would pass if nothing else came in between. */
export type Taken = { ok: true } | { ok: false; retry_ms: number }

/**
 * A budget per key. A refused `take` costs nothing. `charge` is for what is known only afterwards: it is never refused, and what a key owes by
 * it, a burst at most, it has to wait for before it takes anything again.
 */
export type Limiter = { take(key: string, cost?: number): Taken; charge(key: string, cost: number): void }

export type LimiterOptions = {
  clock: Clock
  /** What a key may spend at once, and the most it can save up. */
  burst: number
  perSecond: number
  /** How many keys are remembered; beyond it the one untouched for longest starts afresh. 100,000 unless told. */
  maxKeys?: number
}

type Bucket = { level: number; at: number }

/** Token buckets in bounded memory. A cost over `burst` asks for a full bucket, so that nothing is refused for ever. */
export function createLimiter({ clock, burst, perSecond, maxKeys = 100_000 }: LimiterOptions): Limiter {
  // A Map keeps the order of insertion: each touch moves a key to the end, so the first is the one untouched for longest.
  const buckets = new Map<string, Bucket>()
  const touch = (key: string): Bucket => {
    const now = clock.monotonic()
    const bucket = buckets.get(key)
    buckets.delete(key)
    if (bucket === undefined && buckets.size >= maxKeys) forgetOldest(buckets)
    const level = bucket === undefined ? burst : Math.min(burst, bucket.level + ((now - bucket.at) * perSecond) / 1000)
    const touched = { level, at: now }
    buckets.set(key, touched)
    return touched
  }
  return {
    take(key, cost = 1) {
      const bucket = touch(key)
      const price = Math.min(cost, burst)
      if (bucket.level < price) return { ok: false, retry_ms: Math.ceil(((price - bucket.level) * 1000) / perSecond) }
      bucket.level -= price
      return { ok: true }
    },
    charge(key, cost) {
      const bucket = touch(key)
      bucket.level = Math.max(-burst, bucket.level - cost)
    },
  }
}

/** The limiter of a server whose limits are switched off. */
export const unlimited: Limiter = { take: () => ({ ok: true }), charge: () => undefined }

function forgetOldest(buckets: Map<string, Bucket>): void {
  const { value } = buckets.keys().next()
  if (value !== undefined) buckets.delete(value)
}
