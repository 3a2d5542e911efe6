import type { Kysely } from 'kysely'
import type { Tables } from '../schema.ts'
import type { SanctionReads } from '../store.ts'
import { sanctionOf } from './rows-of.ts'

export function sanctionReads(db: Kysely<Tables>): SanctionReads {
  return {
    async list(room, kind, { after, limit, at }) {
      let found = db.selectFrom('sanctions').selectAll().where('room', '=', room).where('kind', '=', kind)
      found = found.where((either) => either.or([either('until', 'is', null), either('until', '>', at)]))
      if (after !== null) found = found.where('number', '<', after)
      return (await found.orderBy('number', 'desc').limit(limit).execute()).map(sanctionOf)
    },
  }
}
