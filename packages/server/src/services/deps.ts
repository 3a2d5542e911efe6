import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Bus } from '../live/bus.ts'
import type { Presence } from '../live/presence.ts'
import type { Store } from '../store/store.ts'
import type { Passwords } from '../auth/passwords.ts'
import type { Tokens } from '../auth/tokens.ts'

/** What a service may use, handed over by boot. */
export type Deps = {
  store: Store
  bus: Bus
  presence: Presence
  clock: Clock
  log: Logger
  passwords: Passwords
  tokens: Tokens
  /** A new UUIDv7, never below an earlier one of this process. */
  newId: () => string
  /** Key of message digests, so that a stored digest tells nothing of the text. */
  digestKey: Uint8Array
  registration: 'open' | 'invite' | 'off'
}
