import type { Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'

export function createPresence({ store, presence }: Pick<Deps, 'store' | 'presence'>): Pick<Handlers, 'presence.get'> {
  return {
    async 'presence.get'(call, { users }) {
      const actor = actorOf(call)
      const asked = await store.users.byIds([...new Set(users)])
      const others = asked.map(({ number }) => number).filter((number) => number !== actor.number)
      const shared = new Set([actor.number, ...(await store.members.acquainted(actor.number, others))])
      const shown = asked.filter(({ number }) => shared.has(number))
      const statuses = await presence.status(shown.map(({ number }) => number))
      return { items: shown.map(({ id }, index) => ({ user: id, status: statuses[index] ?? 'unknown' })) }
    },
  }
}
