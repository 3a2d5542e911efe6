import type { Ended } from './outcomes.ts'
import type { NewSession, NewUser, UserRow } from './rows.ts'

/** A login that stands on another issuer's token: it ends with the token and nothing renews it. */
export type IssuedSession = Omit<NewSession, 'refresh_hash'>

/** Rarer writes about people whom another issuer vouches for. */
export type IdentityWrites = {
  /**
   * A token of this person is here for the first time: makes its session, and for an unknown identity the account `user`. The identity is
   * issuer and subject alone. `username_taken`: try another name. `over`: the token has ended here, or was issued before all of the
   * person's ended. Above `atMost` sessions the oldest end.
   */
  'identities.enter': (input: {
    issuer: string
    subject: string
    issuedAt: number | null
    user: NewUser
    session: IssuedSession
    atMost: number
  }) => ({ status: 'entered'; row: UserRow } & Ended) | { status: 'username_taken' } | { status: 'suspended' } | { status: 'over' }
}
