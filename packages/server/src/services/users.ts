import { type Account, ChatError } from '@parlance/protocol'
import { timestamp } from '../live/timestamp.ts'
import type { UserRow } from '../store/rows.ts'
import type { Call, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { numberCursors, textCursors } from './parts/cursors.ts'
import { hashing, passwordFaults } from './parts/registrar.ts'
import { userView } from './views.ts'

const searchCursors = textCursors('users')
const listCursors = numberCursors('accounts')

type Taken = Pick<Deps, 'store' | 'refs' | 'clock' | 'passwords' | 'sessions' | 'resets' | 'admission' | 'deletions'>

type Verb = 'get' | 'search' | 'list' | 'set_password' | 'reset_link' | 'delete' | 'suspend' | 'restore'

export function createUsers(deps: Taken): Pick<Handlers, `users.${Verb}`> {
  const { store, refs, clock, passwords, sessions, resets, admission, deletions } = deps

  /** Not oneself: what a person does to the own account asks for the password, which a stolen token must not get around. */
  const anotherUser = async ({ actor }: Call, ref: string): Promise<UserRow> => {
    const user = await refs.user(actor, ref)
    if (user.number === actor?.number) throw new ChatError('forbidden', { detail: 'Nobody does this to their own account.' })
    return user
  }

  return {
    async 'users.get'(call, { user }) {
      return userView(await refs.user(actorOf(call), user))
    },

    async 'users.search'(_call, input) {
      const found = await store.users.search(input.query ?? '', searchCursors.ask(input))
      const { rows, next } = searchCursors.page(found, input, (user) => user.name_key)
      return { items: rows.map(userView), next }
    },

    async 'users.list'(_call, input) {
      const found = await store.users.list(input.query ?? '', listCursors.ask(input))
      const { rows, next } = listCursors.page(found, input, (user) => user.number)
      return { items: rows.map(accountView), next }
    },

    async 'users.set_password'(call, { user: ref, password }) {
      const faults = passwordFaults({ password }, call.door)
      if (faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
      const user = await anotherUser(call, ref)
      const hash = await hashing(() => passwords.hash(password))
      const outcome = await store.queue.write('users.password', { user: user.number, password: hash, keep: null, at: clock.now() })
      if (outcome.status !== 'changed') throw new ChatError('not_found', { detail: 'There is no such user.' })
      sessions.ended(outcome)
      return null
    },

    async 'users.reset_link'(call, { user: ref }) {
      const link = await resets.make((await anotherUser(call, ref)).number)
      if (link === null) throw new ChatError('not_found', { detail: 'There is no such user.' })
      return { url: link.url, expires_at: timestamp(link.expiresAt) }
    },

    async 'users.delete'(call, { user: ref, messages }) {
      const user = await anotherUser(call, ref)
      if ((await deletions.delete({ user: user.number, messages })) !== 'deleted') throw new ChatError('not_found')
      return null
    },

    async 'users.suspend'(call, { user }) {
      await admission.set(await refs.user(call.actor, user), 'suspended', call.actor?.number ?? null)
      return null
    },

    async 'users.restore'(call, { user }) {
      await admission.set(await refs.user(call.actor, user), 'active', call.actor?.number ?? null)
      return null
    },
  }
}

const accountView = ({ id, username, first_name, last_name, email, state, admin, created_at }: UserRow): Account => ({
  ...{ id, username, first_name, last_name, email, state, admin },
  created_at: timestamp(created_at),
})
