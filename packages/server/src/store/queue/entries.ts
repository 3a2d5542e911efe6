import { ChatError } from '@parlance/protocol'
import type { NamedWrite, ReactWrite, ReadWrite, SendWrite } from '../drivers/driver.ts'
import type { SendRequest, Verdict } from '../store.ts'
import type { Stale } from '../outcomes.ts'
import type { ReactOutcome, ReadOutcome, SendOutcome, WriteName, WriteOutput } from '../writes.ts'
import type { Result } from './persist.ts'

type Waiter<T> = { resolve: (value: T) => void; reject: (error: unknown) => void }

/** A send from its call to its answer. `intent` is there once it was judged; `rounds` counts how often it came back stale. */
export type SendEntry = Waiter<SendOutcome> & {
  kind: 'send'
  request: SendRequest
  intent: SendWrite | null
  rounds: number
  bytes: number
}

/** Reads of one member that wait together are one: `intent` asks for the highest of what `waiters` asked for. */
export type ReadEntry = { kind: 'read'; intent: ReadWrite; waiters: (Waiter<ReadOutcome> & { n: number })[]; bytes: 0 }

/** A stale one is answered as such: whoever asked judges again. */
export type ReactEntry = Waiter<ReactOutcome> & { kind: 'react'; intent: ReactWrite; bytes: 0 }

export type WriteEntry = Waiter<WriteOutput<WriteName>> & { kind: 'write'; intent: NamedWrite; bytes: number }

export type Entry = SendEntry | ReadEntry | ReactEntry | WriteEntry

/** Names every field: the copies of a spread were a measurable part of a send. */
export function judged(entry: SendEntry, { acl, join, slowMs = null }: Verdict): SendEntry {
  const { request } = entry
  const { room, sender, id, cid, digest, content, meta, mentions, mentionAll, replyTo, root, forward, addressee, at, lane } = request
  const send = {
    room,
    sender,
    acl,
    join,
    id,
    cid,
    digest,
    content,
    meta,
    mentions,
    mentionAll,
    replyTo,
    root,
    forward,
    addressee,
    at,
    slowMs,
  }
  entry.intent = { kind: 'send', lane, send }
  return entry
}

/** The intent of an entry that was queued. */
export function intentOf(entry: Entry) {
  if (entry.intent === null) throw new Error('queued without a verdict')
  return entry.intent
}

export function fail(entry: Entry, error: unknown): void {
  for (const waiter of entry.kind === 'read' ? entry.waiters : [entry]) waiter.reject(error)
}

/** Answers whoever called, with anything but `stale` for a send. */
export function settle(entry: Entry, result: Result): void {
  if (result.kind === 'refused') return fail(entry, result.error)
  if (result.kind === 'failed')
    return fail(entry, result.error instanceof ChatError ? result.error : new ChatError('internal', { cause: result.error }))
  if (entry.kind === 'send' && result.kind === 'send') return entry.resolve(written(result.outcome))
  if (entry.kind === 'write' && result.kind === 'write') return entry.resolve(result.outcome)
  if (entry.kind === 'react' && result.kind === 'react') return entry.resolve(result.outcome)
  if (entry.kind === 'read' && result.kind === 'read') return settleRead(entry, result.outcome)
  throw new Error(`a ${entry.kind} was answered as a ${result.kind}`)
}

function written(outcome: SendOutcome | Stale): SendOutcome {
  if (outcome.status === 'stale') throw new Error('a stale send is judged again, not answered')
  return outcome
}

/** One of those who asked for the highest raised the marker; to the others it stands already. */
function settleRead({ intent, waiters }: ReadEntry, outcome: ReadOutcome): void {
  const raiser = waiters.find(({ n }) => n === intent.read.n)
  for (const waiter of waiters)
    waiter.resolve(outcome === null || waiter === raiser ? outcome : { ...outcome, raised: false, userEvents: [] })
}
