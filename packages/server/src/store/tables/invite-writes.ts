import type { Invited } from '../account-writes.ts'
import type { Logged } from '../outcomes.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import type { Tx } from './locks.ts'
import { type LockedRoom, nothingLogged, saveRoom } from './log-writes.ts'
import { join, roomJudgedAt } from './member-writes.ts'
import { idBytes, inviteOf } from './rows-of.ts'

export async function createInvite(tx: Tx, input: WriteInput<'invites.create'>): Promise<WriteOutput<'invites.create'>> {
  const { invite, hash, acl, beside } = input
  if (invite.room !== null && (await roomJudgedAt(tx, invite.room, acl ?? 0)) === undefined) return { status: 'stale' }
  const { count } = await tx
    .selectFrom('invites')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('room', invite.room === null ? 'is' : '=', invite.room)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', invite.created_at)
    .whereRef('uses', '<', 'max_uses')
    .executeTakeFirstOrThrow()
  if (count > beside) return { status: 'too_many_invites' }
  const row = await tx
    .insertInto('invites')
    .values({ ...invite, id: idBytes(invite.id), hash, uses: 0, revoked_at: null })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { status: 'created', invite: inviteOf(row) }
}

export async function revokeInvite(
  tx: Tx,
  { number, in: where, at }: WriteInput<'invites.revoke'>,
): Promise<WriteOutput<'invites.revoke'>> {
  if (where !== null && (await roomJudgedAt(tx, where.room, where.acl)) === undefined) return { status: 'stale' }
  const revoking = tx.updateTable('invites').set({ revoked_at: at }).where('number', '=', number).where('revoked_at', 'is', null)
  const revoked = await revoking.returning('number').executeTakeFirst()
  return { status: revoked === undefined ? 'unchanged' : 'revoked' }
}

/** The room of an invitation under its lock; null for one into the server. */
export async function invitedInto(tx: Tx, { into }: Invited): Promise<LockedRoom | null | 'stale' | 'room_full'> {
  if (into === null) return null
  const room = await roomJudgedAt(tx, into.room, into.acl)
  if (room === undefined) return 'stale'
  return room.members >= into.roomMembers ? 'room_full' : room
}

/** Makes somebody a member who was invited. */
export async function welcome(
  tx: Tx,
  room: LockedRoom | null,
  { user, at, into }: Invited & { user: number; at: number },
): Promise<Logged> {
  if (room === null || into === null) return nothingLogged()
  const { events, userEvents } = await join(tx, room, { user, by: into.by, role: into.role, at })
  await saveRoom(tx, room)
  return { events, userEvents }
}
