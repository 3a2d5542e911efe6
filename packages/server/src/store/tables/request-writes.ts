import type { Logged } from '../outcomes.ts'
import type { RequestRow } from '../rows.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import { lockRooms, lockUsers, type Tx } from './locks.ts'
import { logFact, nothingLogged } from './log-writes.ts'
import { roomJudgedAt } from './member-writes.ts'

type Opening = WriteInput<'requests.open'>

export async function openRequest(tx: Tx, input: Opening): Promise<WriteOutput<'requests.open'>> {
  const { room: number, user, message, at } = input
  const room = await roomJudgedAt(tx, number, input.acl)
  if (room === undefined) return { status: 'stale' }
  const told = await managersOf(tx, input)
  // The user as well: one's requests in many rooms are counted under this lock.
  await lockUsers(tx, [...told, user])
  // A join leaves verdicts valid, so that somebody may be in by now.
  const inside = tx.selectFrom('members').select('number').where('room', '=', number).where('user', '=', user)
  if ((await inside.executeTakeFirst()) !== undefined) return { status: 'stale' }
  const present = await find(tx, input)
  if (present !== undefined) return { status: 'open', request: present, ...nothingLogged() }
  const [ofRoom, ofUser] = [await countOf(tx, 'room', number), await countOf(tx, 'user', user)]
  if (ofRoom >= input.roomRequests || ofUser >= input.userRequests) return { status: 'list_full' }
  const request = await tx.insertInto('join_requests').values({ room: number, user, message, at }).returningAll().executeTakeFirstOrThrow()
  const logged = nothingLogged()
  for (const manager of told)
    logged.userEvents.push(await logFact(tx, { user: manager, type: 'room.requested', room: number, position: ofRoom + 1, at }))
  return { status: 'open', request, ...logged }
}

/** Who is told of a request: of those who run the room the ones who are there for longest. */
async function managersOf(tx: Tx, { room, told }: Opening): Promise<number[]> {
  const found = tx.selectFrom('members').select('user').where('room', '=', room).where('role', 'in', ['owner', 'admin'])
  return (await found.orderBy('number').limit(told).execute()).map(({ user }) => user)
}

async function find(tx: Tx, { room, user }: { room: number; user: number }): Promise<RequestRow | undefined> {
  return await tx.selectFrom('join_requests').selectAll().where('room', '=', room).where('user', '=', user).executeTakeFirst()
}

async function countOf(tx: Tx, column: 'room' | 'user', key: number): Promise<number> {
  const counted = tx.selectFrom('join_requests').select((row) => row.fn.countAll<number>().as('open'))
  return (await counted.where(column, '=', key).executeTakeFirstOrThrow()).open
}

export async function closeRequest(tx: Tx, input: WriteInput<'requests.close'>): Promise<WriteOutput<'requests.close'>> {
  const { room: number, user, acl, at } = input
  // To take back what is one's own needs no verdict.
  const [room] = acl === null ? await lockRooms(tx, [number]) : [await roomJudgedAt(tx, number, acl)]
  if (room === undefined) return { status: 'stale' }
  await lockUsers(tx, [user])
  if (!(await dropRequest(tx, number, user))) return { status: 'absent' }
  const logged: Logged = nothingLogged()
  if (acl !== null) logged.userEvents.push(await logFact(tx, { user, type: 'request.declined', room: number, position: room.last_seq, at }))
  return { status: 'closed', ...logged }
}

/** Whether there was one. Rooms are locked by whoever calls. */
export async function dropRequest(tx: Tx, room: number, user: number): Promise<boolean> {
  const dropped = await tx.deleteFrom('join_requests').where('room', '=', room).where('user', '=', user).returning('number').execute()
  return dropped.length > 0
}
