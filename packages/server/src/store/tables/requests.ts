import type { Kysely } from 'kysely'
import type { Tables } from '../schema.ts'
import type { RequestReads, Slice } from '../store.ts'

export function requestReads(db: Kysely<Tables>): RequestReads {
  const list = async (column: 'room' | 'user', key: number, { after, limit }: Slice) => {
    const found = db.selectFrom('join_requests').selectAll().where(column, '=', key)
    const behind = after === null ? found : found.where('number', '>', after)
    return await behind.orderBy('number').limit(limit).execute()
  }
  return {
    ofRoom: (room, slice) => list('room', room, slice),
    ofUser: (user, slice) => list('user', user, slice),
  }
}
