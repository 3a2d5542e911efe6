import { createdRow } from '../tables/rows-of.ts'
import type { SendIntent } from '../writes.ts'
import type { Failure, Intent, Outcome, SendWrite } from './driver.ts'

/** What the main thread asks of the writing one, one thing at a time. */
export type Ask = { ask: 'migrate'; fresh: string } | { ask: 'commit'; batch: Packed<Intent> } | { ask: 'close' }

export type Answer =
  | { answer: 'migrated'; epoch: string; migrations: string[] }
  | { answer: 'committed'; outcomes: Packed<ClonedOutcome> }
  | { answer: 'closed' }
  | { answer: 'failed'; error: ClonedError }

/**
 * A batch on its way between threads. Sends and what became of them travel as one JSON text of values without their names, whatever else
 * there is, is cloned and put back to its `places`. Measured for both threads and both ways: 0.8 us a send, against 1.8 with names and 4.1
 * for clones.
 */
export type Packed<T> = { text: string; others: T[]; places: number[] }

/** An error loses what it is when it is cloned, so its parts travel. `failure` is what the engine's driver made of it. */
export type ClonedError = {
  message: string
  stack?: string | undefined
  code?: string | undefined
  cause?: ClonedError | undefined
  failure: Failure
}

type ClonedOutcome = Exclude<Outcome, { kind: 'failed' }> | { kind: 'failed'; error: ClonedError }

/** What most sends do not have. */
type Rare = Pick<SendIntent, 'join' | 'meta' | 'mentions' | 'mentionAll' | 'replyTo' | 'root' | 'forward' | 'addressee' | 'slowMs'>

/** `lane`: equal numbers are the same lane of this batch. The digest is in hex. */
type PackedSend = [
  lane: number | null,
  room: number,
  sender: number,
  acl: number,
  id: string,
  cid: string | null,
  digest: string,
  content: string,
  at: number,
  rare: Rare | 0,
]

/** Of a message that was stored and brought nothing with it; what else there is, is whole. */
type PackedSent = [number: number, seq: number, n: number] | Extract<Outcome, { kind: 'send' }>

/** What the engine said on the other thread. */
export class ThreadError extends Error {
  readonly code: string | undefined
  readonly failure: Failure

  constructor({ message, stack, code, cause, failure }: ClonedError) {
    super(message, cause === undefined ? undefined : { cause: new ThreadError(cause) })
    this.name = 'ThreadError'
    if (stack !== undefined) this.stack = stack
    this.code = code
    this.failure = failure
  }
}

export function cloneError(error: unknown, classify: (error: unknown) => Failure): ClonedError {
  const failure = classify(error)
  if (!(error instanceof Error)) return { message: String(error), failure }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const cause = error.cause instanceof Error ? cloneError(error.cause, classify) : undefined
  return { message: error.message, stack: error.stack, code, cause, failure }
}

function pack<T, S, O>(items: readonly T[], plain: (item: T) => S | null, other: (item: T) => O): Packed<O> {
  const texts: S[] = []
  const packed: Packed<O> = { text: '', others: [], places: [] }
  for (const [place, item] of items.entries()) {
    const text = plain(item)
    if (text !== null) texts.push(text)
    else {
      packed.others.push(other(item))
      packed.places.push(place)
    }
  }
  packed.text = JSON.stringify(texts)
  return packed
}

/** `pack` made the text, so it is what it says it is. */
function unpack<S, O, T>({ text, others, places }: Packed<O>, plain: (item: S, place: number) => T, other: (item: O) => T): T[] {
  const items: T[] = []
  let next = 0
  const putOthers = () => {
    for (; places[next] === items.length; next++) {
      const found = others[next]
      if (found !== undefined) items.push(other(found))
    }
  }
  for (const item of JSON.parse(text) as S[]) {
    putOthers()
    items.push(plain(item, items.length))
  }
  putOthers()
  return items
}

export function packIntents(batch: readonly Intent[]): Packed<Intent> {
  const lanes = new Map<object, number>()
  const numberOf = (lane: object | null): number | null => {
    if (lane === null) return null
    const known = lanes.get(lane)
    if (known !== undefined) return known
    lanes.set(lane, lanes.size)
    return lanes.size - 1
  }
  return pack(
    batch,
    (intent) => (intent.kind === 'send' ? packSend(intent, numberOf(intent.lane)) : null),
    (intent) => intent,
  )
}

function packSend({ send }: SendWrite, lane: number | null): PackedSend {
  const { room, sender, acl, join, id, cid, content, meta, mentions, mentionAll, replyTo, root, forward, addressee, at, slowMs } = send
  const refers = replyTo !== null || root !== null || forward !== null || addressee !== null
  const isRare = refers || join !== null || meta !== null || mentions.length > 0 || mentionAll || slowMs !== null
  const rare = isRare ? { join, meta, mentions, mentionAll, replyTo, root, forward, addressee, slowMs } : 0
  return [lane, room, sender, acl, id, cid, send.digest.toHex(), content, at, rare]
}

function unpackSend([, room, sender, acl, id, cid, hex, content, at, rare]: PackedSend): SendIntent {
  const digest = Uint8Array.fromHex(hex)
  if (rare !== 0) return { room, sender, acl, id, cid, digest, content, at, ...rare }
  const without = { join: null, meta: null, mentions: [], mentionAll: false, replyTo: null, root: null, forward: null, addressee: null }
  return Object.assign(without, { slowMs: null, room, sender, acl, id, cid, digest, content, at })
}

export function unpackIntents(packed: Packed<Intent>): Intent[] {
  const lanes: object[] = []
  return unpack<PackedSend, Intent, Intent>(
    packed,
    (send) => ({ kind: 'send', lane: send[0] === null ? null : (lanes[send[0]] ??= {}), send: unpackSend(send) }),
    (intent) => intent,
  )
}

export const packOutcomes = (outcomes: readonly Outcome[], classify: (error: unknown) => Failure): Packed<ClonedOutcome> =>
  pack(
    outcomes,
    (outcome) => (outcome.kind === 'send' ? packSent(outcome) : null),
    (outcome) => (outcome.kind === 'failed' ? { kind: 'failed', error: cloneError(outcome.error, classify) } : outcome),
  )

function packSent(sent: Extract<Outcome, { kind: 'send' }>): PackedSent {
  const { outcome } = sent
  if (outcome.status !== 'stored' || outcome.events.length > 1 || outcome.userEvents.length > 0) return sent
  return [outcome.number, outcome.seq, outcome.n]
}

/** `batch` is what was asked: what it says already is not said again. */
export function unpackOutcomes(packed: Packed<ClonedOutcome>, batch: readonly Intent[]): Outcome[] {
  return unpack<PackedSent, ClonedOutcome, Outcome>(
    packed,
    (sent, place) => (Array.isArray(sent) ? unpackSent(sent, batch[place]) : sent),
    (outcome) => (outcome.kind === 'failed' ? { kind: 'failed', error: new ThreadError(outcome.error) } : outcome),
  )
}

function unpackSent([number, seq, n]: [number: number, seq: number, n: number], intent: Intent | undefined): Outcome {
  if (intent?.kind !== 'send') throw new Error('the answer to a send stands where none was asked for')
  const events = [createdRow(intent.send, seq, n)]
  return { kind: 'send', outcome: { status: 'stored', number, seq, n, events, userEvents: [] } }
}
