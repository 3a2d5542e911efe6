import type { Role } from '@parlance/protocol'
import { limits } from '@parlance/protocol/limits'
import type { Logged } from '../outcomes.ts'
import type { EventRow, MemberRow } from '../rows.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import { spendInvite } from './invite-uses.ts'
import { lockRooms, lockUsers, type Tx } from './locks.ts'
import { type LockedRoom, logEvent, logFact, nothingLogged, saveRoom } from './log-writes.ts'
import { memberOf } from './rows-of.ts'

type Departing = { member: MemberRow; by: number | null; at: number }

export type Joining = { user: number; by: number | null; role: Role; at: number }

/** A room under its lock, or undefined; with `acl`, the room only if a verdict taken at it still holds. */
export async function roomJudgedAt(tx: Tx, number: number, acl: number): Promise<LockedRoom | undefined> {
  const [room] = await lockRooms(tx, [number])
  return room !== undefined && acl >= room.strict_acl ? room : undefined
}

export async function findMember(tx: Tx, room: number, user: number): Promise<MemberRow | undefined> {
  const row = await tx.selectFrom('members').selectAll().where('room', '=', room).where('user', '=', user).executeTakeFirst()
  return row && memberOf(row)
}

export async function hasTooManyRooms(tx: Tx, user: number, userRooms: number): Promise<boolean> {
  const { rooms } = await tx
    .selectFrom('members')
    .select((row) => row.fn.countAll<number>().as('rooms'))
    .where('user', '=', user)
    .executeTakeFirstOrThrow()
  return rooms >= userRooms
}

/**
 * Makes a user without a stay a member, in a locked room that the caller saves. The stay begins before the seq of the join, so that one's
 * own join can be read; a join only grants, so it leaves `strict_acl` alone.
 */
export async function join(tx: Tx, room: LockedRoom, { user, by, role, at }: Joining): Promise<{ member: MemberRow } & Logged> {
  room.members += 1
  const becomesLarge = room.large === 0 && room.members > limits.large_room
  if (becomesLarge) room.large = 1
  const data = becomesLarge ? { role, large: true } : { role }
  const event = await logEvent(tx, room, { type: 'member.joined', actor: by, ref: user, data, at })
  const from = { from_seq: event.seq - 1, from_n: room.last_n }
  const row = { room: room.number, user, role, ...from, read_n: room.last_n, joined_at: at }
  const { number } = await tx.insertInto('members').values(row).returning('number').executeTakeFirstOrThrow()
  await tx
    .insertInto('stays')
    .values({ room: room.number, user, ...from })
    .execute()
  room.shared_n = room.last_n
  room.acl += 1
  const fact = await logFact(tx, { user, type: 'room.joined', room: room.number, position: event.seq, at })
  return { member: { number, ...row }, events: [event], userEvents: [fact] }
}

export async function joinMember(tx: Tx, input: WriteInput<'members.join'>): Promise<WriteOutput<'members.join'>> {
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  await lockUsers(tx, [input.user])
  const member = await findMember(tx, input.room, input.user)
  if (member !== undefined) return { status: 'present', member }
  const [asked] = await tx
    .selectFrom('join_requests')
    .select('number')
    .where('room', '=', room.number)
    .where('user', '=', input.user)
    .execute()
  if (input.requested && asked === undefined) return { status: 'absent' }
  if (room.members >= input.roomMembers) return { status: 'room_full' }
  if (await hasTooManyRooms(tx, input.user, input.userRooms)) return { status: 'too_many_rooms' }
  if (input.invite !== undefined && !(await spendInvite(tx, input.invite, input.at))) return { status: 'invalid_link' }
  if (asked !== undefined) await tx.deleteFrom('join_requests').where('number', '=', asked.number).execute()
  const joined = await join(tx, room, input)
  await saveRoom(tx, room)
  return { status: 'joined', ...joined }
}

export async function leaveRoom(tx: Tx, input: WriteInput<'members.leave'>): Promise<WriteOutput<'members.leave'>> {
  const { user, by, at } = input
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  await lockUsers(tx, [user])
  const member = await findMember(tx, room.number, user)
  if (member === undefined) return { status: 'absent' }
  if (input.keepOwner && member.role === 'owner' && room.members > 1 && !(await hasOwnerBeside(tx, member))) return { status: 'last_owner' }
  const left = await depart(tx, room, { member, by, at })
  await saveRoom(tx, room)
  return { status: 'left', ...left }
}

