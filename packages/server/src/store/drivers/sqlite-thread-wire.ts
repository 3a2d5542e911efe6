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
 * A batch on its way between threads. Sends and what became of them travel as one JSON text, which costs half of what cloning them does
 * (measured: 1.5 us a send for both threads and both ways, against 4.1); whatever else there is, is cloned and put back to its `places`.
 */
export type Packed<T> = { text: string; others: T[]; places: number[] }

/** An error loses what it is when it is cloned, so its parts travel. `failure` is what the engine's driver made of it. */
export type ClonedError = {
  message: string
  stack?: string | undefined
  code?: string | undefined
  cause?: string | undefined
  failure: Failure
}

type ClonedOutcome = Exclude<Outcome, { kind: 'failed' }> | { kind: 'failed'; error: ClonedError }

type PlainSend = Omit<SendIntent, 'digest'> & { digest: string }
/** `lane`: equal numbers are the same lane of this batch. */
type PackedSend = { lane: number | null; send: PlainSend }

/** What the engine said on the other thread. */
export class ThreadError extends Error {
  readonly code: string | undefined
  readonly failure: Failure

  constructor({ message, stack, code, cause, failure }: ClonedError) {
    super(message, cause === undefined ? undefined : { cause: new Error(cause) })
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
  const cause = error.cause instanceof Error ? error.cause.message : undefined
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
function unpack<S, O, T>({ text, others, places }: Packed<O>, plain: (item: S) => T, other: (item: O) => T): T[] {
  const items = (JSON.parse(text) as S[]).map(plain)
  // In rising order: each place is right once those before it are filled.
  for (const [i, place] of places.entries()) {
    const found = others[i]
    if (found !== undefined) items.splice(place, 0, other(found))
  }
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

/** Names every field: a spread is slow where every send pays for it. */
function packSend({ send }: SendWrite, lane: number | null): PackedSend {
  const { room, sender, acl, join, id, cid, content, meta, mentions, mentionAll, replyTo, root, forward, addressee, at, slowMs } = send
  const digest = send.digest.toHex()
  const body = { content, meta, mentions, mentionAll, replyTo, root, forward, addressee }
  return { lane, send: Object.assign(body, { room, sender, acl, join, id, cid, digest, at, slowMs }) }
}

export function unpackIntents(packed: Packed<Intent>): Intent[] {
  const lanes: object[] = []
  return unpack<PackedSend, Intent, Intent>(
    packed,
    ({ lane, send }) => {
      const digest = Uint8Array.fromHex(send.digest)
      return { kind: 'send', lane: lane === null ? null : (lanes[lane] ??= {}), send: Object.assign(send, { digest }) }
    },
    (intent) => intent,
  )
}

export const packOutcomes = (outcomes: readonly Outcome[], classify: (error: unknown) => Failure): Packed<ClonedOutcome> =>
  pack(
    outcomes,
    (outcome) => (outcome.kind === 'send' ? outcome : null),
    (outcome) => (outcome.kind === 'failed' ? { kind: 'failed', error: cloneError(outcome.error, classify) } : outcome),
  )

export const unpackOutcomes = (packed: Packed<ClonedOutcome>): Outcome[] =>
  unpack<Outcome, ClonedOutcome, Outcome>(
    packed,
    (outcome) => outcome,
    (outcome) => (outcome.kind === 'failed' ? { kind: 'failed', error: new ThreadError(outcome.error) } : outcome),
  )
