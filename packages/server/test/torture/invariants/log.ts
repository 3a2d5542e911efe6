import type { Entry, Logged, Truth, View } from '../history.ts'
import { eventAt, printed } from './events.ts'
import type { Evidence } from './evidence.ts'
import { type Send, sendKey, type Sends } from './sends.ts'

/** At most one message per (room, sender, cid). */
export function* oneRowPerCid({ truth }: Evidence): Generator<string> {
  for (const { room, events } of truth.values()) {
    const seen = new Map<string, View>()
    for (const { view, type } of events) {
      if (type !== 'message.created' || view === null || view.cid === null) continue
      const key = `${view.sender} ${view.cid}`
      const before = seen.get(key)
      if (before !== undefined) yield `cid ${view.cid} of one sender stands at seq ${before.seq} and at seq ${view.seq} of room ${room}`
      else seen.set(key, view)
    }
  }
}

/** Positions are 1, 2, 3 … up to the head, and so are the ordinals of messages. Hidden history is read from the reader's own join. */
export function* logIsGapless({ truth }: Evidence): Generator<string> {
  for (const { room, history, events, head } of truth.values()) {
    let seq = history === 'hidden' ? (events[0]?.seq ?? 1) - 1 : 0
    let n = 0
    for (const event of events) {
      if (event.seq !== seq + 1) yield `seq ${event.seq} follows seq ${seq} in room ${room}`
      seq = event.seq
      if (event.type !== 'message.created' || event.view === null) continue
      if (event.view.n !== n + 1) yield `n ${event.view.n} follows n ${n} in room ${room} (seq ${seq})`
      if (event.view.seq !== seq) yield `the message at seq ${seq} of room ${room} says of itself seq ${event.view.seq}`
      n = event.view.n
    }
    if (head.seq !== seq || head.n !== n) yield `room ${room} says head ${head.seq}/${head.n}, its log ends at ${seq}/${n}`
  }
}

/** Every message with a cid was asked for by its sender, and one that was never changed has the text that was asked for. */
export function* logHoldsWhatWasSent({ truth, sends }: Evidence): Generator<string> {
  for (const { room, events } of truth.values()) {
    for (const { view, type } of events) {
      if (type !== 'message.created' || view === null || view.cid === null) continue
      const send = sends.get(sendKey(room, view.sender, view.cid))
      if (send === undefined) yield `nobody sent cid ${view.cid}, which stands at seq ${view.seq} of room ${room}`
      else if (view.rev === view.seq && view.body !== send.body)
        yield `cid ${view.cid} was sent as ${quote(send)} and stands as ${quote(view)}`
    }
  }
}

const quote = ({ body }: View | Send): string => JSON.stringify(body.slice(0, 60))

/** Reading the room by its messages gives the same ones as reading it by its log. */
export function* historyAgreesWithLog({ truth }: Evidence): Generator<string> {
  for (const { room, events, messages } of truth.values()) {
    const views = events.flatMap(({ type, view }) => (type === 'message.created' && view !== null ? [view] : []))
    for (let i = 0; i < Math.max(views.length, messages.length); i += 1) {
      const [inLog, inHistory] = [views[i], messages[i]]
      if (inLog !== undefined && inHistory !== undefined && same(inLog, inHistory)) continue
      yield `message ${i + 1} of room ${room}: the log has ${JSON.stringify(inLog)}, the history ${JSON.stringify(inHistory)}`
      break
    }
  }
}

const same = (a: View, b: View): boolean =>
  a.id === b.id && a.n === b.n && a.seq === b.seq && a.rev === b.rev && a.sender === b.sender && a.cid === b.cid && a.body === b.body

/** What anybody received at a position is what the log has there. */
export function* deliveredIsInLog({ entries, truth }: Evidence): Generator<string> {
  for (const entry of entries) {
    if (entry.kind !== 'received') continue
    const { event } = entry
    const kept = eventAt(truth, event.room, event.seq)
    if (kept === undefined) yield `${printed(event)} was delivered; the log has nothing there`
    else if (!isSameEvent(event, kept)) yield `${printed(event)} was delivered; the log has ${printed(kept)}`
  }
}

/** Content is compared by `views of one revision agree`: the log prints the present one, a live event that of its moment. */
function isSameEvent(a: Logged, b: Logged): boolean {
  if (a.type !== b.type || a.subject !== b.subject || a.ref?.id !== b.ref?.id || a.ref?.rev !== b.ref?.rev) return false
  if (a.view === null || b.view === null) return a.type !== 'message.created' || a.view === b.view
  return a.view.id === b.view.id && a.view.n === b.view.n && a.view.cid === b.view.cid && a.view.sender === b.view.sender
}

/** A message has one text at each revision, whoever looks; as first sent it is the text that was asked for. */
export function* viewsOfOneRevisionAgree({ entries, truth, sends }: Evidence): Generator<string> {
  const known = new Map<string, View>()
  for (const view of allViews(entries, truth)) {
    const key = `${view.id} ${view.rev}`
    const before = known.get(key)
    if (before === undefined) {
      known.set(key, view)
      const sent = firstSent(view, sends)
      if (sent !== undefined && sent.body !== view.body) yield `cid ${view.cid} was sent as ${quote(sent)} and is seen as ${quote(view)}`
    } else if (before.body !== view.body || before.deleted !== view.deleted) {
      yield `message ${view.id} at rev ${view.rev} is ${quote(before)} to one and ${quote(view)} to another`
    }
  }
}

function* allViews(entries: readonly Entry[], truth: Truth): Generator<View & { room?: string }> {
  for (const { room, events } of truth.values()) for (const { view } of events) if (view !== null) yield { ...view, room }
  for (const entry of entries) {
    if (entry.kind === 'ok') yield { ...entry.view, room: entry.room }
    if (entry.kind === 'received' && entry.event.view !== null) yield { ...entry.event.view, room: entry.event.room }
  }
}

const firstSent = (view: View & { room?: string }, sends: Sends): Send | undefined =>
  view.cid === null || view.room === undefined || view.rev !== view.seq ? undefined : sends.get(sendKey(view.room, view.sender, view.cid))
