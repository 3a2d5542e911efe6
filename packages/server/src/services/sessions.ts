import { ChatError, type Login } from '@parlance/protocol'
import { timestamp } from '../live/timestamp.ts'
import type { SessionRow } from '../store/rows.ts'
import type { Actor, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { textCursors } from './parts/cursors.ts'

const listCursors = textCursors('sessions')

export function createSessions({ store, clock, sessions }: Pick<Deps, 'store' | 'clock' | 'sessions'>): Pick<Handlers, Names> {
  return {
    async 'sessions.list'(call, input) {
      const actor = actorOf(call)
      const found = await store.sessions.ofUser(actor.number, clock.now(), listCursors.ask(input))
      const { rows, next } = listCursors.page(found, input, ({ id }) => id)
      return { items: rows.map((row) => loginView(row, actor)), next }
    },

    async 'sessions.end'(call, { session }) {
      const actor = actorOf(call)
      const row = await store.sessions.byId(session)
      if (row?.user !== actor.number) throw new ChatError('not_found')
      await sessions.end(session)
      return null
    },
  }
}
type Names = 'sessions.list' | 'sessions.end'

function loginView({ id, dia, agent, created_at, used_at, expires_at }: SessionRow, actor: Actor): Login {
  const times = { created_at: timestamp(created_at), used_at: timestamp(used_at), expires_at: timestamp(expires_at) }
  return { id, door: dia, agent, ...times, current: id === actor.session }
}
