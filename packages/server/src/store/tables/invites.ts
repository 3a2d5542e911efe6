import type { Kysely } from 'kysely'
import { parseId } from '../../base/ids.ts'
import type { Tables } from '../schema.ts'
import type { InviteReads } from '../store.ts'
import { inviteOf } from './rows-of.ts'

export function inviteReads(db: Kysely<Tables>): InviteReads {
  const invites = () => db.selectFrom('invites').selectAll()
  return {
    async byHash(hash) {
      const row = await invites().where('hash', '=', hash).executeTakeFirst()
      return row && inviteOf(row)
    },
    async byId(id) {
      const bytes = parseId(id)
      const row = bytes === null ? undefined : await invites().where('id', '=', bytes).executeTakeFirst()
      return row && inviteOf(row)
    },
    async open({ room, creator, at }, { after, limit }) {
      let found = invites()
        .where('room', room === null ? 'is' : '=', room)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', at)
        .whereRef('uses', '<', 'max_uses')
      if (creator !== null) found = found.where('creator', '=', creator)
      if (after !== null) found = found.where('number', '<', after)
      return (await found.orderBy('number', 'desc').limit(limit).execute()).map(inviteOf)
    },
  }
}
