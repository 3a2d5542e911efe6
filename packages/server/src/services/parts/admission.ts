import { ChatError } from '@parlance/protocol'
import type { Clock } from '../../base/clock.ts'
import type { UserRow } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'
import type { Emit } from '../emit.ts'
import type { Sessions } from './sessions.ts'

/** Who may be here at all. */
export type Admission = {
  /**
   * Suspends somebody, or lets them in again. `by` is the number of the admin who asks, null the operator of this machine. Rejects with
   * `forbidden` or `not_found`; what is so already stays so.
   */
  set(user: Pick<UserRow, 'number'>, state: 'active' | 'suspended', by: number | null): Promise<void>
}

type Deps = { store: Store; clock: Clock; emit: Emit; sessions: Sessions }

export function createAdmission({ store, clock, emit, sessions }: Deps): Admission {
  return {
    async set({ number }, state, by) {
      const outcome = await store.queue.write('users.admit', { user: number, by, state, at: clock.now() })
      if (outcome.status === 'forbidden') throw new ChatError('forbidden')
      if (outcome.status === 'gone') throw new ChatError('not_found')
      if (outcome.status === 'unchanged') return
      // Forgotten before it is told: whoever asks from now on reads the new state, and whoever asked before is among those told.
      sessions.forgetUser(number)
      emit.user(outcome.userEvents, null)
      if (state === 'suspended') emit.revoked(number, null, 'suspended')
    },
  }
}
