import type { Policy } from '@parlance/protocol'

/** What bounds the reading of a room: its heads, what is retired, and who sees what was before them. */
export type Extent = { last_seq: number; last_n: number; floor_seq: number; floor_n: number; policy: Policy }

/** One time somebody was a member; `to_*` null while it lasts. */
export type StayBounds = { from_seq: number; from_n: number; to_seq: number | null; to_n: number | null }

/** Positions in (after, upto]. */
export type Span = { after: number; upto: number }

/** The ordinals `n` that a reader with these stays may read, ascending and apart. Where history is open the stays do not matter. */
export function visibleOrdinals(room: Extent, stays: readonly StayBounds[]): Span[] {
  const whole = { after: room.floor_n, upto: room.last_n }
  return clip(
    whole,
    room.policy.history === 'open' ? [whole] : stays.map((stay) => ({ after: stay.from_n, upto: stay.to_n ?? room.last_n })),
  )
}

/** The same for positions in the log. */
export function visiblePositions(room: Extent, stays: readonly StayBounds[]): Span[] {
  const whole = { after: room.floor_seq, upto: room.last_seq }
  return clip(
    whole,
    room.policy.history === 'open' ? [whole] : stays.map((stay) => ({ after: stay.from_seq, upto: stay.to_seq ?? room.last_seq })),
  )
}

export const isWithin = (spans: readonly Span[], position: number): boolean =>
  spans.some(({ after, upto }) => position > after && position <= upto)

/** One's stays follow each other and touch at most, so that clipping keeps them ascending and apart. */
function clip(whole: Span, spans: readonly Span[]): Span[] {
  return spans
    .map(({ after, upto }) => ({ after: Math.max(after, whole.after), upto: Math.min(upto, whole.upto) }))
    .filter(({ after, upto }) => after < upto)
}

/** What page of the history is asked for; without any bound, the newest. */
export type Ask = { before?: number | undefined; after?: number | undefined; around?: number | undefined; limit: number }

export type HistoryPage = { spans: Span[]; moreBefore: boolean; moreAfter: boolean }

/** Ordinals have no gaps, so the page and whether there is more on either side follow by arithmetic, before anything is read. */
export function historyPage(visible: readonly Span[], { before, after, around, limit }: Ask): HistoryPage {
  const total = visible.reduce((sum, { after: from, upto }) => sum + upto - from, 0)
  let start: number
  let end: number
  if (after !== undefined) {
    start = countUpto(visible, after)
    end = Math.min(total, start + limit)
  } else if (around !== undefined) {
    // The asked one stands in the middle unless an end of the history is near.
    start = Math.max(0, Math.min(countUpto(visible, around - 1) - Math.floor(limit / 2), total - limit))
    end = Math.min(total, start + limit)
  } else {
    end = before === undefined ? total : countUpto(visible, before - 1)
    start = Math.max(0, end - limit)
  }
  return { spans: slice(visible, start, end), moreBefore: start > 0, moreAfter: end < total }
}

/** How many visible ordinals are at most `n`. */
function countUpto(visible: readonly Span[], n: number): number {
  return visible.reduce((sum, { after, upto }) => sum + Math.max(0, Math.min(n, upto) - after), 0)
}

/** The visible ordinals from index `start` up to index `end`, counted from the oldest. */
function slice(visible: readonly Span[], start: number, end: number): Span[] {
  const result: Span[] = []
  let index = 0
  for (const { after, upto } of visible) {
    const from = Math.max(after, after + start - index)
    const to = Math.min(upto, after + end - index)
    if (from < to) result.push({ after: from, upto: to })
    index += upto - after
  }
  return result
}
