/** An event and its position in a log (`seq` of a room, `useq` of the own log). */
export type Item<E> = { at: number; event: E }

/** A stretch of a log: everything in (after, upto] that this reader may see. Events up to `floor` are retired. */
export type Page<E> = { after: number; upto: number; floor: number; items: readonly Item<E>[] }

/**
 * Where a reader stands in one log. `local`: everything up to here is applied; null before the first position is known. `head`: the
 * highest position heard of. `held`: events that came ahead of `local`. `left`: the reader's last departure; nothing up to it is news.
 */
export type Feed<E> = {
  readonly local: number | null
  readonly head: number
  readonly filling: boolean
  readonly held: ReadonlyMap<number, E>
  readonly left: number
}

/** What reaches a feed. An `answer` is the page that was asked for; `failed` says that there will be none. */
export type FeedInput<E> =
  | { kind: 'event'; item: Item<E> }
  | { kind: 'page'; page: Page<E>; answer: boolean }
  | { kind: 'start' | 'head' | 'left'; at: number }
  | { kind: 'failed'; definite: boolean }
  | { kind: 'disconnected' }

/** `eager`: catch up whenever behind, not only on a proven loss. `maxFill`: further behind than this, skip to the head and say so. */
export type FeedRules = { eager: boolean; maxFill: number }

/**
 * The next state and what to do. `ask`: request the log after that position, `later` meaning after a pause; until its answer comes back
 * as input no other request is made. `skipped`: events are missing on purpose; what was shown of this log must be fetched anew.
 */
export type FeedStep<E> = { feed: Feed<E>; applied: readonly E[]; ask: { after: number; later: boolean } | null; skipped: boolean }

/** Events held ahead of a gap; beyond them the log is asked again, which costs time, never an event. */
const maxHeld = 1000

export const emptyFeed: Feed<never> = { local: null, head: 0, filling: false, held: new Map<number, never>(), left: 0 }

/**
 * The rule of the wire: apply local+1, drop what is not above local, ask the log on a gap. Whatever is lost, doubled or reordered on
 * the way, the events applied are those of the log, each once, in order. Pure: no clock, no I/O, the old state stays valid.
 *
 * @example
 * const { feed: next, applied, ask } = step(feed, { kind: 'event', item: { at: 5, event } }, { eager: true, maxFill: 2000 })
 */
export function step<E>(feed: Feed<E>, input: FeedInput<E>, rules: FeedRules): FeedStep<E> {
  switch (input.kind) {
    case 'event':
      return onEvent(feed, input.item, rules)
    case 'page':
      return onPage(feed, input, rules)
    case 'start':
      return settle({ ...feed, local: feed.local ?? input.at, head: Math.max(feed.head, input.at) }, { rules })
    case 'head':
      return settle({ ...feed, head: Math.max(feed.head, input.at) }, { rules })
    case 'left':
      return idle(onLeft(feed, input.at))
    case 'failed':
      return onFailed(feed, input.definite)
    case 'disconnected':
      return idle({ ...feed, filling: false })
  }
}

const idle = <E>(feed: Feed<E>): FeedStep<E> => ({ feed, applied: [], ask: null, skipped: false })

function onEvent<E>(feed: Feed<E>, { at, event }: Item<E>, rules: FeedRules): FeedStep<E> {
  const { local } = feed
  if (at <= (local ?? feed.left)) return idle(feed)
  const head = Math.max(feed.head, at)
  if (at === (local ?? Number.NaN) + 1) return settle({ ...feed, local: at, head }, { rules, applied: [event] })
  // Known to be behind and content with it: filling such a room for the sake of one event would fetch all it does not want yet.
  const lazy = local !== null && feed.head > local && !feed.filling && !rules.eager && feed.held.size === 0
  return settle({ ...feed, head, held: lazy ? feed.held : hold(feed.held, [{ at, event }]) }, { rules })
}

function onPage<E>(feed: Feed<E>, { page, answer }: { page: Page<E>; answer: boolean }, rules: FeedRules): FeedStep<E> {
  const now = answer ? { ...feed, filling: false } : feed
  if (now.local === null && page.upto <= now.left) return idle(now)
  const from = now.local ?? page.after
  const head = Math.max(now.head, page.upto)
  if (page.after > from) {
    const lazy = now.head > from && !now.filling && !rules.eager && now.held.size === 0
    return settle({ ...now, head, held: lazy ? now.held : hold(now.held, page.items) }, { rules })
  }
  const applied: E[] = []
  let local = from
  for (const { at, event } of page.items) {
    if (at <= local || at > page.upto) continue
    applied.push(event)
    local = at
  }
  local = Math.max(local, page.upto)
  // An answer that brought nothing although the log is known to be longer must not be asked again in a tight loop.
  const stalled = answer && local === feed.local && head > local
  return settle({ ...now, local, head }, { rules, applied, stalled, chase: answer, skipped: Math.min(page.floor, page.upto) > from })
}

/** A departure at or above `local` ends this reading; below it somebody who came back has already read past it. */
function onLeft<E>(feed: Feed<E>, at: number): Feed<E> {
  if (feed.local !== null && feed.local > at) return feed
  return { ...emptyFeed, left: at, held: new Map([...feed.held].filter(([position]) => position > at)) }
}

/** A refusal is final until something new is heard; otherwise the request is made again after a pause. */
function onFailed<E>(feed: Feed<E>, definite: boolean): FeedStep<E> {
  if (definite || feed.local === null) return idle({ ...feed, filling: false, held: new Map() })
  return { feed, applied: [], ask: { after: feed.local, later: true }, skipped: false }
}

/** `chase`: a request was under way, so this log is wanted to its end even if what was held is used up. */
type Outcome<E> = { rules: FeedRules; applied?: E[]; stalled?: boolean; chase?: boolean; skipped?: boolean }

function settle<E>(feed: Feed<E>, outcome: Outcome<E>): FeedStep<E> {
  const { rules, applied = [], stalled = false, chase = false, skipped = false } = outcome
  if (feed.local === null) return { feed, applied, ask: null, skipped }
  let { local } = feed
  for (let next = feed.held.get(local + 1); next !== undefined; next = feed.held.get(local + 1)) {
    applied.push(next)
    local += 1
  }
  const first = local
  const held = feed.held.size === 0 ? feed.held : new Map([...feed.held].filter(([at]) => at > first))
  const settled = { ...feed, local, held }
  const behind = feed.head - local
  if (behind <= 0 || feed.filling || !(rules.eager || chase || held.size > 0)) return { feed: settled, applied, ask: null, skipped }
  if (behind > rules.maxFill) return { feed: { ...settled, local: feed.head, held: new Map() }, applied, ask: null, skipped: true }
  return { feed: { ...settled, filling: true }, applied, ask: { after: local, later: stalled }, skipped }
}

function hold<E>(held: ReadonlyMap<number, E>, items: readonly Item<E>[]): Map<number, E> {
  const more = new Map(held)
  for (const { at, event } of items) if (more.size < maxHeld) more.set(at, event)
  return more
}
