import { ChatError } from '@parlance/protocol'
import type { Deps, Handlers } from './deps.ts'
import { hashing, passwordFaults } from './parts/registrar.ts'

type Taken = Pick<Deps, 'store' | 'clock' | 'links' | 'passwords' | 'resets' | 'sessions'>

export function createRecovery(deps: Taken): Pick<Handlers, 'recovery.request' | 'recovery.redeem'> {
  const { store, clock, links, passwords, resets, sessions } = deps
  return {
    'recovery.request'(_call, { username }) {
      resets.mail(username)
      return Promise.resolve(null)
    },

    async 'recovery.redeem'(call, { token, password }) {
      const faults = passwordFaults({ password }, call.door)
      if (faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
      const hash = links.digest(token)
      // A look first, so that guessing costs no hash.
      if (hash === null || !(await store.resets.isLive(hash, clock.now()))) throw new ChatError('invalid_link')
      const secret = await hashing(() => passwords.hash(password))
      const outcome = await store.queue.write('resets.redeem', { hash, password: secret, at: clock.now() })
      if (outcome.status === 'unknown') throw new ChatError('invalid_link')
      sessions.ended(outcome)
      return null
    },
  }
}
