import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { backoffDelay, toldDelay } from '../src/index.ts'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a wait lies between nothing and a ceiling that doubles up to the cap', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.integer({ min: 1, max: 5000 }), random, (attempt, base_ms, part) => {
      const wait = backoffDelay(attempt, { base_ms, cap_ms: 30_000 }, () => part)
      expect(wait).toBeGreaterThanOrEqual(0)
      expect(wait).toBeLessThanOrEqual(Math.min(30_000, base_ms * 2 ** Math.min(attempt, 20)))
    }),
  )
  const ceilings = [0, 1, 2, 3, 10, 5000].map((attempt) => backoffDelay(attempt, { base_ms: 100, cap_ms: 3000 }, () => 1))
  expect(ceilings).toEqual([100, 200, 400, 800, 3000, 3000])
})

test('waits are spread over the whole interval', () => {
  const parts = [0, 0.25, 0.5, 0.75]
  expect(parts.map((part) => backoffDelay(2, { base_ms: 100, cap_ms: 3000 }, () => part))).toEqual([0, 100, 200, 300])
})

test('a told wait is kept and only ever lengthened', () => {
  expect(toldDelay({ reconnect_ms: 1200, jitter_ms: 4000 }, () => 0)).toBe(1200)
  expect(toldDelay({ reconnect_ms: 1200, jitter_ms: 4000 }, () => 0.5)).toBe(3200)
  expect(toldDelay({ reconnect_ms: 1200 }, () => 0.9)).toBe(1200)
})
