import type { Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { textCursors } from './parts/cursors.ts'
import { userView } from './views.ts'

const searchCursors = textCursors('users')

export function createUsers({ store, refs }: Pick<Deps, 'store' | 'refs'>): Pick<Handlers, 'users.get' | 'users.search'> {
  return {
    async 'users.get'(call, { user }) {
      return userView(await refs.user(actorOf(call), user))
    },

    async 'users.search'(_call, input) {
      const found = await store.users.search(input.query ?? '', searchCursors.ask(input))
      const { rows, next } = searchCursors.page(found, input, (user) => user.name_key)
      return { items: rows.map(userView), next }
    },
  }
}
