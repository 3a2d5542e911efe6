import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { emptyFeed, type Feed, type FeedInput, type FeedRules, type Page, step } from '../src/feed.ts'

const eager: FeedRules = { eager: true, maxFill: Number.POSITIVE_INFINITY }
const lazy: FeedRules = { ...eager, eager: false }

/** A log of `length` positions, some of them without an event that this reader may see. */
type Log = { length: number; holes: Set<number> }

const eventsIn = ({ holes }: Log, after: number, upto: number) => {
  const all = Array.from({ length: Math.max(0, upto - after) }, (_, index) => after + 1 + index)
  return all.filter((at) => !holes.has(at)).map((at) => ({ at, event: at }))
}
const pageOf = (log: Log, after: number, limit: number): Page<number> => {
  const upto = Math.min(log.length, after + limit)
  return { after, upto: Math.max(upto, after), floor: 0, items: eventsIn(log, after, upto) }
}

/** What the wire may do next, in fractions of what exists by then. */
type Happening =
  | { does: 'append'; count: number }
  | { does: 'deliver'; where: number }
  | { does: 'replay'; from: number; limit: number }
  | { does: 'head' }
  | { does: 'answer'; limit: number }
  | { does: 'fail' }
  | { does: 'cut' }

const fraction = fc.double({ min: 0, max: 1, noNaN: true })
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant('append' as const), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 8, arbitrary: fc.record({ does: fc.constant('deliver' as const), where: fraction }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('replay' as const), from: fraction, limit: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ does: 'head' as const }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('answer' as const), limit: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ does: 'fail' as const }) },
  { weight: 1, arbitrary: fc.constant({ does: 'cut' as const }) },
)

/** One reader of one log, with the request that a feed may have under way. */
class Reader {
  feed: Feed<number> = emptyFeed
  applied: number[] = []
  asked: number | null = null
  requests = 0
  readonly #rules: FeedRules

  constructor(rules: FeedRules) {
    this.#rules = rules
  }

  take(input: FeedInput<number>): void {
    if (input.kind === 'disconnected') this.asked = null
    const { feed, applied, ask } = step(this.feed, input, this.#rules)
    this.feed = feed
    this.applied.push(...applied)
    if (ask === null) return
    expect(this.asked).toBeNull()
    this.asked = ask.after
    this.requests += 1
  }

  answer(page: (after: number) => FeedInput<number>): void {
    if (this.asked === null) return
    const input = page(this.asked)
    this.asked = null
    this.take(input)
  }
}

function happen(reader: Reader, log: Log, what: Happening): void {
  switch (what.does) {
    case 'append':
      log.length += what.count
      return
    case 'deliver': {
      const at = 1 + Math.floor(what.where * (log.length - 1))
      if (at <= log.length && !log.holes.has(at)) reader.take({ kind: 'event', item: { at, event: at } })
      return
    }
    case 'replay':
      return reader.take({ kind: 'page', page: pageOf(log, Math.floor(what.from * log.length), what.limit), answer: false })
    case 'head':
      return reader.take({ kind: 'head', at: log.length })
    case 'answer':
      return reader.answer((after) => ({ kind: 'page', page: pageOf(log, after, what.limit), answer: true }))
    case 'fail':
      return reader.answer(() => ({ kind: 'failed', definite: false }))
    case 'cut':
      return reader.take({ kind: 'disconnected' })
  }
}

const world = fc.record({
  first: fc.integer({ min: 0, max: 8 }),
  holes: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 20, size: 'max' }),
  steps: fc.array(happening, { maxLength: 80, size: 'max' }),
})

