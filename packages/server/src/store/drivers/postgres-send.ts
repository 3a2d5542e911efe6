import { CompiledQuery, type Kysely } from 'kysely'
import type { Tables } from '../schema.ts'
import { mentionsText } from '../tables/message-writes.ts'
import { createdRow, idBytes } from '../tables/rows-of.ts'
import type { Stale } from '../outcomes.ts'
import type { ReadIntent, ReadOutcome, SendIntent, SendOutcome } from '../writes.ts'
import type { ReadWrite, SendWrite } from './driver.ts'

export type HotWrite = SendWrite | ReadWrite

/** `known` alone: a message with this cid is in the log; it is looked at after the commit. */
export type Written = { kind: 'send'; outcome: SendOutcome | Stale | { status: 'held' } } | { kind: 'read'; outcome: ReadOutcome }

type ResultRow = { status: string; number: number; seq: number; n: number; unread: number; useq: number }

/** The arguments of commit_batch, see ../migrations/0001-postgres-batch.ts: a list for each, with an element for each send or read. */
const parameters = Array.from({ length: 22 }, (_, index) => `$${index + 1}`).join(', ')
const statement = `select * from commit_batch(${parameters})`

/** Writes what `part` asks for in one statement. No cid of a sender in a room, and no marker, may stand in it twice. */
export async function writePart(db: Kysely<Tables>, part: readonly HotWrite[]): Promise<Written[]> {
  const sends = part.filter((write) => write.kind === 'send')
  const reads = part.filter((write) => write.kind === 'read')
  const { rows } = await db.executeQuery<ResultRow>(CompiledQuery.raw(statement, [...sendLists(sends), ...readLists(reads)]))
  if (rows.length !== part.length) throw new Error(`${part.length} writes were answered by ${rows.length} rows`)
  const answers = rows.values()
  const next = () => answers.next().value as ResultRow
  // Sends are answered first, in their order, then reads in theirs.
  const sent = sends.map(({ send }) => sendOutcome(send, next())).values()
  const seen = reads.map(({ read }) => readOutcome(read, next())).values()
  return part.map((write) => (write.kind === 'send' ? sent : seen).next().value as Written)
}

function sendLists(writes: readonly SendWrite[]): unknown[][] {
  const lanes = new Map<object, number>()
  const laneOf = (lane: object | null, index: number) => (lane === null ? -1 - index : lanes.getOrInsert(lane, lanes.size))
  const each = <T>(pick: (send: SendIntent) => T) => writes.map(({ send }) => pick(send))
  return [
    each((send) => send.room),
    each((send) => send.sender),
    each((send) => send.acl),
    writes.map(({ lane }, index) => laneOf(lane, index)),
    each((send) => idBytes(send.id)),
    each((send) => send.cid),
    each((send) => send.digest),
    each((send) => send.content),
    each((send) => send.meta),
    each((send) => mentionsText(send.mentions)),
    each(mentionedList),
    each((send) => Number(send.mentionAll)),
    each((send) => send.replyTo && idBytes(send.replyTo)),
    each((send) => send.addressee && idBytes(send.addressee)),
    each((send) => send.root && idBytes(send.root)),
    each((send) => send.forward && JSON.stringify(send.forward)),
    each((send) => send.at),
  ]
}

function readLists(writes: readonly ReadWrite[]): unknown[][] {
  const each = <T>(pick: (read: ReadIntent) => T) => writes.map(({ read }) => pick(read))
  const named = each(({ named }) => (named === undefined ? null : `{${[...new Set(named)].join(',')}}`))
  return [each((read) => read.room), each((read) => read.user), each((read) => read.n), each((read) => read.at), named]
}

/** The rows of `mentions` that a message brings, as the text of an array: lists of different lengths cannot be an array of arrays. */
function mentionedList({ mentions, mentionAll }: SendIntent): string | null {
  const users = [...mentions.map(({ number }) => String(number)), ...(mentionAll ? ['null'] : [])]
  return users.length === 0 ? null : `{${users.join(',')}}`
}

function sendOutcome(send: SendIntent, { status, number, seq, n }: ResultRow): Written {
  if (status === 'stale') return { kind: 'send', outcome: { status } }
  if (status === 'known') return { kind: 'send', outcome: { status: 'held' } }
  const event = createdRow(send, seq, n)
  return { kind: 'send', outcome: { status: 'stored', number, seq, n, events: [event], userEvents: [] } }
}

function readOutcome({ room, user, at }: ReadIntent, { status, n, unread, useq }: ResultRow): Written {
  if (status === 'absent') return { kind: 'read', outcome: null }
  const raised = status === 'raised'
  const fact = { user, useq, type: 'room.read' as const, room, position: n, session: null, at }
  return { kind: 'read', outcome: { read: n, unread, raised, userEvents: raised ? [fact] : [] } }
}
