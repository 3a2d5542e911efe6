import { ChatError, type InputOf, type OutputOf, type Profile } from '@parlance/protocol'
import { backoffDelay } from './backoff.ts'
import { ConnectionError } from './connection-error.ts'
import type { Platform } from './platform.ts'
import type { Rest } from './rest.ts'
import type { Session } from './session.ts'
import { sessionFrom, type TokenSource } from './token-source.ts'

type SessionDeps = {
  rest: Rest
  platform: Platform
  initial: Session | null
  /** Where tokens come from, if not from logins here. */
  source: TokenSource | null
  /** After every change; `error` says why a session ended that nobody ended here. */
  changed(session: Session | null, error: ChatError | null): void
}

/** A token this close to its end is exchanged before it is used. */
const nearlyOver = 10_000
/** Well inside the 30 s in which a spent refresh token still gives its successor, so that a lost answer can be asked for again. */
const refreshTimeout = 8000
const retries = { base_ms: 500, cap_ms: 30_000 }

/** The present login: one refresh at a time, before the access token ends or when the server says that it has. */
export class Sessions {
  readonly #deps: SessionDeps
  #current: Session | null
  #refreshing: Promise<void> | null = null
  #timer: unknown
  #fresh = false
  #failures = 0
  /** After a failure: what it was, and when the next try may be. */
  #failure: unknown = null
  #notBefore = 0
  /** The application is not asked for a token again until somebody wants to begin anew. */
  #ended = false

  constructor(deps: SessionDeps) {
    this.#deps = deps
    this.#current = deps.initial
  }

  get current(): Session | null {
    return this.#current
  }

  /** Nobody is signed in, and nobody will be by asking for a token. */
  get isOver(): boolean {
    return this.#current === null && (this.#deps.source === null || this.#ended)
  }

  /** Begins anew where the application gives tokens. Says whether there is a login or may be one. */
  reopen(): boolean {
    this.#ended = false
    this.#notBefore = 0
    return !this.isOver
  }

  async register(input: InputOf<'accounts.register'>): Promise<Profile> {
    this.#demandOwn()
    return this.#begin(this.#sessionOf(await this.#deps.rest.call('accounts.register', input, { cookies: input.session === 'cookie' })))
  }

  async login(input: InputOf<'accounts.login'>): Promise<Profile> {
    this.#demandOwn()
    return this.#begin(this.#sessionOf(await this.#deps.rest.call('accounts.login', input, { cookies: input.session === 'cookie' })))
  }

  /** Ends the session here whatever the server answers, then passes on why it could not be told. */
  async logout(name: 'accounts.logout' | 'accounts.logout_all'): Promise<void> {
    const ended = this.#current
    // One whose token is only being asked for, too.
    if (!this.isOver) this.#set(null)
    if (ended === null) return
    await this.#deps.rest.call(name, {}, { token: ended.access_token, cookies: ended.refresh_token === null })
  }

  /** An operation has ended the session. */
  over(): void {
    this.#set(null)
  }

  /** An access token that is good for some seconds more; `renew`: a newer one than the last in any case. */
  async token(renew = false): Promise<string> {
    const needed = this.#current === null ? !this.isOver : renew || this.#remaining(this.#current) < nearlyOver
    if (needed) await this.#renew(renew)
    if (this.#current === null) throw new ChatError('unauthenticated', { detail: 'Nobody is signed in.' })
    return this.#current.access_token
  }

  /** The same for one call: however many there are, the application is asked again only after a pause that grows with each failure. */
  async tokenForCall(renew = false): Promise<string> {
    if (this.#deps.source !== null && this.#deps.platform.now() < this.#notBefore) {
      if (this.#current === null || renew || this.#remaining(this.#current) <= 0) throw this.#failure
      return this.#current.access_token
    }
    return await this.token(renew)
  }

  /** Exchanges the refresh token, or the cookie of a former page, or asks the application for a token. Everybody who asks meanwhile waits for the same exchange. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#exchange().finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  /** While on, the access token is renewed before it ends even if nobody asks for it. */
  keepFresh(on: boolean): void {
    this.#fresh = on
    this.#schedule()
  }

  /** A refresh that fails only matters if the token at hand is no good, and then it is the way that is missing, not the login. */
  async #renew(needed: boolean): Promise<void> {
    try {
      await this.refresh()
    } catch (error) {
      if (this.#current === null) throw error
      if (needed || this.#remaining(this.#current) <= 0) throw new ConnectionError('The login could not be renewed.', error)
    }
  }

  async #exchange(): Promise<void> {
    const { source } = this.#deps
    const before = this.#current
    this.#ended = false
    try {
      const next = source === null ? await this.#refreshed(before?.refresh_token ?? null) : await sessionFrom(source, this.#deps)
      // A logout or another login meanwhile wins: these tokens belong to what is over.
      if (this.#current === before && !this.#ended) this.#begin(next)
    } catch (error) {
      this.#failed(error)
      if (isVerdict(error) && this.#current === before) this.#set(null, error)
      else this.#schedule()
      throw error
    }
  }

  async #refreshed(token: string | null): Promise<Session> {
    const input = token === null ? {} : { refresh_token: token }
    const bearer = { cookies: token === null, timeout_ms: refreshTimeout }
    return this.#sessionOf(await this.#deps.rest.call('accounts.refresh', input, bearer))
  }

  #sessionOf({ user, session, access_token, expires_in, refresh_token }: OutputOf<'accounts.login'>): Session {
    return { user, session, access_token, expires_at: this.#deps.platform.now() + expires_in * 1000, refresh_token }
  }

  #demandOwn(): void {
    if (this.#deps.source !== null) throw new Error('This client gets its tokens from the application: nobody signs in here.')
  }

  #begin(session: Session): Profile {
    this.#failures = 0
    this.#notBefore = 0
    this.#set(session)
    return session.user
  }

  #failed(error: unknown): void {
    const { platform } = this.#deps
    this.#failures += 1
    this.#failure = error
    this.#notBefore = platform.now() + 500 + backoffDelay(this.#failures, retries, () => platform.random())
  }

  #set(session: Session | null, error: ChatError | null = null): void {
    this.#current = session
    this.#ended = session === null
    this.#schedule()
    this.#deps.changed(session, error)
  }

  #remaining(session: Session): number {
    return session.expires_at - this.#deps.platform.now()
  }

  #schedule(): void {
    const { platform } = this.#deps
    platform.clearTimeout(this.#timer)
    if (!this.#fresh || this.#current === null) return
    const remaining = this.#remaining(this.#current)
    // Up to a minute, or a quarter of what is left, ahead; spread, so that clients signed in together do not refresh together.
    const ahead = Math.min(60_000, remaining / 4) * (1 + platform.random() / 2)
    const wait = Math.max(0, this.#failures > 0 ? this.#notBefore - platform.now() : remaining - ahead)
    this.#timer = platform.setTimeout(() => {
      // The failure has set the next timer, or has ended the session and said so.
      this.refresh().catch(() => undefined)
    }, wait)
  }
}

/** Only a verdict on the login itself ends it; any other trouble is the way's, and a token that is over may have been an old one. */
const isVerdict = (error: unknown): error is ChatError =>
  error instanceof ChatError && ((error.status === 401 && error.code !== 'token_expired') || error.code === 'suspended')
