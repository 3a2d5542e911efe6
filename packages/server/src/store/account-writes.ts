import type { IdentityWrites } from './identity-writes.ts'
import type { Ended, Gone, Logged, Stale } from './outcomes.ts'
import type { InviteRow, NewSession, NewUser, UserRow } from './rows.ts'

/** An invitation to be used up by one, judged in the name of its maker at the room's acl. */
export type Invited = {
  number: number
  into: { room: number; acl: number; role: 'admin' | 'member'; by: number; roomMembers: number } | null
}

/** Rarer writes to accounts, their sessions and invitations. */
export type AccountWrites = IdentityWrites & {
  /** With an invitation into a room the new user is its member at once. */
  'users.create': (input: {
    user: NewUser
    session: NewSession | null
    invited?: Invited
  }) =>
    | ({ status: 'created'; user: UserRow } & Logged)
    | { status: 'username_taken' | 'email_taken' | 'invalid_link' | 'room_full' }
    | Stale
  /** `acl` of the room, at which the maker was judged. Beside at most `beside` others that are open. */
  'invites.create': (input: {
    invite: Pick<InviteRow, 'id' | 'room' | 'role' | 'creator' | 'max_uses' | 'created_at' | 'expires_at'>
    hash: Uint8Array
    acl: number | null
    beside: number
  }) => { status: 'created'; invite: InviteRow } | { status: 'too_many_invites' } | Stale
  'invites.revoke': (input: {
    number: number
    in: { room: number; acl: number } | null
    at: number
  }) => { status: 'revoked' | 'unchanged' } | Stale
  /**
   * Above `atMost` sessions the oldest end. `rehashed` takes the place of the hash in the same step. `refused`: the account is not active
   * any more, or with `expected`, the hash that was verified, the account has another one now.
   */
  'sessions.create': (input: {
    user: number
    session: NewSession
    expected?: string | null
    rehashed?: string
    atMost: number
  }) => ({ status: 'created' } & Ended) | { status: 'refused' }
  'sessions.touch': (input: { session: string; at: number }) => { status: 'touched' } | Gone
  /** Ends every session of a user, but for `except`. */
  'sessions.end_all': (input: { user: number; except: string | null; at: number }) => ({ status: 'ended' } & Ended) | Gone
  /**
   * Sets the hash of a password and ends every session but `keep`. With `expected`, the hash that was verified, only if it still stands:
   * else `mismatch`, and nothing is written.
   */
  'users.password': (input: {
    user: number
    password: string
    expected?: string | null
    keep: string | null
    at: number
  }) => ({ status: 'changed' } & Ended) | { status: 'mismatch' } | Gone
  /**
   * Deletes an account; with `expected`, the hash that was verified, only if it still stands, else `mismatch`. `name` takes the place of the username, everything else of the
   * person goes, invitations and sessions end. What is left to be taken away is noted until `users.deleted`.
   */
  'users.delete': (input: {
    user: number
    expected?: string | null
    name: string
    messages: 'keep' | 'remove'
    at: number
  }) => ({ status: 'deleted' } & Ended) | { status: 'mismatch' } | Gone
  'users.deleted': (input: { user: number }) => { status: 'done' }
  /** A deleted person leaves a room; where no owner is left, the oldest admin becomes one, else the oldest member. */
  'members.withdraw': (input: { room: number; user: number; at: number }) => ({ status: 'left' } & Logged) | { status: 'absent' }
  /** Removes the texts of these messages of a person, as `messages.delete` does; `messages` are those that had one. */
  'messages.erase': (input: {
    room: number
    user: number
    ns: number[]
    at: number
  }) => { status: 'erased'; messages: { n: number; id: string }[] } & Logged
  /** A link to set a new password, beside at most `beside` others that have not expired; above, `too_many`. Null: in the place of all. */
  'resets.create': (input: {
    hash: Uint8Array
    user: number
    at: number
    expiresAt: number
    beside: number | null
  }) => { status: 'created' | 'too_many' } | Gone
  /** Sets the hash of a password by a link; every link and every session of the account ends. */
  'resets.redeem': (input: { hash: Uint8Array; password: string; at: number }) => ({ status: 'changed' } & Ended) | { status: 'unknown' }
}
