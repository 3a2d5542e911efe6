import type { Kysely } from 'kysely'
import type { Tables } from '../schema.ts'
import type { EventReads } from '../store.ts'
import { eventOf, userEventOf } from './rows-of.ts'

export function eventReads(db: Kysely<Tables>): EventReads {
  return {
    async range(room, { after, upto, limit }) {
      const rows = await db
        .selectFrom('events')
        .selectAll()
        .where('room', '=', room)
        .where('seq', '>', after)
        .where('seq', '<=', upto)
        .orderBy('seq')
        .limit(limit)
        .execute()
      return rows.map(eventOf)
    },
    async ofUser(user, { after, limit }) {
      // The head first: a fact that moves past it meanwhile is missing here, and comes behind the head.
      const row = await db.selectFrom('users').select('last_useq').where('number', '=', user).executeTakeFirst()
      const head = row?.last_useq ?? 0
      const rows = await db
        .selectFrom('user_events')
        .selectAll()
        .where('user', '=', user)
        .where('useq', '>', after)
        .where('useq', '<=', head)
        .orderBy('useq')
        .limit(limit)
        .execute()
      return { head, events: rows.map(userEventOf) }
    },
    async userHeads(users) {
      if (users.length === 0) return []
      return await db.selectFrom('users').select(['number as user', 'last_useq as useq']).where('number', 'in', users).execute()
    },
  }
}
