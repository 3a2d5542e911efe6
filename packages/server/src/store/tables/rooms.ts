import { type Kysely, sql } from 'kysely'
import { parseId } from '../../base/ids.ts'
import { containing } from '../fold.ts'
import type { Tables } from '../schema.ts'
import type { RoomReads } from '../store.ts'
import { roomOf } from './rows-of.ts'

export function roomReads(db: Kysely<Tables>): RoomReads {
  const rooms = () => db.selectFrom('rooms').selectAll()
  const first = async (query: ReturnType<typeof rooms>) => {
    const row = await query.executeTakeFirst()
    return row && roomOf(row)
  }
  return {
    async byId(id) {
      const bytes = parseId(id)
      return bytes === null ? undefined : await first(rooms().where('id', '=', bytes))
    },
    byNumber: (number) => first(rooms().where('number', '=', number)),
    byName: (name) => first(rooms().where('name', '=', name)),
    byPair: (low, high) => first(rooms().where('pair', '=', `${low}:${high}`)),
    async byNumbers(numbers) {
      if (numbers.length === 0) return []
      return (await rooms().where('number', 'in', numbers).execute()).map(roomOf)
    },
    async ofTwo(one, other) {
      const joined = db.selectFrom('members').select('room').where('user', '=', one)
      const shared = one === other ? joined : joined.where('room', 'in', db.selectFrom('members').select('room').where('user', '=', other))
      const among = rooms()
        .where('number', 'in', shared)
        .where('members', '=', one === other ? 1 : 2)
      return await first(among.where('kind', '!=', 'public').orderBy('number').limit(1))
    },
    async browse(query, { after, limit }) {
      let found = rooms().where('kind', '=', 'public').where('listed', 'in', ['users', 'anyone']).where('deleted_at', 'is', null)
      if (query !== '') found = found.where(sql<boolean>`search_text like ${containing(query)} escape '\\'`)
      if (after !== null) found = found.where('number', '<', after)
      return (await found.orderBy('number', 'desc').limit(limit).execute()).map(roomOf)
    },
    async list(query, { after, limit }) {
      let found = rooms().where('deleted_at', 'is', null)
      if (query !== '') found = found.where(sql<boolean>`search_text like ${containing(query)} escape '\\'`)
      if (after !== null) found = found.where('number', '>', after)
      return (await found.orderBy('number').limit(limit).execute()).map(roomOf)
    },
    async unpurged(limit) {
      const found = db.selectFrom('rooms').select('number').where('deleted_at', 'is not', null).where('purged_at', 'is', null)
      return (await found.orderBy('number').limit(limit).execute()).map(({ number }) => number)
    },
    async index(listed, { after, limit }) {
      let found = rooms()
        .where('kind', '=', 'public')
        .where('listed', 'in', listed)
        .where('name', 'is not', null)
        .where('deleted_at', 'is', null)
      if (after !== null) found = found.where('name', '>', after)
      return (await found.orderBy('name').limit(limit).execute()).map(roomOf)
    },
    async heads(numbers) {
      if (numbers.length === 0) return []
      return await db
        .selectFrom('rooms')
        .select(['number as room', 'last_seq as seq', 'last_n as n'])
        .where('number', 'in', numbers)
        .execute()
    },
    async forgetting(at, limit) {
      // Above the floor a log has no gaps, so its oldest event is the one behind the floor.
      const rows = await db
        .selectFrom('rooms')
        .innerJoin('events', (join) => join.onRef('events.room', '=', 'rooms.number').on(sql<boolean>`events.seq = rooms.floor_seq + 1`))
        .select('rooms.number')
        .where('rooms.ttl_s', 'is not', null)
        .where('rooms.deleted_at', 'is', null)
        .where(sql<boolean>`events.at <= ${at} - rooms.ttl_s * 1000`)
        .orderBy('rooms.number')
        .limit(limit)
        .execute()
      return rows.map(({ number }) => number)
    },
  }
}
