import { type Kysely, sql } from 'kysely'
import { parseId } from '../../base/ids.ts'
import { containing } from '../fold.ts'
import type { Tables } from '../schema.ts'
import type { ResetReads, SessionReads, UserReads } from '../store.ts'
import { sessionOf, userOf } from './rows-of.ts'

export function userReads(db: Kysely<Tables>): UserReads {
  const users = () => db.selectFrom('users').selectAll()
  const first = async (query: ReturnType<typeof users>) => {
    const row = await query.executeTakeFirst()
    return row && userOf(row)
  }
  return {
    async byId(id) {
      const bytes = parseId(id)
      return bytes === null ? undefined : await first(users().where('id', '=', bytes))
    },
    byNumber: (number) => first(users().where('number', '=', number)),
    byNameKey: (key) => first(users().where('name_key', '=', key)),
    byOwnedEmail: (email) => first(users().where('owned_email', '=', email)),
    async byNumbers(numbers) {
      if (numbers.length === 0) return []
      return (await users().where('number', 'in', numbers).execute()).map(userOf)
    },
    async byIds(ids) {
      const known = ids.map(parseId).filter((id) => id !== null)
      if (known.length === 0) return []
      return (await users().where('id', 'in', known).execute()).map(userOf)
    },
    async search(query, { after, limit }) {
      let found = users().where('state', '=', 'active')
      if (query !== '') found = found.where(sql<boolean>`search_text like ${containing(query)} escape '\\'`)
      if (after !== null) found = found.where('name_key', '>', after)
      return (await found.orderBy('name_key').limit(limit).execute()).map(userOf)
    },
    async list(query, { after, limit }) {
      let found = users()
      if (query !== '') found = found.where(sql<boolean>`search_text like ${containing(query)} escape '\\'`)
      if (after !== null) found = found.where('number', '>', after)
      return (await found.orderBy('number').limit(limit).execute()).map(userOf)
    },
  }
}

export function resetReads(db: Kysely<Tables>): ResetReads {
  return {
    async isLive(hash, at) {
      const row = await db.selectFrom('reset_links').select('user').where('hash', '=', hash).where('expires_at', '>', at).executeTakeFirst()
      return row !== undefined
    },
  }
}

export function sessionReads(db: Kysely<Tables>): SessionReads {
  return {
    async isSpent(hash) {
      const token = await db.selectFrom('refresh_tokens').select('spent_at').where('hash', '=', hash).executeTakeFirst()
      return token !== undefined && token.spent_at !== null
    },
    async byId(id) {
      const bytes = parseId(id)
      if (bytes === null) return undefined
      const row = await db.selectFrom('sessions').selectAll().where('id', '=', bytes).executeTakeFirst()
      return row && sessionOf(row)
    },
    async ofUser(user, at, { after, limit }) {
      let found = db.selectFrom('sessions').selectAll().where('user', '=', user).where('ended_at', 'is', null).where('expires_at', '>', at)
      const last = after === null ? null : parseId(after)
      if (last !== null) found = found.where('id', '<', last)
      return (await found.orderBy('id', 'desc').limit(limit).execute()).map(sessionOf)
    },
  }
}
