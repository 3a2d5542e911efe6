import type { Role } from '@parlance/protocol'
import type { Insertable } from 'kysely'
import { isSameRequest } from '../digests.ts'
import { folded } from '../fold.ts'
import type { Logged } from '../outcomes.ts'
import type { RoomRow } from '../rows.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import type { RoomsTable } from '../schema.ts'
import { lockUsers, type Tx } from './locks.ts'
import { type LockedRoom, logEvent, saveRoom } from './log-writes.ts'
import { hasTooManyRooms, join } from './member-writes.ts'
import { idBytes, roomOf } from './rows-of.ts'

const operation = 'rooms.create'

export async function createRoom(tx: Tx, { room: wanted, cid, digest }: WriteInput<'rooms.create'>): Promise<WriteOutput<'rooms.create'>> {
  const { creatorRole, members, userRooms, ...plain } = wanted
  const { creator } = plain
  const others = members.filter((user) => user !== creator)
  // The creator is locked with or without a stay: that is what makes the look at the cid below safe.
  await lockUsers(tx, [creator, ...others])
  if (cid !== null) {
    const known = await creationOf(tx, { actor: creator, cid, digest })
    if (known !== undefined) return known
  }
  const joining = [
    ...(creatorRole === null ? [] : [{ user: creator, role: creatorRole }]),
    ...others.map((user) => ({ user, role: 'member' as const })),
  ]
  for (const { user } of joining) if (await hasTooManyRooms(tx, user, userRooms)) return { status: 'too_many_rooms' }
  const room = await insertRoom(tx, { ...plain, pair: null })
  if (room === undefined) return { status: 'name_taken' }
  const logged = await open(tx, room, joining)
  if (cid !== null) await tx.insertInto('creations').values({ actor: creator, op: operation, cid, digest, result: room.number }).execute()
  return { status: 'created', room: roomOf(room), ...logged }
}

type Creation = { actor: number; cid: string; digest: Uint8Array }

async function creationOf(
  tx: Tx,
  { actor, cid, digest }: Creation,
): Promise<{ status: 'known'; room: RoomRow } | { status: 'conflict' } | undefined> {
  const made = await tx
    .selectFrom('creations')
    .select(['digest', 'result'])
    .where('actor', '=', actor)
    .where('op', '=', operation)
    .where('cid', '=', cid)
    .executeTakeFirst()
  if (made === undefined) return undefined
  if (!isSameRequest(made.digest, digest)) return { status: 'conflict' }
  const room = await tx.selectFrom('rooms').selectAll().where('number', '=', made.result).executeTakeFirstOrThrow()
  return { status: 'known', room: roomOf(room) }
}

export async function directRoom(tx: Tx, input: WriteInput<'rooms.direct'>): Promise<WriteOutput<'rooms.direct'>> {
  const { a, b, creator, at } = input
  const users = a === b ? [a] : [Math.min(a, b), Math.max(a, b)]
  const pair = `${users[0]}:${users.at(-1)}`
  // Whoever asks for this pair holds the same two locks: the room is there now or nobody else is making it.
  await lockUsers(tx, users)
  const there = await tx.selectFrom('rooms').selectAll().where('pair', '=', pair).executeTakeFirst()
  if (there !== undefined) return { status: 'known', room: roomOf(there) }
  for (const user of users) if (await hasTooManyRooms(tx, user, input.userRooms)) return { status: 'too_many_rooms' }
  const nothing = { name: null, title: null, description: null, meta: null }
  const room = await insertRoom(tx, { id: input.id, kind: 'direct', ...nothing, policy: input.policy, creator, pair, created_at: at })
  if (room === undefined) throw new Error(`the pair ${pair} was made under its lock`)
  const logged = await open(
    tx,
    room,
    users.map((user) => ({ user, role: 'member' })),
  )
  return { status: 'created', room: roomOf(room), ...logged }
}

type PlainRoom = Pick<RoomRow, 'id' | 'kind' | 'name' | 'title' | 'description' | 'meta' | 'policy' | 'creator' | 'pair' | 'created_at'>

/** A room without events and members, or undefined where another has its name. */
async function insertRoom(tx: Tx, room: PlainRoom): Promise<LockedRoom | undefined> {
  const row: Insertable<RoomsTable> = {
    ...room,
    id: idBytes(room.id),
    meta: room.meta === null ? null : JSON.stringify(room.meta),
    policy: JSON.stringify(room.policy),
    listed: room.policy.listed,
    search_text: folded(room.name, room.title),
    acl: 1,
    strict_acl: 1,
    last_seq: 0,
    last_n: 0,
    shared_n: 0,
    floor_seq: 0,
    floor_n: 0,
    ttl_s: null,
    members: 0,
    large: 0,
    archived_at: null,
    deleted_at: null,
    purged_at: null,
  }
  return await tx
    .insertInto('rooms')
    .values(row)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst()
}

/** Begins the log of a room with its making and the joins of its first members. */
async function open(tx: Tx, room: LockedRoom, members: { user: number; role: Role }[]): Promise<Logged> {
  const { creator, created_at: at } = room
  const made = await logEvent(tx, room, { type: 'room.created', actor: creator, ref: null, data: { kind: room.kind }, at })
  const logged: Logged = { events: [made], userEvents: [] }
  for (const { user, role } of members) {
    const { events, userEvents } = await join(tx, room, { user, by: user === creator ? null : creator, role, at })
    logged.events.push(...events)
    logged.userEvents.push(...userEvents)
  }
  await saveRoom(tx, room)
  return logged
}
