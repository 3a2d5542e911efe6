/// <reference lib="esnext.disposable" />
import { ChatError, type InputOf, type Operation, type OperationName, type OutputOf, operations, type Profile } from '@parlance/protocol'
import type { ClientEvents, RoomMark } from './client-events.ts'
import { type ClientOptions, doorsOf } from './client-options.ts'
import { Link } from './link.ts'
import { guarded, Listeners } from './listeners.ts'
import { Outbox, type Outgoing, type SendInput } from './outbox.ts'
import { newCid, type Platform, platformDefaults } from './platform.ts'
import { Rest } from './rest.ts'
import type { Session } from './session.ts'
import { Sessions } from './sessions.ts'
import { type Status, timingDefaults } from './socket.ts'
import type { Positions } from './sync.ts'
import { Timeline } from './timeline.ts'

/**
 * Makes a client for one user of one server. Nothing is sent before it is asked to.
 *
 * @example
 * const client = createClient({ url: 'http://127.0.0.1:8000' })
 * await client.login('alice', 'correct horse')
 * client.on('message.created', ({ room, data }) => console.log(room, data.sender.username, data.content))
 * client.connect()
 * await client.open(room)
 * await client.send(room, 'hello')
 */
export const createClient = (options: ClientOptions): Client => new Client(options)

/**
 * Text, or a message with mentions, a reply or a `cid` of the host's own making.
 *
 * @example
 * await client.send(room, { content: 'so am I', reply_to: message.id })
 */
export type Draft = string | Omit<InputOf<'messages.send'>, 'room'>

/**
 * One user's view of one server: calls, the connection and what comes over it. Made by {@link createClient}. Calls reject with a
 * `ChatError` of the protocol, or with a `ConnectionError` where a read found no server.
 *
 * @example
 * await using client = createClient({ url, session })
 * client.connect()
 * const { items } = await client.call('rooms.list', {})
 */
export class Client {
  readonly #platform: Platform
  readonly #listeners: Listeners<ClientEvents>
  readonly #rest: Rest
  readonly #sessions: Sessions
  readonly #link: Link
  readonly #outbox: Outbox
  /** The host keeps the login; that it could not is its own error and changes nothing here. */
  readonly #keep: (session: Session | null) => void
  /** Whose rooms and messages are kept here; somebody else's login drops them. */
  #user: string | null

