import type { Entry, Received, Truth } from '../history.ts'
import { printed } from './events.ts'
import type { Evidence } from './evidence.ts'
import { type StayBounds, wasMember } from './stays.ts'

/** Whoever wrote a message was a member at that position of the log. */
export function* senderIsMember({ truth, stays }: Evidence): Generator<string> {
  for (const { room, events } of truth.values()) {
    for (const event of events) {
      if (event.type !== 'message.created' || event.view === null) continue
      if (!wasMember(stays.of(room, event.view.sender), event.seq))
        yield `${event.view.sender} was no member when writing ${printed(event)}`
    }
  }
}

/**
 * Nobody receives an event behind their removal. By itself an event comes only for a position at which one is a member. What one reads
 * may also lie between two stays, but not before the second one can have begun.
 */
export function* silenceAfterRemoval({ entries, truth, stays }: Evidence): Generator<string> {
  const entered = enterTimes(entries)
  for (const entry of entries) {
    if (entry.kind !== 'received') continue
    const { event, user } = entry
    const own = stays.of(event.room, user)
    if (entry.via === 'live' ? wasMember(own, event.seq) : mayRead(entry, { own, truth, entered })) continue
    yield `user ${user} (${entry.via}) got ${printed(event)}; stays: ${own.map(({ from, to }) => `${from}-${to}`).join(', ') || 'none'}`
  }
}

/** By user and room: when each stay but the first can have begun, at the earliest. */
type EnterTimes = ReadonlyMap<string, readonly number[]>

function mayRead(
  { event, user, at }: Received,
  { own, truth, entered }: { own: readonly StayBounds[]; truth: Truth; entered: EnterTimes },
): boolean {
  // A public room is read by everybody.
  if (truth.get(event.room)?.kind === 'public') return true
  const times = entered.get(`${user} ${event.room}`) ?? []
  return own.some(({ to }, i) => event.seq <= to && (i === 0 || (times[i - 1] ?? 0) <= at))
}

/** Changes of one membership are made one after the other, so an entry behind a departure begins a stay of its own. */
function enterTimes(entries: readonly Entry[]): EnterTimes {
  const times = new Map<string, number[]>()
  const away = new Set<string>()
  for (const entry of entries) {
    if (entry.kind !== 'change') continue
    const key = `${entry.subject} ${entry.room}`
    if (entry.change === 'leave') away.add(key)
    else if (away.delete(key)) times.set(key, [...(times.get(key) ?? []), entry.at])
  }
  return times
}

/** Where history is hidden nobody receives what was written before they came, on whichever way. */
export function* hiddenStaysHidden({ entries, truth, stays }: Evidence): Generator<string> {
  for (const entry of entries) {
    if (entry.kind !== 'received' || truth.get(entry.event.room)?.history !== 'hidden') continue
    if (!wasMember(stays.of(entry.event.room, entry.user), entry.event.seq)) {
      yield `user ${entry.user} (${entry.via}) got ${printed(entry.event)} of a room with hidden history`
    }
  }
}
