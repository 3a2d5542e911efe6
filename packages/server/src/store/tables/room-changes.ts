import type { RoomField } from '@parlance/protocol'
import { folded } from '../fold.ts'
import type { Logged } from '../outcomes.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import { lockRooms, lockUsers, type Tx } from './locks.ts'
import { type LockedRoom, logEvent, logFact, nothingLogged, saveRoom } from './log-writes.ts'
import { raiseAcl, roomJudgedAt } from './member-writes.ts'
import { roomOf } from './rows-of.ts'

type Change = WriteInput<'rooms.update'>

export async function updateRoom(tx: Tx, input: Change): Promise<WriteOutput<'rooms.update'>> {
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  const columns = columnsOf(room, input)
  const changed = (Object.keys(columns) as (keyof typeof columns)[]).filter((field) => columns[field] !== room[field])
  if (changed.length === 0) return { status: 'updated', room: roomOf(room), ...nothingLogged() }
  if (changed.includes('name') && (await isTaken(tx, columns.name ?? null))) return { status: 'name_taken' }
  for (const field of changed) Object.assign(room, { [field]: columns[field] })
  const { name, title, description, meta, policy, slow_mode_s, archived_at } = room
  const { listed } = roomOf(room).policy
  await tx
    .updateTable('rooms')
    .set({ name, title, description, meta, policy, listed, slow_mode_s, archived_at, search_text: folded(name, title) })
    .where('number', '=', room.number)
    .execute()
  // Whoever asked asked a room that takes requests.
  if (changed.includes('policy') && roomOf(room).policy.join !== 'request')
    await tx.deleteFrom('join_requests').where('room', '=', room.number).execute()
  // Also for a mere title: what other nodes remember of the room is of before it.
  raiseAcl(room)
  const data = { changed: changed.map((field): RoomField => (field === 'archived_at' ? 'archived' : field)) }
  const event = await logEvent(tx, room, { type: 'room.updated', actor: input.by, ref: null, data, at: input.at })
  await saveRoom(tx, room)
  return { status: 'updated', room: roomOf(room), events: [event], userEvents: [] }
}

type Columns = Partial<Pick<LockedRoom, 'name' | 'title' | 'description' | 'meta' | 'policy' | 'slow_mode_s' | 'archived_at'>>

/** The fields given, as they are stored. What is archived already keeps its time. */
function columnsOf({ archived_at }: LockedRoom, { name, title, description, meta, policy, slow_mode_s, archived, at }: Change): Columns {
  return {
    ...(name !== undefined && { name }),
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(meta !== undefined && { meta: meta === null ? null : JSON.stringify(meta) }),
    ...(policy !== undefined && { policy: JSON.stringify(policy) }),
    ...(slow_mode_s !== undefined && { slow_mode_s }),
    ...(archived !== undefined && { archived_at: archived ? (archived_at ?? at) : null }),
  }
}

async function isTaken(tx: Tx, name: string | null): Promise<boolean> {
  if (name === null) return false
  return (await tx.selectFrom('rooms').select('number').where('name', '=', name).executeTakeFirst()) !== undefined
}

export async function deleteRoom(tx: Tx, input: WriteInput<'rooms.delete'>): Promise<WriteOutput<'rooms.delete'>> {
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined || room.deleted_at !== null) return { status: 'stale' }
  raiseAcl(room)
  const event = await logEvent(tx, room, { type: 'room.deleted', actor: input.by, ref: null, data: null, at: input.at })
  const emptied = { name: null, title: null, description: null, meta: null, search_text: '', deleted_at: input.at }
  Object.assign(room, emptied, { floor_seq: event.seq - 1, floor_n: room.last_n })
  const { floor_seq, floor_n } = room
  await tx
    .updateTable('rooms')
    .set({ ...emptied, floor_seq, floor_n })
    .where('number', '=', room.number)
    .execute()
  await saveRoom(tx, room)
  return { status: 'deleted', room: roomOf(room), events: [event], userEvents: [] }
}

export async function purgeRoom(tx: Tx, input: WriteInput<'rooms.purge'>): Promise<WriteOutput<'rooms.purge'>> {
  const [room] = await lockRooms(tx, [input.room])
  if (room === undefined || room.deleted_at === null || room.purged_at !== null) return { status: 'purged', done: true, ...nothingLogged() }
  const { userEvents } = await expelSome(tx, room, input)
  if (userEvents.length > 0) return { status: 'purged', done: false, events: [], userEvents }
  await dropTerms(tx, room)
  const done = !(await dropSome(tx, room, input.rows))
  if (done) await tx.updateTable('rooms').set({ purged_at: input.at }).where('number', '=', room.number).execute()
  return { status: 'purged', done, ...nothingLogged() }
}

/** Each of them hears of it in the own log. The stay ends with the last event, which stays theirs to read. */
async function expelSome(tx: Tx, room: LockedRoom, { members, at }: WriteInput<'rooms.purge'>): Promise<Logged> {
  const next = tx.selectFrom('members').select(['number', 'user']).where('room', '=', room.number).orderBy('number').limit(members)
  const leaving = await next.execute()
  const users = leaving.map(({ user }) => user)
  await lockUsers(tx, users)
  const logged = nothingLogged()
  for (const user of users) {
    logged.userEvents.push(await logFact(tx, { user, type: 'room.gone', room: room.number, position: room.last_seq, at }))
  }
  if (users.length === 0) return logged
  await tx
    .deleteFrom('members')
    .where(
      'number',
      'in',
      leaving.map(({ number }) => number),
    )
    .execute()
  const stays = tx.updateTable('stays').set({ to_seq: room.last_seq, to_n: room.last_n })
  await stays.where('room', '=', room.number).where('user', 'in', users).where('to_seq', 'is', null).execute()
  room.members -= users.length
  await saveRoom(tx, room)
  return logged
}

/** What was laid upon people in the room, and the ways into it; the room bounds how much that can be. */
async function dropTerms(tx: Tx, { number }: LockedRoom): Promise<void> {
  await tx.deleteFrom('sanctions').where('room', '=', number).execute()
  await tx.deleteFrom('slow_posts').where('room', '=', number).execute()
  await tx.deleteFrom('join_requests').where('room', '=', number).execute()
  await tx.deleteFrom('invites').where('room', '=', number).execute()
}

/** Whether there was something to take away. Messages, and what is kept beside them, go before the events that name them. */
async function dropSome(tx: Tx, { number, last_seq }: LockedRoom, rows: number): Promise<boolean> {
  const messages = await tx.selectFrom('messages').select('n').where('room', '=', number).orderBy('n').limit(rows).execute()
  if (messages.length > 0) {
    const upto = messages.at(-1)?.n ?? 0
    for (const table of ['reactions', 'reads', 'mentions', 'messages'] as const)
      await tx.deleteFrom(table).where('room', '=', number).where('n', '<=', upto).execute()
    return true
  }
  const before = tx.selectFrom('events').select('seq').where('room', '=', number).where('seq', '<', last_seq)
  const events = await before.orderBy('seq').limit(rows).execute()
  if (events.length === 0) return false
  const upto = events.at(-1)?.seq ?? 0
  await tx.deleteFrom('events').where('room', '=', number).where('seq', '<=', upto).execute()
  return true
}