  constructor(options: ClientOptions) {
    const doors = doorsOf(options.url)
    const platform: Platform = { ...platformDefaults, ...options.platform }
    const timing = { ...timingDefaults, ...options.timing }
    const emit = <K extends keyof ClientEvents>(name: K, value: ClientEvents[K]) => this.#listeners.emit(name, value)
    this.#platform = platform
    this.#user = options.session?.user.id ?? null
    const failed = options.onError ?? ((error: unknown) => void platform.setTimeout(() => raise(error), 0))
    this.#listeners = new Listeners(failed)
    this.#keep = guarded(options.onSession, failed)
    this.#rest = new Rest({ url: doors.rest, platform, timeout_ms: options.timeout_ms ?? 30_000 })
    this.#sessions = new Sessions({
      rest: this.#rest,
      platform,
      initial: options.session ?? null,
      source: options.token ?? null,
      changed: (session, error) => this.#sessionChanged(session, error),
    })
    this.#link = new Link({
      options: { ...options, onFrame: guarded(options.onFrame, failed) },
      doors,
      rest: this.#rest,
      platform,
      timing,
      sessions: this.#sessions,
      emit,
      ready: () => this.#outbox.wake(),
    })
    this.#outbox = new Outbox({
      send: (input) => this.call('messages.send', input),
      changed: (outgoing) => emit('outbox', outgoing),
      platform,
      backoff: timing.backoff,
      capacity: options.outboxCapacity ?? 1000,
    })
  }

  /** Who is signed in. */
  get user(): Profile | null {
    return this.#sessions.current?.user ?? null
  }

  /** The present login; `onSession` hears of every change. */
  get session(): Session | null {
    return this.#sessions.current
  }

  get status(): Status {
    return this.#link.status
  }

  /** Up to where events were delivered, to be kept as `resume` of a later client; null before the first connection was complete. */
  get positions(): Positions | null {
    return this.#link.positions
  }

  /** Messages that are neither acknowledged nor refused, each room's in the order of sending. */
  get unsent(): Outgoing[] {
    return this.#outbox.unsent
  }

  /** Heads and read markers of all rooms heard of. */
  get marks(): RoomMark[] {
    return this.#link.marks.all
  }

  /** Waits for events; gives back the way to stop. See {@link ClientEvents} for the names. */
  on<K extends keyof ClientEvents>(name: K, listener: (value: ClientEvents[K]) => void): () => void {
    return this.#listeners.on(name, listener)
  }

  /** Creates an account and signs in. */
  register(input: InputOf<'accounts.register'>): Promise<Profile> {
    return this.#sessions.register(input)
  }

  /** Signs in with a username or an e-mail address; `session: 'cookie'` leaves the refresh token to the browser. */
  login(username: string, password: string, options: Pick<InputOf<'accounts.login'>, 'session'> = {}): Promise<Profile> {
    return this.#sessions.login({ username, password, ...options })
  }

  /**
   * Renews the access token now; in a browser it also finds the cookie login of a former page. Where the application gives the tokens it
   * asks for one, and so signs in without a connection.
   */
  refresh(): Promise<void> {
    return this.#sessions.refresh()
  }

  /** Signs out, here or `everywhere`, and takes back what was not sent. Here it holds even if the server cannot be told, which rejects. */
  async logout({ everywhere = false }: { everywhere?: boolean } = {}): Promise<void> {
    this.#outbox.clear()
    this.#user = null
    const told = this.#sessions.logout(everywhere ? 'accounts.logout_all' : 'accounts.logout')
    this.#link.forget()
    await told
  }

  /** Keeps a connection from now on, or tries at once if it is waiting to. Listen to `status`, or await `ready()`. */
  connect(): void {
    if (!this.#sessions.reopen()) throw new ChatError('unauthenticated', { detail: 'Sign in before connecting.' })
    this.#link.start()
  }

  /** Resolves once the connection is ready; rejects if there is none and none is being tried. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settled = (status: Status) => {
        if (status.state === 'ready') resolve()
        else if (status.state === 'offline' || status.state === 'stopped') reject(this.#link.end(status))
        else return false
        return true
      }
      if (settled(this.status)) return
      const off = this.on('status', (status) => {
        if (settled(status)) off()
      })
    })
  }

  /** Ends the connection. Messages not sent yet stay, and go over HTTP or the next connection. */
  disconnect(): void {
    this.#link.stop()
  }

  /** Any operation of the catalog: over the connection when it is ready, else over HTTP. */
  async call<N extends OperationName>(name: N, input: InputOf<N>): Promise<OutputOf<N>> {
    const spec: Operation = operations[name]
    if (spec.auth === 'none') return this.#rest.call(name, input)
    const caller = this.#sessions.current
    try {
      return await this.#once(name, input, caller)
    } catch (error) {
      if (!(error instanceof ChatError && (error.code === 'unauthenticated' || error.code === 'token_expired')) || caller === null)
        throw error
      // Another call may have renewed it already.
      if (this.#sessions.current?.access_token === caller.access_token) await this.#sessions.tokenForCall(true)
      return this.#once(name, input, caller)
    }
  }

  /**
   * Sends a message for certain: it waits while there is no way to the server, keeps its place in the room, and is repeated with the
   * same `cid` until it is acknowledged (resolves) or definitely refused (rejects). `outbox` events tell how it fares.
   */
  send(room: string, draft: Draft): Promise<OutputOf<'messages.send'>> {
    const message = typeof draft === 'string' ? { content: draft } : draft
    const input: SendInput = { ...message, room, cid: message.cid ?? newCid(this.#platform) }
    return this.#outbox.add(input)
  }

  /** Takes back a message that is not acknowledged; it may arrive nevertheless if it was under way. */
  discard(cid: string): boolean {
    return this.#outbox.discard(cid)
  }

  /** Opens a room by its id on this and every later connection: its events, typing and receipts come, and what was missed is replayed. */
  open(room: string): Promise<void> {
    return this.#link.interest.open(room)
  }

  /** Closes a room: unless it is large, the durable events of one's own rooms still come. */
  close(room: string): void {
    this.#link.interest.close(room)
  }

  /** Hears of the presence of these users (by their ids, at most 200), instead of those named before. */
  watch(users: readonly string[]): void {
    this.#link.interest.watch(users)
  }

  /** The messages of a room, kept up to date from now on; `changed` is called after each change. Dispose it when nobody looks any more. */
  timeline(room: string, changed: () => void): Timeline {
    if (this.user === null) throw new ChatError('unauthenticated', { detail: 'Sign in before reading.' })
    const call: Client['call'] = (name, input) => this.call(name, input)
    const on: Client['on'] = (name, listener) => this.on(name, listener)
    return new Timeline({ room, me: this.user.id, call, on, changed })
  }

  /** Moves the read marker. */
  async read(room: string, n: number): Promise<void> {
    const { read } = await this.call('rooms.read', { room, n })
    this.#link.marks.read(room, read)
  }

  /** Ends everything: nothing is sent or tried again. */
  [Symbol.asyncDispose](): Promise<void> {
    this.disconnect()
    this.#outbox.clear()
    return Promise.resolve()
  }

  /** `caller`: who asked, where somebody was signed in. What one person asked for is not done as another. */
  async #once<N extends OperationName>(name: N, input: InputOf<N>, caller: Session | null): Promise<OutputOf<N>> {
    const live = ending.has(name) || !this.#isStill(caller) ? null : this.#link.call(name, input)
    if (live !== null) return live
    const token = await this.#sessions.tokenForCall()
    if (!this.#isStill(caller)) throw new ChatError('unauthenticated', { detail: 'Somebody else has signed in meanwhile.' })
    const answer = await this.#rest.call(name, input, { token })
    if (ending.has(name)) this.#sessions.over()
    return answer
  }

  #isStill(caller: Session | null): boolean {
    return caller === null || this.#sessions.current === null || this.#sessions.current.user.id === caller.user.id
  }

  #sessionChanged(session: Session | null, error: ChatError | null): void {
    this.#keep(session)
    if (session === null) this.#link.signedOut(error)
    else {
      const stranger = this.#user !== null && this.#user !== session.user.id
      this.#user = session.user.id
      if (stranger) {
        this.#outbox.clear()
        this.#link.forget()
      } else this.#link.renewed(session.access_token)
    }
    this.#listeners.emit('session', { session, error })
  }
}

/** They end the connection they would be asked over, and its answers with it. */
const ending: ReadonlySet<OperationName> = new Set(['accounts.logout', 'accounts.logout_all', 'accounts.delete'])

/** What a listener throws is the host's own error and reaches it as one. */
function raise(error: unknown): never {
  throw error
}
