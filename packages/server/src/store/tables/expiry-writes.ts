import type { WriteInput, WriteOutput } from '../writes.ts'
import { lockRooms, type Tx } from './locks.ts'
import { type LockedRoom, logEvent, saveRoom } from './log-writes.ts'
import { roomJudgedAt } from './member-writes.ts'
import { roomOf } from './rows-of.ts'

export async function setExpiry(tx: Tx, input: WriteInput<'rooms.expiry'>): Promise<WriteOutput<'rooms.expiry'>> {
  const { by, at, ttl_s } = input
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  if (room.ttl_s === ttl_s) return { status: 'unchanged' }
  const event = await logEvent(tx, room, { type: 'expiry.set', actor: by, ref: null, data: { ttl_s }, at })
  await saveRoom(tx, room)
  await tx.updateTable('rooms').set({ ttl_s }).where('number', '=', room.number).execute()
  return { status: 'changed', events: [event], userEvents: [] }
}

/** A prefix of the log goes, never a part from its middle: what is above the floor stays without gaps. */
export async function retireEvents(tx: Tx, { room: number, at, events }: WriteInput<'rooms.retire'>): Promise<WriteOutput<'rooms.retire'>> {
  const [room] = await lockRooms(tx, [number])
  if (room === undefined || room.ttl_s === null || room.deleted_at !== null) return { status: 'nothing' }
  const before = at - room.ttl_s * 1000
  const oldest = await tx
    .selectFrom('events')
    .select(['seq', 'type', 'ref', 'at'])
    .where('room', '=', number)
    .where('seq', '>', room.floor_seq)
    .orderBy('seq')
    .limit(events)
    .execute()
  const young = oldest.findIndex((event) => event.at > before)
  const old = young < 0 ? oldest : oldest.slice(0, young)
  const last = old.at(-1)
  if (last === undefined) return { status: 'nothing' }
  const lastMessage = old.findLast(({ type }) => type === 'message.created')
  const floor = { floor_seq: last.seq, floor_n: lastMessage?.ref ?? room.floor_n }
  await drop(tx, room, floor)
  await tx.updateTable('rooms').set(floor).where('number', '=', number).execute()
  return { status: 'retired', room: roomOf({ ...room, ...floor }) }
}

type Floor = Pick<LockedRoom, 'floor_seq' | 'floor_n'>

async function drop(tx: Tx, room: LockedRoom, { floor_seq, floor_n }: Floor): Promise<void> {
  await tx.deleteFrom('events').where('room', '=', room.number).where('seq', '>', room.floor_seq).where('seq', '<=', floor_seq).execute()
  if (floor_n === room.floor_n) return
  for (const table of ['reactions', 'reads', 'mentions', 'messages'] as const)
    await tx.deleteFrom(table).where('room', '=', room.number).where('n', '>', room.floor_n).where('n', '<=', floor_n).execute()
}
