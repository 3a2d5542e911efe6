import { type Kysely, type Selectable, sql } from 'kysely'
import { parseId, printId } from '../../base/ids.ts'
import type { MembersTable, RoomsTable, Tables } from '../schema.ts'
import type { MemberReads } from '../store.ts'
import { memberOf, roomOf, stayOf } from './rows-of.ts'

/** The columns of a member beside those of its room, under names of their own. */
const besideRoom = [
  'members.number as m_number',
  'members.user as m_user',
  'members.role as m_role',
  'members.from_seq as m_from_seq',
  'members.from_n as m_from_n',
  'members.read_n as m_read_n',
  'members.joined_at as m_joined_at',
] as const
type BesideRoom = { [C in keyof MembersTable as C extends 'room' ? never : `m_${C}`]: Selectable<MembersTable>[C] }
type OrNulls<T> = T | { [C in keyof T]: T[C] | null }

function split(row: Selectable<RoomsTable> & OrNulls<BesideRoom>) {
  const { m_number, m_user, m_role, m_from_seq, m_from_n, m_read_n, m_joined_at, ...room } = row
  const member = {
    number: m_number,
    room: room.number,
    user: m_user,
    role: m_role,
    from_seq: m_from_seq,
    from_n: m_from_n,
    read_n: m_read_n,
    joined_at: m_joined_at,
  }
  // An outer join gives either all of a member or nothing of it.
  return { room: roomOf(room), member: m_number === null ? undefined : memberOf(member as Selectable<MembersTable>) }
}

function present(row: Selectable<RoomsTable> & BesideRoom) {
  const { room, member } = split(row)
  if (member === undefined) throw new Error('a stay without its member')
  return { room, member }
}

type RoomName = Parameters<MemberReads['withRoom']>[1]

/** Narrows a query on rooms to one; undefined where the id is none. */
function named<Q extends { where(column: 'rooms.number' | 'rooms.id' | 'rooms.name', is: '=', value: number | string | Uint8Array): Q }>(
  rooms: Q,
  room: RoomName,
): Q | undefined {
  if ('number' in room) return rooms.where('rooms.number', '=', room.number)
  if ('name' in room) return rooms.where('rooms.name', '=', room.name)
  const id = parseId(room.id)
  return id === null ? undefined : rooms.where('rooms.id', '=', id)
}

export function memberReads(db: Kysely<Tables>): MemberReads {
  const stays = (user: number) =>
    db
      .selectFrom('members')
      .innerJoin('rooms', 'rooms.number', 'members.room')
      .where('members.user', '=', user)
      .where('rooms.deleted_at', 'is', null)
      .selectAll('rooms')
      .select(besideRoom)
  return {
    async one(room, user) {
      const row = await db.selectFrom('members').selectAll().where('room', '=', room).where('user', '=', user).executeTakeFirst()
      return row && memberOf(row)
    },
    async list(room, { after, limit }) {
      let found = db.selectFrom('members').selectAll().where('room', '=', room)
      if (after !== null) found = found.where('number', '>', after)
      return (await found.orderBy('number').limit(limit).execute()).map(memberOf)
    },
    async ofUser(user, { after, limit }) {
      const found = after === null ? stays(user) : stays(user).where('members.number', '<', after)
      return (await found.orderBy('members.number', 'desc').limit(limit).execute()).map(present)
    },
    async ofRooms(rooms, each) {
      if (rooms.length === 0) return []
      const placed = db
        .selectFrom('members')
        .select(['room', 'user', sql<number>`row_number() over (partition by room order by number)`.as('place')])
        .where('room', 'in', rooms)
      return await db
        .selectFrom(placed.as('placed'))
        .select(['room', 'user'])
        .where('place', '<=', each)
        .orderBy('room')
        .orderBy('place')
        .execute()
    },
    allOfUser: async (user) => (await stays(user).orderBy('rooms.number').execute()).map(present),
    async withRoom(user, room) {
      const rooms = db
        .selectFrom('rooms')
        .leftJoin('members', (join) => join.onRef('members.room', '=', 'rooms.number').on('members.user', '=', user))
        .leftJoin('sanctions as ban', (join) =>
          join.onRef('ban.room', '=', 'rooms.number').on('ban.user', '=', user).on('ban.kind', '=', 'ban'),
        )
        .leftJoin('sanctions as mute', (join) =>
          join.onRef('mute.room', '=', 'rooms.number').on('mute.user', '=', user).on('mute.kind', '=', 'mute'),
        )
        .selectAll('rooms')
        .select(besideRoom)
        .select(['ban.at as b_at', 'ban.until as b_until', 'mute.at as u_at', 'mute.until as u_until'])
      const row = await named(rooms, room)?.executeTakeFirst()
      if (row === undefined) return undefined
      const { b_at, b_until, u_at, u_until, ...place } = row
      const term = (at: number | null, until: number | null) => (at === null ? undefined : { until })
      return { ...split(place), ban: term(b_at, b_until), mute: term(u_at, u_until) }
    },
    async ofUserIn(user, rooms) {
      if (rooms.length === 0) return []
      const rows = await db.selectFrom('members').selectAll().where('user', '=', user).where('room', 'in', rooms).execute()
      return rows.map(memberOf)
    },
    async inRooms(user, ids) {
      const known = ids.map(parseId).filter((id) => id !== null)
      if (known.length === 0) return []
      const rows = await db
        .selectFrom('rooms')
        .innerJoin('members', 'members.room', 'rooms.number')
        .select(['rooms.number', 'rooms.id'])
        .where('members.user', '=', user)
        .where('rooms.id', 'in', known)
        .execute()
      return rows.map(({ number, id }) => ({ number, id: printId(id) }))
    },
    async peers(rooms, user) {
      if (rooms.length === 0) return []
      return await db.selectFrom('members').select(['room', 'user']).where('room', 'in', rooms).where('user', '!=', user).execute()
    },
    async stays(room, user) {
      const rows = await db.selectFrom('stays').selectAll().where('room', '=', room).where('user', '=', user).orderBy('from_seq').execute()
      return rows.map(stayOf)
    },
    async present(room, users) {
      if (users.length === 0) return []
      const rows = await db.selectFrom('members').select('user').where('room', '=', room).where('user', 'in', users).execute()
      return rows.map(({ user }) => user)
    },
    async readers(room, { n, sender }, limit) {
      const rows = await db
        .selectFrom('members')
        .leftJoin('reads', (join) =>
          join.onRef('reads.room', '=', 'members.room').onRef('reads.user', '=', 'members.user').on('reads.n', '=', n),
        )
        .select(['members.user', 'reads.at'])
        .where('members.room', '=', room)
        .where('members.user', '!=', sender)
        .where((either) =>
          either.or([
            either('reads.at', 'is not', null),
            either.and([either('members.read_n', '>=', n), either('members.from_n', '<', n)]),
          ]),
        )
        .orderBy('members.number')
        .limit(limit)
        .execute()
      return rows.map(({ user, at }) => ({ user, at }))
    },
    async acquainted(user, others) {
      if (others.length === 0) return []
      const rows = await db
        .selectFrom('members as mine')
        .innerJoin('members as theirs', 'theirs.room', 'mine.room')
        .select('theirs.user')
        .distinct()
        .where('mine.user', '=', user)
        .where('theirs.user', 'in', others)
        .execute()
      return rows.map((row) => row.user)
    },
  }
}
