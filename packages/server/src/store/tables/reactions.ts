import type { Kysely } from 'kysely'
import type { Tables } from '../schema.ts'
import type { ReactionReads } from '../store.ts'

export function reactionReads(db: Kysely<Tables>): ReactionReads {
  return {
    async of(room, { n, emoji }, { after, limit }) {
      let found = db.selectFrom('reactions').selectAll().where('room', '=', room).where('n', '=', n)
      if (emoji !== null) found = found.where('emoji', '=', emoji)
      if (after !== null) found = found.where('seq', '>', after)
      return await found.orderBy('seq').limit(limit).execute()
    },
    async ofUser(room, user, ns) {
      if (ns.length === 0) return []
      const own = db.selectFrom('reactions').select(['n', 'emoji']).where('room', '=', room).where('user', '=', user)
      return await own.where('n', 'in', ns).execute()
    },
  }
}
