import { describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/base/clock.ts'
import { createIds, parseId, printId } from '../../src/base/ids.ts'
import { ManualClock } from '../../src/base/manual-clock.ts'
import { seededRandom, systemRandom } from '../../src/base/random.ts'

describe('ids', () => {
  test('grow in byte order and in text order, also many in one millisecond', () => {
    const ids = createIds({ clock: new ManualClock(), random: systemRandom })
    const made = Array.from({ length: 20_000 }, () => ids.next())
    for (const [i, id] of made.entries()) {
      const before = made[i - 1]
      if (before === undefined) continue
      expect(Buffer.compare(before, id)).toBe(-1)
      expect(printId(before) < printId(id)).toBe(true)
    }
  })

  test('keep growing when the clock goes back', () => {
    let wall = 1_800_000_000_000
    const ids = createIds({ clock: { ...systemClock, now: () => wall }, random: systemRandom })
    const before = printId(ids.next())
    wall -= 60_000
    expect(printId(ids.next()) > before).toBe(true)
  })

  test('are UUIDs of version 7 that begin with the time', () => {
    const wall = Date.UTC(2026, 6, 1)
    const text = printId(createIds({ clock: new ManualClock(wall), random: systemRandom }).next())
    expect(text).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Number.parseInt(text.replaceAll('-', '').slice(0, 12), 16)).toBe(wall)
  })

  test('of two makers at the same instant differ', () => {
    const clock = new ManualClock()
    const makers = Array.from({ length: 50 }, () => createIds({ clock, random: systemRandom }))
    const made = makers.flatMap((ids) => Array.from({ length: 100 }, () => printId(ids.next())))
    expect(new Set(made).size).toBe(5_000)
  })

  test('come out the same for the same seed and time', () => {
    const make = () => createIds({ clock: new ManualClock(), random: seededRandom(7) })
    expect(printId(make().next())).toBe(printId(make().next()))
  })

  test('are read back from their text, in either case, and from nothing else', () => {
    const id = createIds({ clock: systemClock, random: systemRandom }).next()
    expect(parseId(printId(id))).toEqual(id)
    expect(parseId(printId(id).toUpperCase())).toEqual(id)
    const text = printId(id)
    for (const bad of ['', 'general', text.replaceAll('-', ''), `${text} `, `${text}\n`, text.replace(/.$/, 'g'), `{${text}}`]) {
      expect(parseId(bad)).toBeNull()
    }
  })
})
