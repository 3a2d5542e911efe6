import { limits } from '@parlance/protocol/limits'
import type { Selectable } from 'kysely'
import { printId } from '../../base/ids.ts'
import type { Logged } from '../outcomes.ts'
import type { EventRow, ReactionCounts, ReactionRow } from '../rows.ts'
import type { ReactIntent, ReactOutcome } from '../writes.ts'
import type { MessagesTable } from '../schema.ts'
import { lockRooms, type Tx } from './locks.ts'
import { type LockedRoom, saveRoom } from './log-writes.ts'
import { countsOf, idBytes } from './rows-of.ts'

/** Rows named in one statement, each by a branch of its condition. */
const branches = 200

/** A message with everything that reactions of this batch can change. */
type Target = {
  message: Pick<Selectable<MessagesTable>, 'room' | 'n' | 'rev' | 'deleted_at'>
  counts: ReactionCounts
  changed: boolean
}

/** The reactions of one user to one message by emoji: as they were, and as they are after those of the batch. */
type Own = { before: Map<string, ReactionRow>; now: Map<string, ReactionRow> }

type Batch = { rooms: Map<number, LockedRoom>; targets: Map<string, Target>; owns: Map<string, Own>; events: EventRow[] }

/**
 * Writes reactions in their order. However many there are, what they need is read and what they change is written at once: many people
 * react to few messages. The rooms may be locked already.
 */
export async function react(tx: Tx, intents: readonly ReactIntent[]): Promise<ReactOutcome[]> {
  const batch = await read(tx, intents)
  const outcomes = intents.map((intent) => take(batch, intent))
  await write(tx, batch)
  return outcomes
}

function take({ rooms, targets, owns, events }: Batch, intent: ReactIntent): ReactOutcome {
  const { user, emoji, add, at } = intent
  const room = rooms.get(intent.room)
  if (room === undefined || intent.acl < room.strict_acl) return { status: 'stale' }
  const target = targets.get(targetKey(intent))
  if (target === undefined) return { status: 'gone' }
  const { message, counts } = target
  if (message.deleted_at !== null) return { status: 'deleted' }
  const own = owns.get(ownKey(message, user))
  if (own === undefined) throw new Error('a reaction was not looked up')
  const { n } = message
  const found = counts.find(([known]) => known === emoji)
  const count = found?.[1] ?? 0
  if (own.now.has(emoji) === add) return { status: 'unchanged', n, rev: message.rev, count }
  if (add && (own.now.size >= limits.user_reactions || (found === undefined && counts.length >= limits.reactions)))
    return { status: 'too_many_reactions' }
  const after = count + (add ? 1 : -1)
  const type = add ? 'reaction.added' : 'reaction.removed'
  room.last_seq += 1
  const event: EventRow = { room: room.number, seq: room.last_seq, type, actor: user, ref: n, data: { emoji, count: after }, at }
  events.push(event)
  if (add) own.now.set(emoji, { room: room.number, n, user, emoji, seq: event.seq, at })
  else own.now.delete(emoji)
  if (found === undefined) counts.push([emoji, after])
  else found[1] = after
  target.counts = counts.filter(([, many]) => many > 0)
  target.changed = true
  message.rev = event.seq
  const logged: Logged = { events: [event], userEvents: [] }
  return { status: 'changed', n, rev: event.seq, count: after, ...logged }
}

async function read(tx: Tx, intents: readonly ReactIntent[]): Promise<Batch> {
  const numbers = [...new Set(intents.map(({ room }) => room))]
  const rooms = new Map((await lockRooms(tx, numbers)).map((room) => [room.number, room]))
  const targets = new Map<string, Target>()
  for (const some of slices([...new Map(intents.map((intent) => [targetKey(intent), intent])).values()])) {
    const rows = await tx
      .selectFrom('messages')
      .select(['id', 'room', 'n', 'rev', 'deleted_at', 'reactions'])
      .where((either) =>
        either.or(some.map(({ room, message }) => either.and([either('room', '=', room), either('id', '=', idBytes(message))]))),
      )
      .execute()
    for (const { id, reactions, ...message } of rows)
      targets.set(targetKey({ room: message.room, message: printId(id) }), { message, counts: countsOf({ reactions }), changed: false })
  }
  return { rooms, targets, owns: await readOwn(tx, intents, targets), events: [] }
}

async function readOwn(tx: Tx, intents: readonly ReactIntent[], targets: ReadonlyMap<string, Target>): Promise<Map<string, Own>> {
  const owns = new Map<string, Own>()
  const keys = intents.flatMap((intent) => {
    const message = targets.get(targetKey(intent))?.message
    if (message === undefined || owns.has(ownKey(message, intent.user))) return []
    owns.set(ownKey(message, intent.user), { before: new Map(), now: new Map() })
    return [{ room: message.room, n: message.n, user: intent.user }]
  })
  for (const some of slices(keys)) {
    const rows = await tx
      .selectFrom('reactions')
      .selectAll()
      .where((either) =>
        either.or(some.map(({ room, n, user }) => either.and([either('room', '=', room), either('n', '=', n), either('user', '=', user)]))),
      )
      .execute()
    for (const row of rows) {
      const own = owns.get(ownKey(row, row.user))
      own?.before.set(row.emoji, row)
      own?.now.set(row.emoji, row)
    }
  }
  return owns
}

async function write(tx: Tx, { rooms, targets, owns, events }: Batch): Promise<void> {
  const rows = events.map((event) => ({ ...event, data: JSON.stringify(event.data) }))
  for (const some of slices(rows)) await tx.insertInto('events').values(some).execute()
  const gone: ReactionRow[] = []
  const made: ReactionRow[] = []
  for (const { before, now } of owns.values()) {
    gone.push(...[...before.values()].filter((row) => now.get(row.emoji) !== row))
    made.push(...[...now.values()].filter((row) => before.get(row.emoji) !== row))
  }
  for (const some of slices(gone)) {
    await tx
      .deleteFrom('reactions')
      .where((either) =>
        either.or(
          some.map(({ room, n, user, emoji }) =>
            either.and([either('room', '=', room), either('n', '=', n), either('user', '=', user), either('emoji', '=', emoji)]),
          ),
        ),
      )
      .execute()
  }
  for (const some of slices(made)) await tx.insertInto('reactions').values(some).execute()
  const moved = new Set<number>()
  for (const { message, counts, changed } of targets.values()) {
    if (!changed) continue
    moved.add(message.room)
    await tx
      .updateTable('messages')
      .set({ reactions: counts.length === 0 ? null : JSON.stringify(counts), rev: message.rev })
      .where('room', '=', message.room)
      .where('n', '=', message.n)
      .execute()
  }
  for (const room of rooms.values()) if (moved.has(room.number)) await saveRoom(tx, room)
}

const targetKey = ({ room, message }: { room: number; message: string }): string => `${room}:${message}`
const ownKey = ({ room, n }: { room: number; n: number }, user: number): string => `${room}:${n}:${user}`

function* slices<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += branches) yield all.slice(start, start + branches)
}
