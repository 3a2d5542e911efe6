import { ChatError } from '@parlance/protocol'
import type { Tokens } from '../../auth/tokens.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Actor, Login } from '../../dispatch.ts'
import type { Ended } from '../../store/outcomes.ts'
import type { SessionRow, UserRow } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'
import type { Emit } from '../emit.ts'
import type { Identities, Issued } from './identities.ts'

/** How long what was read of a session is believed, and so how long access outlives its end at most (ms). */
const believed = 1000
/** How far what is stored of the last use may be behind (ms). */
const touched = 3_600_000
/** Logins remembered at once; beyond, the one read first is read again. */
const remembered = 50_000

type State = { user: Pick<UserRow, 'number' | 'id' | 'username' | 'state'>; endsAt: number; ended: boolean }
type Entry = { readAt: number; state: State | undefined }

/** What a token says: whose it is, of which login, until when (ms). */
type Proof = { user: number; session: string; expiresAt: number }

type Deps = { store: Store; tokens: Tokens; identities: Identities; clock: Clock; emit: Emit; log: Logger }

/** Who a token stands for, and whether that login is still welcome. */
export class Sessions {
  readonly #deps: Deps
  /** In the order of reading: what is at the front is believed no longer, and goes when something new comes. */
  readonly #entries = new Map<string, Entry>()
  readonly #reading = new Map<string, Promise<Entry>>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * Any live access token, of whichever door or of the installation's own issuer. Rejects with `unauthenticated`, `token_expired`,
   * `suspended` or `issuer_unavailable`.
   */
  async authenticate(token: string): Promise<Login> {
    const proof = this.#prove(token) ?? (await this.#admit(await this.#deps.identities.verify(token)))
    const { user, endsAt } = welcome(await this.#state(proof.session), proof.user, this.#deps.clock.now())
    const { number, id, username } = user
    return { number, id, username, session: proof.session, expiresAt: proof.expiresAt, sessionEndsAt: endsAt }
  }

  /**
   * Throws, or rejects after a look into the store, once the session or its user is not welcome any more. The token's own end is not
   * looked at: sockets keep time themselves, and older ones live as long as the login.
   */
  alive(actor: Pick<Actor, 'number' | 'session'>): void | Promise<void> {
    const now = this.#deps.clock.now()
    const entry = this.#entries.get(actor.session)
    if (entry !== undefined && this.#isFresh(entry)) {
      welcome(entry.state, actor.number, now)
      return
    }
    return this.#state(actor.session).then((state) => {
      welcome(state, actor.number, now)
    })
  }

  /** The door a token of an older client was issued at, be it expired; null for others. */
  dialectOf(token: string): string | null {
    const verdict = this.#deps.tokens.verifyDialect(token, this.#deps.clock.now())
    return verdict.state === 'invalid' ? null : verdict.claims.dia
  }

  /** The live session of a refresh token whose signature was checked. Rejects with `invalid_refresh` or `suspended`. */
  async renewable(session: string, user: number): Promise<State> {
    const state = await this.#state(session)
    try {
      return welcome(state, user, this.#deps.clock.now())
    } catch (error) {
      throw error instanceof ChatError && error.code === 'suspended' ? error : new ChatError('invalid_refresh')
    }
  }

  /** Ends a session and everything open under it. Ending it again changes nothing. */
  async end(session: string): Promise<void> {
    const outcome = await this.#deps.store.queue.write('sessions.end', { session, at: this.#deps.clock.now() })
    if (outcome.status === 'ended') {
      this.#deps.emit.user(outcome.userEvents, null)
      this.#deps.emit.revoked(outcome.user, session)
    }
    this.forget(session)
  }

  /** Ends all sessions of a user, and with them everything open, but for one. */
  async endAll(user: number, except: string | null = null): Promise<void> {
    const outcome = await this.#deps.store.queue.write('sessions.end_all', { user, except, at: this.#deps.clock.now() })
    if (outcome.status === 'ended') this.ended(outcome)
  }

  /** Closes what is open under sessions that a write has ended. */
  ended({ user, sessions, userEvents }: Ended): void {
    this.#deps.emit.user(userEvents, null)
    for (const session of sessions) {
      this.#deps.emit.revoked(user, session)
      this.forget(session)
    }
  }

  /** Whether somebody is an admin of the server now. */
  async isAdmin({ number }: Pick<Actor, 'number'>): Promise<boolean> {
    return (await this.#deps.store.users.byNumber(number))?.admin === true
  }

  forget(session: string): void {
    this.#entries.delete(session)
    this.#reading.delete(session)
  }

  /** Whatever is remembered of a person's sessions is read again, what is just being read included. */
  forgetUser(user: number): void {
    for (const [session, { state }] of this.#entries) if (state?.user.number === user) this.#entries.delete(session)
    this.#reading.clear()
  }

  /** Somebody whom another issuer vouches for: the session is there from the first use of the token on. */
  async #admit(issued: Issued): Promise<Proof> {
    const { session, claims } = issued
    let state = await this.#state(session)
    if (state === undefined) {
      const ended = await this.#deps.identities.enter(issued)
      this.forget(session)
      this.ended(ended)
      state = await this.#state(session)
    }
    if (state === undefined) throw new ChatError('unauthenticated')
    return { user: state.user.number, session, expiresAt: claims.expiresAt }
  }

  /** Null: not one of our own. */
  #prove(token: string): Proof | null {
    const { tokens, clock } = this.#deps
    const own = tokens.verifyAccess(token, clock.now())
    if (own.state === 'expired') throw new ChatError('token_expired')
    if (own.state === 'valid') return { user: own.claims.uno, session: own.claims.sid, expiresAt: own.claims.exp * 1000 }
    const older = tokens.verifyDialect(token, clock.now())
    if (older.state === 'invalid') return null
    if (older.claims.token_type !== 'access') throw new ChatError('unauthenticated')
    if (older.state === 'expired') throw new ChatError('token_expired')
    return { user: older.claims.user_id, session: older.claims.sid, expiresAt: older.claims.exp * 1000 }
  }

  async #state(session: string): Promise<State | undefined> {
    const entry = this.#entries.get(session)
    if (entry !== undefined && this.#isFresh(entry)) return entry.state
    return (await (this.#reading.get(session) ?? this.#read(session))).state
  }

  #isFresh({ readAt }: Entry): boolean {
    return this.#deps.clock.monotonic() - readAt < believed
  }

  /** Everybody who asks meanwhile waits for the same answer; it is kept only if the session did not end here while it was read. */
  #read(session: string): Promise<Entry> {
    const reading: Promise<Entry> = this.#load(session)
      .then((entry) => {
        if (this.#reading.get(session) === reading) this.#keep(session, entry)
        return entry
      })
      .finally(() => {
        if (this.#reading.get(session) === reading) this.#reading.delete(session)
      })
    this.#reading.set(session, reading)
    return reading
  }

  #keep(session: string, entry: Entry): void {
    for (const [known, { readAt }] of this.#entries) {
      if (entry.readAt - readAt < believed && this.#entries.size < remembered) break
      this.#entries.delete(known)
    }
    this.#entries.delete(session)
    this.#entries.set(session, entry)
  }

  async #load(session: string): Promise<Entry> {
    const readAt = this.#deps.clock.monotonic()
    const row = await this.#deps.store.sessions.byId(session)
    const user = row && (await this.#deps.store.users.byNumber(row.user))
    if (row !== undefined) this.#touch(row)
    return { readAt, state: row && user && stateOf(row, user) }
  }

  /** Nobody waits for it: a use that is not noted is noted at the next one. */
  #touch({ id, used_at, ended_at }: SessionRow): void {
    const { store, clock, log } = this.#deps
    const at = clock.now()
    if (ended_at !== null || at - used_at < touched) return
    store.queue.write('sessions.touch', { session: id, at }).catch((error: unknown) => log.debug('a use was not noted', { error }))
  }
}

const stateOf = (row: SessionRow, { number, id, username, state }: UserRow): State => ({
  user: { number, id, username, state },
  endsAt: row.expires_at,
  ended: row.ended_at !== null,
})

function welcome(state: State | undefined, user: number, now: number): State {
  if (state === undefined || state.user.number !== user) throw new ChatError('unauthenticated')
  // Before the end of the session, which a suspension brings: the person is to know why.
  if (state.user.state === 'suspended') throw new ChatError('suspended')
  if (state.ended || state.endsAt <= now || state.user.state !== 'active') throw new ChatError('unauthenticated')
  return state
}