export async function withdraw(
  tx: Tx,
  { room: number, user, at }: WriteInput<'members.withdraw'>,
): Promise<WriteOutput<'members.withdraw'>> {
  const [room] = await lockRooms(tx, [number])
  const member = room === undefined || room.deleted_at !== null ? undefined : await findMember(tx, number, user)
  if (room === undefined || member === undefined) return { status: 'absent' }
  const heir = member.role === 'owner' && !(await hasOwnerBeside(tx, member)) ? await heirOf(tx, member) : undefined
  await lockUsers(tx, heir === undefined ? [user] : [user, heir.user])
  const events: EventRow[] = []
  if (heir !== undefined) {
    raiseAcl(room)
    events.push(await logEvent(tx, room, { type: 'member.updated', actor: null, ref: heir.user, data: { role: 'owner' }, at }))
    await tx.updateTable('members').set({ role: 'owner' }).where('number', '=', heir.number).execute()
  }
  const left = await depart(tx, room, { member, by: null, at })
  await saveRoom(tx, room)
  return { status: 'left', events: [...events, ...left.events], userEvents: left.userEvents }
}

/** Who owns a room after its last owner: the admin who is there for longest, else the member. Those who are suspended do not. */
async function heirOf(tx: Tx, { room, user }: MemberRow): Promise<{ number: number; user: number } | undefined> {
  const others = tx
    .selectFrom('members')
    .innerJoin('users', 'users.number', 'members.user')
    .select(['members.number', 'members.user'])
    .where('members.room', '=', room)
    .where('members.user', '!=', user)
    .where('users.state', '=', 'active')
    .orderBy('members.number')
  return (await others.where('members.role', '=', 'admin').executeTakeFirst()) ?? (await others.executeTakeFirst())
}

/** Ends a stay in a locked room that the caller saves; the user is locked as well. */
export async function depart(tx: Tx, room: LockedRoom, { member, by, at }: Departing): Promise<Logged> {
  const { number, user, from_seq } = member
  room.members -= 1
  const endsLarge = room.large === 1 && room.members <= limits.large_room_ends
  if (endsLarge) room.large = 0
  raiseAcl(room)
  const data = endsLarge ? { large: false } : null
  const event = await logEvent(tx, room, { type: 'member.left', actor: by, ref: user, data, at })
  await tx.deleteFrom('members').where('number', '=', number).execute()
  await tx
    .updateTable('stays')
    .set({ to_seq: event.seq, to_n: room.last_n })
    .where('room', '=', room.number)
    .where('user', '=', user)
    .where('from_seq', '=', from_seq)
    .execute()
  const fact = await logFact(tx, { user, type: 'room.left', room: room.number, position: event.seq, at })
  return { events: [event], userEvents: [fact] }
}

export async function changeRole(tx: Tx, input: WriteInput<'members.role'>): Promise<WriteOutput<'members.role'>> {
  const { user, role, by, at } = input
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  const member = await findMember(tx, room.number, user)
  if (member === undefined) return { status: 'absent' }
  if (member.role === role) return { status: 'changed', member, ...nothingLogged() }
  raiseAcl(room)
  const event = await logEvent(tx, room, { type: 'member.updated', actor: by, ref: user, data: { role }, at })
  await tx.updateTable('members').set({ role }).where('number', '=', member.number).execute()
  await saveRoom(tx, room)
  return { status: 'changed', member: { ...member, role }, events: [event], userEvents: [] }
}

/** The new owner before the old one steps back, so that no position of the log is without one. */
export async function transferRoom(tx: Tx, input: WriteInput<'members.transfer'>): Promise<WriteOutput<'members.transfer'>> {
  const { user, by, at } = input
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  const [to, from] = [await findMember(tx, room.number, user), await findMember(tx, room.number, by)]
  if (to === undefined) return { status: 'absent' }
  if (from === undefined) return { status: 'stale' }
  raiseAcl(room)
  const logged = nothingLogged()
  for (const { member, role } of [{ member: to, role: 'owner' } as const, { member: from, role: 'admin' } as const]) {
    logged.events.push(await logEvent(tx, room, { type: 'member.updated', actor: by, ref: member.user, data: { role }, at }))
    await tx.updateTable('members').set({ role }).where('number', '=', member.number).execute()
  }
  await saveRoom(tx, room)
  return { status: 'changed', member: { ...to, role: 'owner' }, ...logged }
}

/** For every change that may take a right away: what was judged before it must be judged again. */
export function raiseAcl(room: LockedRoom): void {
  room.acl += 1
  room.strict_acl = room.acl
}

async function hasOwnerBeside(tx: Tx, { room, user }: MemberRow): Promise<boolean> {
  const other = await tx
    .selectFrom('members')
    .select('number')
    .where('room', '=', room)
    .where('role', '=', 'owner')
    .where('user', '!=', user)
    .executeTakeFirst()
  return other !== undefined
}
