import { limits } from '@parlance/protocol'
import { lockRooms, lockUsers, type Tx } from '../tables/locks.ts'
import { nothingLogged, saveRoom } from '../tables/log-writes.ts'
import { findMember, hasTooManyRooms, join, roomJudgedAt } from '../tables/member-writes.ts'
import { beginWait, waitOf } from '../tables/slow-mode.ts'
import type { Logged, Stale } from '../outcomes.ts'
import type { SendIntent, SendOutcome } from '../writes.ts'
import type { SendWrite } from './driver.ts'
import { type HotWrite, writePart, type Written } from './postgres-send.ts'

/** `apart`: one send that more than the statement must be asked for. */
export type Part = { writes: HotWrite[]; apart: boolean }

/**
 * Cuts a batch where one statement cannot write it in its order: a send that makes its sender a member, or has to wait its turn in slow
 * mode, stands alone, and what repeats a cid, or a marker, begins a part that finds the earlier one written. Nearly every batch is one part.
 */
export function partsOf(batch: readonly HotWrite[]): Part[] {
  const parts: Part[] = []
  let open: Part | undefined
  let seen = new Set<string>()
  for (const write of batch) {
    const apart = write.kind === 'send' && (write.send.join !== null || write.send.slowMs !== null)
    const key = keyOf(write)
    if (open === undefined || apart || open.apart || (key !== null && seen.has(key))) {
      open = { writes: [], apart }
      parts.push(open)
      seen = new Set()
    }
    open.writes.push(write)
    if (key !== null) seen.add(key)
  }
  return parts
}

function keyOf(write: HotWrite): string | null {
  if (write.kind === 'read') return `read ${write.read.room} ${write.read.user}`
  const { room, sender, cid } = write.send
  return cid === null ? null : `send ${room} ${sender} ${cid}`
}

/** Writes the parts of a batch in their order, in one transaction. Every lock is taken before the first look, those of `furtherRooms` too. */
export async function writeParts(tx: Tx, parts: readonly Part[], furtherRooms: readonly number[] = []): Promise<Written[]> {
  const writes = parts.flatMap((part) => part.writes)
  const rooms = writes.map((write) => (write.kind === 'send' ? write.send.room : write.read.room))
  await lockRooms(tx, distinct([...rooms, ...furtherRooms]))
  const users = writes.flatMap((write) => (write.kind === 'read' ? [write.read.user] : write.send.join === null ? [] : [write.send.sender]))
  await lockUsers(tx, distinct(users))
  const halted = new Set<object>()
  const written: Written[] = []
  for (const part of parts) {
    const outcomes = await (part.apart ? writeApart(tx, part, halted) : writePart(tx, haltedFirst(part.writes, halted)))
    for (const [index, write] of part.writes.entries()) {
      if (write.kind === 'send' && write.lane !== null && isStale(outcomes[index])) halted.add(write.lane)
    }
    written.push(...outcomes)
  }
  return written
}

/** Behind a stale write of its lane a send is stale as well, but only if its cid is new: the statement decides, by an acl that never holds. */
function haltedFirst(writes: readonly HotWrite[], halted: ReadonlySet<object>): HotWrite[] {
  return writes.map((write) => (write.kind === 'send' && write.lane !== null && halted.has(write.lane) ? outdated(write) : write))
}

const outdated = (write: SendWrite): SendWrite => ({ ...write, send: { ...write.send, acl: -1 } })

async function writeApart(tx: Tx, { writes }: Part, halted: ReadonlySet<object>): Promise<Written[]> {
  const [write] = writes
  if (write?.kind !== 'send') throw new Error('a part that stands alone is one send')
  // Whether the cid is known comes first: a retry must neither join nor wait.
  const known = await writePart(tx, [outdated(write)])
  if (!known.every(isStale) || (write.lane !== null && halted.has(write.lane))) return known
  if ((await roomJudgedAt(tx, write.send.room, write.send.acl)) === undefined) return known
  const left = await waitOf(tx, write.send)
  if (left > 0) return [{ kind: 'send', outcome: { status: 'slow_mode', retry_ms: left } }]
  const joined = await joinSender(tx, write.send)
  if ('status' in joined) return [{ kind: 'send', outcome: joined }]
  const sent = await writePart(tx, [write])
  for (const { kind, outcome } of sent) {
    if (kind !== 'send' || outcome.status !== 'stored') continue
    await beginWait(tx, write.send)
    outcome.events.unshift(...joined.events)
    outcome.userEvents.unshift(...joined.userEvents)
  }
  return sent
}

type Refused = Extract<SendOutcome | Stale, { status: 'room_full' | 'too_many_rooms' | 'stale' }>

/** What the join put into logs, nothing where the sender is a member by now; or why it cannot be. */
async function joinSender(tx: Tx, { room: number, sender, acl, join: role, at }: SendIntent): Promise<Logged | Refused> {
  if (role === null) return nothingLogged()
  const room = await roomJudgedAt(tx, number, acl)
  if (room === undefined) return { status: 'stale' }
  if ((await findMember(tx, number, sender)) !== undefined) return nothingLogged()
  if (room.members >= limits.room_members) return { status: 'room_full' }
  if (await hasTooManyRooms(tx, sender, limits.user_rooms)) return { status: 'too_many_rooms' }
  const logged = await join(tx, room, { user: sender, by: null, role, at })
  await saveRoom(tx, room)
  return logged
}

const isStale = (written: Written | undefined): boolean => written?.kind === 'send' && written.outcome.status === 'stale'
const distinct = (numbers: readonly number[]): number[] => [...new Set(numbers)]
