import type { Logged } from '../outcomes.ts'
import type { SanctionRow } from '../rows.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import { lockUsers, type Tx } from './locks.ts'
import { type LockedRoom, logEvent, saveRoom } from './log-writes.ts'
import { depart, findMember, raiseAcl, roomJudgedAt } from './member-writes.ts'
import { dropRequest } from './request-writes.ts'
import { sanctionOf } from './rows-of.ts'

type Setting = WriteInput<'sanctions.set'>

export async function setSanction(tx: Tx, input: Setting): Promise<WriteOutput<'sanctions.set'>> {
  const { room: number, user, kind, reason, until, by, at } = input
  const room = await roomJudgedAt(tx, number, input.acl)
  if (room === undefined) return { status: 'stale' }
  await lockUsers(tx, [user])
  const member = await findMember(tx, number, user)
  // An outsider who was added as an admin meanwhile is somebody else than who was judged: a join leaves the verdict valid.
  if ((member?.role ?? null) !== input.target) return { status: 'stale' }
  const present = await find(tx, input)
  const goesOn = present !== undefined && (present.until === null || present.until > at)
  const isSame = goesOn && present.until === until && present.reason === reason
  if (isSame) return { status: 'set', sanction: present, events: [], userEvents: [] }
  if (!(await hasPlace(tx, input))) return { status: 'list_full' }
  const sanction = await replace(tx, input)
  if (kind === 'ban') await dropRequest(tx, number, user)
  raiseAcl(room)
  const type = kind === 'ban' ? 'member.banned' : 'member.muted'
  const event = await logEvent(tx, room, { type, actor: by, ref: user, data: until === null ? null : { until }, at })
  const logged: Logged = { events: [event], userEvents: [] }
  // Behind the ban, so that whoever is banned hears of it.
  if (kind === 'ban' && member !== undefined) {
    const { events, userEvents } = await depart(tx, room, { member, by, at })
    logged.events.push(...events)
    logged.userEvents.push(...userEvents)
  }
  await saveRoom(tx, room)
  return { status: 'set', sanction, ...logged }
}

type Which = Pick<SanctionRow, 'user' | 'kind'> & { room: number }

async function find(tx: Tx, { room, user, kind }: Which): Promise<SanctionRow | undefined> {
  const rows = tx.selectFrom('sanctions').selectAll().where('room', '=', room).where('user', '=', user)
  const row = await rows.where('kind', '=', kind).executeTakeFirst()
  return row && sanctionOf(row)
}

async function drop(tx: Tx, { room, user, kind }: Which): Promise<void> {
  await tx.deleteFrom('sanctions').where('room', '=', room).where('user', '=', user).where('kind', '=', kind).execute()
}

/** A place in the list of the room; those that have ended give up theirs where it is needed. */
async function hasPlace(tx: Tx, { room, kind, at, atMost }: Setting): Promise<boolean> {
  const all = tx.selectFrom('sanctions').where('room', '=', room).where('kind', '=', kind)
  const count = async () => (await all.select((row) => row.fn.countAll<number>().as('found')).executeTakeFirstOrThrow()).found
  if ((await count()) < atMost) return true
  await tx.deleteFrom('sanctions').where('room', '=', room).where('kind', '=', kind).where('until', '<=', at).execute()
  return (await count()) < atMost
}

/** The latest stands first in lists, so that other terms take a new row. */
async function replace(tx: Tx, { room, user, kind, by, reason, at, until }: Setting): Promise<SanctionRow> {
  await drop(tx, { room, user, kind })
  const row = await tx.insertInto('sanctions').values({ room, user, kind, by, reason, at, until }).returningAll().executeTakeFirstOrThrow()
  return sanctionOf(row)
}

export async function liftSanction(tx: Tx, input: WriteInput<'sanctions.lift'>): Promise<WriteOutput<'sanctions.lift'>> {
  const { user, kind, by, at } = input
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  const present = await find(tx, input)
  if (present === undefined) return { status: 'absent' }
  await drop(tx, input)
  // What has ended by itself is nothing to tell of.
  if (present.until !== null && present.until <= at) return { status: 'absent' }
  return { status: 'lifted', ...(await tellLifted(tx, room, { user, kind, by, at })) }
}

/** It only grants, as a join does. */
async function tellLifted(
  tx: Tx,
  room: LockedRoom,
  { user, kind, by, at }: Omit<Which, 'room'> & { by: number; at: number },
): Promise<Logged> {
  room.acl += 1
  const type = kind === 'ban' ? 'member.unbanned' : 'member.unmuted'
  const event = await logEvent(tx, room, { type, actor: by, ref: user, data: null, at })
  await saveRoom(tx, room)
  return { events: [event], userEvents: [] }
}
