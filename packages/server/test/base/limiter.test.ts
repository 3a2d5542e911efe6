import { describe, expect, test } from 'bun:test'
import { createLimiter } from '../../src/base/limiter.ts'
import { ManualClock } from '../../src/base/manual-clock.ts'

function make(options: { burst: number; perSecond: number; maxKeys?: number }) {
  const clock = new ManualClock()
  return { clock, limiter: createLimiter({ clock, ...options }) }
}

describe('the limiter', () => {
  test('lets a burst pass, then says when to come back', async () => {
    const { clock, limiter } = make({ burst: 3, perSecond: 2 })
    for (let i = 0; i < 3; i += 1) expect(limiter.take('a')).toEqual({ ok: true })
    expect(limiter.take('a')).toEqual({ ok: false, retry_ms: 500 })
    await clock.advance(499)
    expect(limiter.take('a').ok).toBe(false)
    await clock.advance(1)
    expect(limiter.take('a').ok).toBe(true)
  })

  test('charges nothing for a refusal', async () => {
    const { clock, limiter } = make({ burst: 1, perSecond: 1 })
    limiter.take('a')
    for (let i = 0; i < 100; i += 1) limiter.take('a')
    await clock.advance(1_000)
    expect(limiter.take('a').ok).toBe(true)
  })

  test('keeps one budget per key and saves up no more than a burst', async () => {
    const { clock, limiter } = make({ burst: 2, perSecond: 1 })
    limiter.take('a')
    limiter.take('a')
    expect(limiter.take('b').ok).toBe(true)
    await clock.advance(3_600_000)
    expect([limiter.take('a').ok, limiter.take('a').ok, limiter.take('a').ok]).toEqual([true, true, false])
  })

  test('asks for a full bucket where a cost exceeds it', async () => {
    const { clock, limiter } = make({ burst: 10, perSecond: 10 })
    limiter.take('a', 5)
    expect(limiter.take('a', 1_000)).toEqual({ ok: false, retry_ms: 500 })
    await clock.advance(500)
    expect(limiter.take('a', 1_000).ok).toBe(true)
    expect(limiter.take('a').ok).toBe(false)
  })

  test('is paid later for what is known only afterwards, a burst at most', async () => {
    const { clock, limiter } = make({ burst: 4, perSecond: 2 })
    limiter.charge('a', 3)
    expect(limiter.take('a').ok).toBe(true)
    limiter.charge('a', 1000)
    expect(limiter.take('a')).toEqual({ ok: false, retry_ms: 2500 })
    expect(limiter.take('b').ok).toBe(true)
    await clock.advance(2500)
    expect(limiter.take('a').ok).toBe(true)
  })

  test('forgets the key untouched for longest when there are too many', () => {
    const { limiter } = make({ burst: 1, perSecond: 0.001, maxKeys: 2 })
    limiter.take('old')
    limiter.take('kept')
    limiter.take('old')
    limiter.take('new')
    expect(limiter.take('old').ok).toBe(false)
    expect(limiter.take('kept').ok).toBe(true)
  })
})
