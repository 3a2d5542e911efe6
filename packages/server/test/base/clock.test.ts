import { describe, expect, test } from 'bun:test'
import { sleep, systemClock } from '../../src/base/clock.ts'
import { ManualClock } from '../../src/base/manual-clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import { eventually } from '../harness/eventually.ts'

describe('the manual clock', () => {
  test('runs what is due in order of time and nothing else', async () => {
    const clock = new ManualClock(1_000)
    const seen: string[] = []
    clock.setTimeout(() => seen.push(`b at ${clock.now()}`), 20)
    clock.setTimeout(() => seen.push(`a at ${clock.now()}`), 10)
    clock.setTimeout(() => seen.push('late'), 31)
    const cancelled = clock.setTimeout(() => seen.push('cancelled'), 5)
    cancelled.cancel()
    await clock.advance(30)
    expect(seen).toEqual(['a at 1010', 'b at 1020'])
    expect([clock.now(), clock.monotonic()]).toEqual([1_030, 30])
  })

  test('repeats an interval until it is cancelled', async () => {
    const clock = new ManualClock()
    let times = 0
    const timer = clock.setInterval(() => {
      times += 1
      if (times === 3) timer.cancel()
    }, 10)
    await clock.advance(1_000)
    expect(times).toBe(3)
  })

  test('follows promises between two timers', async () => {
    const clock = new ManualClock()
    const seen: number[] = []
    const work = (async () => {
      for (let i = 0; i < 3; i += 1) {
        await sleep(clock, 10)
        seen.push(clock.monotonic())
      }
    })()
    await clock.advance(30)
    await work
    expect(seen).toEqual([10, 20, 30])
  })
})

test('the system clock runs and cancels its timers', async () => {
  let once = 0
  let often = 0
  const cancelled = systemClock.setTimeout(() => {
    once += 100
  }, 1)
  cancelled.cancel()
  systemClock.setTimeout(() => {
    once += 1
  }, 1)
  const repeated = systemClock.setInterval(() => {
    often += 1
  }, 1)
  await eventually(() => once === 1 && often >= 3)
  repeated.cancel()
  const before = systemClock.monotonic()
  await sleep(systemClock, 5)
  expect(systemClock.monotonic()).toBeGreaterThan(before)
})

test('seeded randomness repeats by seed and is spread evenly', () => {
  const draw = (seed: number) => seededRandom(seed).bytes(32)
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
  const { fraction } = seededRandom(3)
  const values = Array.from({ length: 10_000 }, fraction)
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
  expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0.5, 1)
})
