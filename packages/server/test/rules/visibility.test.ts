import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { directPolicy } from '../../src/rules/room-kinds.ts'
import {
  type Extent,
  historyPage,
  isWithin,
  type Span,
  type StayBounds,
  visibleOrdinals,
  visiblePositions,
} from '../../src/rules/visibility.ts'

const extent = (history: 'open' | 'hidden', floor = 0): Extent => ({
  last_seq: 200,
  last_n: 100,
  floor_seq: floor * 2,
  floor_n: floor,
  policy: { ...directPolicy, history },
})
const stay = (from_n: number, to_n: number | null): StayBounds => ({
  from_n,
  to_n,
  from_seq: from_n * 2,
  to_seq: to_n === null ? null : to_n * 2,
})

describe('what a reader may read', () => {
  const cases: [what: string, room: Extent, stays: StayBounds[], ordinals: Span[], positions: Span[]][] = [
    ['everything where history is open', extent('open'), [], [{ after: 0, upto: 100 }], [{ after: 0, upto: 200 }]],
    ['what is not retired', extent('open', 10), [stay(50, null)], [{ after: 10, upto: 100 }], [{ after: 20, upto: 200 }]],
    ['from the join on where it is hidden', extent('hidden'), [stay(40, null)], [{ after: 40, upto: 100 }], [{ after: 80, upto: 200 }]],
    [
      'every stay of the reader, past ones too',
      extent('hidden'),
      [stay(10, 20), stay(60, null)],
      [
        { after: 10, upto: 20 },
        { after: 60, upto: 100 },
      ],
      [
        { after: 20, upto: 40 },
        { after: 120, upto: 200 },
      ],
    ],
    ['a past stay as far as it is not retired', extent('hidden', 15), [stay(5, 20)], [{ after: 15, upto: 20 }], [{ after: 30, upto: 40 }]],
    ['nothing of a stay wholly retired or without a message', extent('hidden', 30), [stay(5, 20), stay(100, null)], [], []],
    ['nothing hidden without a stay', extent('hidden'), [], [], []],
  ]
  for (const [what, room, stays, ordinals, positions] of cases) {
    test(what, () => {
      expect(visibleOrdinals(room, stays)).toEqual(ordinals)
      expect(visiblePositions(room, stays)).toEqual(positions)
    })
  }
})

test('a span begins behind its lower end and includes the upper', () => {
  const spans = [
    { after: 2, upto: 4 },
    { after: 7, upto: 8 },
  ]
  expect([1, 2, 3, 4, 5, 7, 8, 9].filter((n) => isWithin(spans, n))).toEqual([3, 4, 8])
})

describe('a page of the history', () => {
  const visible = fc
    .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 8 })
    .map((bounds) => bounds.toSorted((a, b) => a - b))
    .map((bounds) =>
      bounds.flatMap((after, index) =>
        index % 2 === 0 && bounds[index + 1] !== undefined ? [{ after, upto: bounds[index + 1] ?? 0 }] : [],
      ),
    )
  const bound = fc.integer({ min: 0, max: 70 })
  const limit = fc.integer({ min: 1, max: 20 })
  const listed = (spans: readonly Span[]): number[] =>
    spans.flatMap(({ after, upto }) => Array.from({ length: upto - after }, (_, i) => after + 1 + i))

  test('before a bound holds the newest below it, and says what lies on either side', () => {
    fc.assert(
      fc.property(visible, bound, limit, (spans, before, size) => {
        const all = listed(spans)
        const below = all.filter((n) => n < before)
        const page = historyPage(spans, { before, limit: size })
        expect(listed(page.spans)).toEqual(below.slice(-size))
        expect([page.moreBefore, page.moreAfter]).toEqual([below.length > size, below.length < all.length])
      }),
    )
  })

  test('after a bound holds the oldest above it', () => {
    fc.assert(
      fc.property(visible, bound, limit, (spans, after, size) => {
        const all = listed(spans)
        const above = all.filter((n) => n > after)
        const page = historyPage(spans, { after, limit: size })
        expect(listed(page.spans)).toEqual(above.slice(0, size))
        expect([page.moreBefore, page.moreAfter]).toEqual([above.length < all.length, above.length > size])
      }),
    )
  })

  test('without a bound holds the newest of all', () => {
    fc.assert(
      fc.property(visible, limit, (spans, size) => {
        const page = historyPage(spans, { limit: size })
        expect(listed(page.spans)).toEqual(listed(spans).slice(-size))
        expect([page.moreBefore, page.moreAfter]).toEqual([listed(spans).length > size, false])
      }),
    )
  })

  test('around an ordinal is full where there is enough, holds the ordinal if it is visible, and has no gaps in what is visible', () => {
    fc.assert(
      fc.property(visible, bound, limit, (spans, around, size) => {
        const all = listed(spans)
        const page = historyPage(spans, { around, limit: size })
        const shown = listed(page.spans)
        expect(shown).toHaveLength(Math.min(size, all.length))
        if (all.includes(around)) expect(shown).toContain(around)
        const start = all.indexOf(shown[0] ?? -1)
        if (shown.length > 0) expect(all.slice(start, start + shown.length)).toEqual(shown)
        expect([page.moreBefore, page.moreAfter]).toEqual([start > 0, shown.length > 0 && start + shown.length < all.length])
      }),
    )
  })
})
