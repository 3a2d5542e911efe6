import type { Kysely } from 'kysely'
import { printId } from '../../base/ids.ts'
import type { Tables } from '../schema.ts'
import type { DeletionReads } from '../store.ts'

export function deletionReads(db: Kysely<Tables>): DeletionReads {
  return {
    pending: () => db.selectFrom('deletions').select(['user', 'messages']).orderBy('at').orderBy('user').execute(),
    async places(user, { after, limit }) {
      // Every join and departure is a fact of the own log, a newer one in the place of the older.
      const rows = await db
        .selectFrom('user_events')
        .select('room')
        .where('user', '=', user)
        .where('type', 'in', ['room.joined', 'room.left', 'room.gone'])
        .where('room', '>', after ?? 0)
        .orderBy('room')
        .limit(limit)
        .execute()
      return rows.flatMap(({ room }) => (room === null ? [] : [room]))
    },
    async texts(room, user, { from, to }) {
      const rows = await db
        .selectFrom('messages')
        .select('n')
        .where('room', '=', room)
        .where('n', '>=', from)
        .where('n', '<=', to)
        .where('sender', '=', user)
        .where('deleted_at', 'is', null)
        .orderBy('n')
        .execute()
      return rows.map(({ n }) => n)
    },
    async reactions(room, user, { from, to }) {
      const rows = await db
        .selectFrom('reactions')
        .innerJoin('messages', (join) => join.onRef('messages.room', '=', 'reactions.room').onRef('messages.n', '=', 'reactions.n'))
        .select(['messages.id', 'reactions.emoji'])
        .where('reactions.room', '=', room)
        .where('reactions.user', '=', user)
        .where('reactions.n', '>=', from)
        .where('reactions.n', '<=', to)
        .orderBy('reactions.n')
        .orderBy('reactions.seq')
        .execute()
      return rows.map(({ id, emoji }) => ({ message: printId(id), emoji }))
    },
  }
}
