import type { Deps, Handlers } from './deps.ts'
import { brief } from '../live/frames.ts'
import { actorOf } from './parts/actor.ts'

type Taken = Pick<Deps, 'store' | 'presence' | 'here' | 'refs'>

export function createPresence({ store, presence, here, refs }: Taken): Pick<Handlers, 'presence.get' | 'presence.here'> {
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

    async 'presence.here'(call, { room }) {
      const seen = await refs.see(actorOf(call), room)
      const people = await here.people(seen.room.number)
      return { items: people.map(brief) }
    },
  }
}