describe('a feed', () => {
  test('applies every event of its log once and in order, whatever the wire loses, doubles or reorders', () => {
    fc.assert(
      fc.property(world, ({ first, holes, steps }) => {
        const log: Log = { length: first, holes: new Set(holes) }
        const reader = new Reader(eager)
        reader.take({ kind: 'start', at: first })
        for (const what of steps) {
          happen(reader, log, what)
          expect(reader.applied).toEqual(eventsIn(log, first, reader.feed.local ?? 0).map(({ at }) => at))
        }
        reader.take({ kind: 'head', at: log.length })
        for (let turn = 0; turn < 200 && reader.asked !== null; turn += 1) happen(reader, log, { does: 'answer', limit: 3 })
        expect(reader.feed.local).toBe(log.length)
        expect(reader.applied).toEqual(eventsIn(log, first, log.length).map(({ at }) => at))
        expect(reader.feed.held.size).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  test('never applies beyond a gap even where it is content to lie behind', () => {
    fc.assert(
      fc.property(world, ({ first, holes, steps }) => {
        const log: Log = { length: first, holes: new Set(holes) }
        const reader = new Reader(lazy)
        reader.take({ kind: 'start', at: first })
        for (const what of steps) {
          happen(reader, log, what)
          expect(reader.applied).toEqual(eventsIn(log, first, reader.feed.local ?? 0).map(({ at }) => at))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('is left as it is by anything it has applied before', () => {
    fc.assert(
      fc.property(world, ({ first, holes, steps }) => {
        const log: Log = { length: first, holes: new Set(holes) }
        const reader = new Reader(eager)
        reader.take({ kind: 'start', at: first })
        for (const what of steps) happen(reader, log, what)
        const { local } = reader.feed
        for (const item of eventsIn(log, 0, local ?? 0)) {
          const again = step(reader.feed, { kind: 'event', item }, eager)
          expect(again).toEqual({ feed: reader.feed, applied: [], ask: null, skipped: false })
        }
        const whole = step(reader.feed, { kind: 'page', page: pageOf(log, 0, local ?? 0), answer: false }, lazy)
        expect(whole.applied).toEqual([])
        expect(whole.feed.local).toBe(local)
      }),
      { numRuns: 200 },
    )
  })

  test('reaches the same state by live events as by a replay', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20, size: 'max' }),
        (length, cuts) => {
          const log: Log = { length, holes: new Set() }
          const live = new Reader(eager)
          live.take({ kind: 'start', at: 0 })
          for (const item of eventsIn(log, 0, length)) live.take({ kind: 'event', item })
          const replayed = new Reader(eager)
          replayed.take({ kind: 'start', at: 0 })
          for (let at = 0, turn = 0; at < length; turn += 1) {
            const page = pageOf(log, at, cuts[turn % cuts.length] ?? 1)
            replayed.take({ kind: 'page', page, answer: false })
            at = page.upto
          }
          expect(replayed.applied).toEqual(live.applied)
          expect(replayed.feed).toEqual(live.feed)
        },
      ),
    )
  })

  test('asks once for a gap, however many events come behind it', () => {
    const reader = new Reader(lazy)
    reader.take({ kind: 'start', at: 10 })
    for (const at of [12, 13, 14, 15]) reader.take({ kind: 'event', item: { at, event: at } })
    expect([reader.requests, reader.asked, reader.applied]).toEqual([1, 10, []])
    reader.answer((after) => ({ kind: 'page', page: pageOf({ length: 11, holes: new Set() }, after, 200), answer: true }))
    expect([reader.requests, reader.applied, reader.feed.local]).toEqual([1, [11, 12, 13, 14, 15], 15])
  })

  test('keeps up with a log that grows while it is filled', () => {
    const reader = new Reader(lazy)
    const log: Log = { length: 5, holes: new Set() }
    reader.take({ kind: 'start', at: 0 })
    reader.take({ kind: 'event', item: { at: 5, event: 5 } })
    for (let round = 0; round < 50; round += 1) {
      const answer = pageOf(log, reader.asked ?? 0, 200)
      log.length += 1
      reader.take({ kind: 'event', item: { at: log.length, event: log.length } })
      reader.answer(() => ({ kind: 'page', page: answer, answer: true }))
      expect(reader.feed.local).toBe(log.length)
      log.length += 2
      reader.take({ kind: 'event', item: { at: log.length, event: log.length } })
    }
    expect(reader.requests).toBe(51)
  })

  test('goes on to the end of a gap it began to fill, though it could not hold all that came meanwhile', () => {
    const reader = new Reader(lazy)
    const log: Log = { length: 3000, holes: new Set() }
    reader.take({ kind: 'start', at: 0 })
    for (const item of eventsIn(log, 1, log.length)) reader.take({ kind: 'event', item })
    for (let turn = 0; turn < 20; turn += 1) happen(reader, log, { does: 'answer', limit: 200 })
    expect([reader.feed.local, reader.applied.length]).toEqual([3000, 3000])
  })

  test('lies behind without asking until it is wanted', () => {
    const reader = new Reader(lazy)
    reader.take({ kind: 'start', at: 3 })
    reader.take({ kind: 'head', at: 90 })
    reader.take({ kind: 'event', item: { at: 91, event: 91 } })
    expect([reader.requests, reader.feed.held.size, reader.feed.head]).toEqual([0, 0, 91])
    const { ask } = step(reader.feed, { kind: 'head', at: 91 }, eager)
    expect(ask).toEqual({ after: 3, later: false })
  })

  test('skips to the head and says so rather than fetch more than it may', () => {
    const { feed } = step(emptyFeed, { kind: 'start', at: 3 }, eager)
    const skipped = step<number>(feed, { kind: 'head', at: 5000 }, { eager: true, maxFill: 100 })
    expect(skipped).toMatchObject({ skipped: true, ask: null, feed: { local: 5000 } })
  })

  test('says so when the log has retired what it missed', () => {
    const { feed } = step(emptyFeed, { kind: 'start', at: 3 }, eager)
    const page = { after: 3, upto: 12, floor: 10, items: [{ at: 11, event: 11 }] }
    expect(step<number>(feed, { kind: 'page', page, answer: false }, eager)).toMatchObject({
      skipped: true,
      applied: [11],
      feed: { local: 12 },
    })
  })

  test('pauses before it asks again a log that answers with nothing', () => {
    const reader = new Reader(eager)
    reader.take({ kind: 'start', at: 3 })
    const { feed } = step<number>(reader.feed, { kind: 'head', at: 5 }, eager)
    const nothing = { after: 3, upto: 3, floor: 0, items: [] }
    expect(step(feed, { kind: 'page', page: nothing, answer: true }, eager).ask).toEqual({ after: 3, later: true })
  })

  test('stops asking where it is refused, and asks anew when something comes', () => {
    const reader = new Reader(eager)
    reader.take({ kind: 'start', at: 3 })
    reader.take({ kind: 'head', at: 5 })
    reader.answer(() => ({ kind: 'failed', definite: true }))
    expect([reader.asked, reader.feed.filling]).toEqual([null, false])
    reader.take({ kind: 'head', at: 6 })
    expect(reader.asked).toBe(3)
  })

  test('takes nothing from before a departure, and begins anew with the log of the return', () => {
    const reader = new Reader(eager)
    reader.take({ kind: 'start', at: 8 })
    reader.take({ kind: 'left', at: 10 })
    for (const at of [9, 10]) reader.take({ kind: 'event', item: { at, event: at } })
    reader.take({ kind: 'page', page: pageOf({ length: 10, holes: new Set() }, 8, 2), answer: false })
    reader.take({ kind: 'event', item: { at: 13, event: 13 } })
    expect([reader.applied, reader.feed.local, reader.asked]).toEqual([[], null, null])
    reader.take({ kind: 'page', page: pageOf({ length: 12, holes: new Set() }, 11, 1), answer: false })
    expect([reader.applied, reader.feed.local]).toEqual([[12, 13], 13])
  })

  test('ignores news of a departure that it has read past', () => {
    const reader = new Reader(eager)
    reader.take({ kind: 'start', at: 20 })
    reader.take({ kind: 'left', at: 10 })
    expect(reader.feed.local).toBe(20)
  })
})
