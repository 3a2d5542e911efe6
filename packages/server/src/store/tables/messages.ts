import type { Kysely } from 'kysely'
import { parseId } from '../../base/ids.ts'
import type { MessageRow } from '../rows.ts'
import type { Tables } from '../schema.ts'
import type { MessageReads } from '../store.ts'
import { messageOf } from './rows-of.ts'

/** Rooms asked in one statement: each is a branch of its condition. */
const roomsAtOnce = 200

export function messageReads(db: Kysely<Tables>): MessageReads {
  const messages = () => db.selectFrom('messages').selectAll()
  return {
    async roomOf(id) {
      const bytes = parseId(id)
      const row = bytes === null ? undefined : await db.selectFrom('messages').select('room').where('id', '=', bytes).executeTakeFirst()
      return row?.room
    },
    async byId(room, id) {
      const bytes = parseId(id)
      if (bytes === null) return undefined
      const row = await messages().where('room', '=', room).where('id', '=', bytes).executeTakeFirst()
      return row && messageOf(row)
    },
    async byCid(room, sender, cid) {
      const row = await messages().where('room', '=', room).where('sender', '=', sender).where('cid', '=', cid).executeTakeFirst()
      return row && { message: messageOf(row), digest: row.digest }
    },
    async range(room, { from, to }, { limit, end }) {
      const rows = await messages()
        .where('room', '=', room)
        .where('n', '>=', from)
        .where('n', '<=', to)
        .orderBy('n', end === 'oldest' ? 'asc' : 'desc')
        .limit(limit)
        .execute()
      return (end === 'oldest' ? rows : rows.reverse()).map(messageOf)
    },
    async at(keys) {
      const byRoom = [...Map.groupBy(keys, ({ room }) => room)]
      const found: MessageRow[] = []
      for (let start = 0; start < byRoom.length; start += roomsAtOnce) {
        const rows = await messages()
          .where((either) =>
            either.or(
              byRoom.slice(start, start + roomsAtOnce).map(([room, wanted]) =>
                either.and([
                  either('room', '=', room),
                  either(
                    'n',
                    'in',
                    wanted.map(({ n }) => n),
                  ),
                ]),
              ),
            ),
          )
          .execute()
        found.push(...rows.map(messageOf))
      }
      return found
    },
    async thread(room, root, { after, limit }) {
      const bytes = parseId(root)
      if (bytes === null) return []
      let found = messages().where('room', '=', room).where('root', '=', bytes)
      if (after !== null) found = found.where('n', '>', after)
      return (await found.orderBy('n').limit(limit).execute()).map(messageOf)
    },
    async pinned(room, limit) {
      const found = messages().where('room', '=', room).where('pinned_at', 'is not', null)
      return (await found.orderBy('pinned_at', 'desc').orderBy('n', 'desc').limit(limit).execute()).map(messageOf)
    },
  }
}
