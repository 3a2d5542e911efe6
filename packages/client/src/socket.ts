import { type DownFrame, type Hello, limits, subprotocol, type UpFrame, verdictOf } from '@parlance/protocol'
import { type Backoff, backoffDelay, toldDelay } from './backoff.ts'
import { type Incoming, readFrame } from './incoming.ts'
import { type Platform, type SocketLike, socketConstructor } from './platform.ts'
import { Probe } from './probe.ts'

/**
 * How the connection stands. `waiting`: lost, the next attempt comes after `retry_ms`; `code` is the close code, or null where the server
 * was not reached. `ready` with `via: 'stream'`: no WebSocket gets through, so events come as server-sent events and calls go over HTTP; a
 * socket is tried again now and then. `stopped`: there will be no further attempt unless somebody calls `connect()` again: the server's verdict was no
 * (`code`), or the login has ended (`error`).
 *
 * @example
 * client.on('status', (status) => { if (status.state === 'stopped') askToSignIn(status.error) })
 */
export type Status =
  | { state: 'offline' }
  | { state: 'connecting'; attempt: number }
  | { state: 'ready'; mode: DownFrame['ready']['ready']['mode']; via?: 'stream' }
  | { state: 'waiting'; attempt: number; retry_ms: number; code: number | null }
  | { state: 'stopped'; code: number | null; error: Error | null }

/**
 * How patient a connection is.
 *
 * @example
 * createClient({ url, timing: { backoff: { base_ms: 100, cap_ms: 5000 } } })
 */
export type Timing = {
  /** Without a frame for so long the connection counts as lost. */
  silence_ms: number
  /** Longest wait for the socket to open. */
  connect_ms: number
  /** A connection that held so long makes the next failure count as the first. */
  stable_ms: number
  backoff: Backoff
  /** After so many sockets in a row that never said a word the other way is tried. */
  fallback_after: number
  /** How often a socket is tried while the other way is in use. */
  probe: Backoff
}

export const timingDefaults: Timing = {
  silence_ms: limits.silence_ms,
  connect_ms: 10_000,
  stable_ms: 5000,
  backoff: { base_ms: 250, cap_ms: 30_000 },
  fallback_after: 2,
  probe: { base_ms: 10_000, cap_ms: 600_000 },
}

type SocketDeps = {
  url: string
  client: string
  platform: Platform
  timing: Timing
  /** A connection over HTTP alone, which looks like a socket. */
  fallback(): SocketLike
  /** Calls back once no call waits for an answer on this connection, and puts no more on it. */
  rest(done: () => void): void
  /** A good access token, `renew` for one newer than the last; rejects when there is none to be had now, or ever. */
  token(renew: boolean): Promise<string>
  /** The login is over: there will be no token. */
  isOver(): boolean
  resume(): Hello['resume']
  received(incoming: Incoming): void
  status(status: Status): void
  /** The raw text of every frame, before anything is made of it. */
  onText(text: string): void
}

/** One WebSocket at a time (where none gets through: what stands in for it), opened again until told to stop or the server's verdict says so. */
export class Socket {
  readonly #deps: SocketDeps
  #status: Status = { state: 'offline' }
  #socket: SocketLike | null = null
  /** Rises with each attempt; what belongs to an older one is ignored. */
  #generation = 0
  #failures = 0
  /** Sockets in a row that never said a word. */
  #misses = 0
  #viaStream = false
  #hasSpoken = false
  readonly #probe: Probe
  #renew = false
  /** The hello is out: other frames may follow it. */
  #greeted = false
  #bye: DownFrame['bye']['bye'] | null = null
  #readyAt = 0
  #heardAt = 0
  #saidAt = 0
  #heartbeat: number = limits.heartbeat_ms
  #retry: unknown = null
  #watchdog: unknown = null

  constructor(deps: SocketDeps) {
    this.#deps = deps
    const { url, platform, timing } = deps
    this.#probe = new Probe({
      url,
      protocols: [subprotocol],
      platform,
      backoff: timing.probe,
      connect_ms: timing.connect_ms,
      // Changes over between two calls, so that none is lost.
      opened: () =>
        deps.rest(() => {
          this.#misses = 0
          void this.#attempt()
        }),
    })
  }

  get status(): Status {
    return this.#status
  }

  /** Starts trying, or tries at once instead of waiting further. */
  start(): void {
    if (this.#status.state === 'connecting' || this.#status.state === 'ready') return
    this.#failures = 0
    void this.#attempt()
  }

  stop(status: Status): void {
    const socket = this.#end()
    socket?.close(1000)
    this.#set(status)
  }

  /** Sends a frame if there is a connection to put it on; says whether there was. */
  send(frame: UpFrame[keyof UpFrame]): boolean {
    return this.sendText(JSON.stringify(frame))
  }

  /** The same for a frame that is text already. */
  sendText(text: string): boolean {
    if (this.#socket === null || !this.#greeted) return false
    this.#saidAt = this.#deps.platform.now()
    try {
      this.#socket.send(text)
      return true
    } catch {
      // Closing: the close event follows and settles whatever waits for an answer.
      return false
    }
  }

  async #attempt(): Promise<void> {
    this.#end()?.close(1000)
    const generation = this.#generation
    this.#set({ state: 'connecting', attempt: this.#failures })
    try {
      const token = await this.#deps.token(this.#renew)
      if (generation !== this.#generation) return
      this.#renew = false
      this.#open(token)
    } catch (error) {
      if (generation !== this.#generation) return
      if (this.#deps.isOver()) this.stop({ state: 'stopped', code: null, error: error instanceof Error ? error : null })
      else this.#lost(null)
    }
  }

  #open(token: string): void {
    const { platform, timing, url, client, onText } = this.#deps
    this.#viaStream = this.#misses >= timing.fallback_after
    this.#hasSpoken = false
    const socket = this.#viaStream ? this.#deps.fallback() : new (socketConstructor(platform))(url, [subprotocol])
    this.#socket = socket
    const mine = () => this.#socket === socket
    this.#watch(timing.connect_ms)
    socket.addEventListener('open', () => {
      if (!mine()) return
      this.#watch(timing.silence_ms)
      const resume = this.#deps.resume()
      this.#greeted = true
      this.send({ hello: { token, client, ...(resume && { resume }) } })
    })
    socket.addEventListener('message', ({ data }) => {
      if (!mine() || typeof data !== 'string') return
      onText(data)
      this.#heard(data)
    })
    socket.addEventListener('close', ({ code }) => {
      if (mine()) this.#lost(code)
    })
    // The close event that follows says all there is to know; without a listener some platforms throw.
    socket.addEventListener('error', () => undefined)
  }

  #heard(text: string): void {
    this.#heardAt = this.#deps.platform.now()
    this.#hasSpoken = true
    let incoming: Incoming | null
    try {
      incoming = readFrame(text)
    } catch {
      this.#abandon()
      return
    }
    if (incoming?.kind === 'welcome') {
      this.#heartbeat = incoming.frame.welcome.heartbeat
      this.#watch(this.#deps.timing.silence_ms)
    }
    if (incoming?.kind === 'bye') this.#bye = incoming.frame.bye
    if (incoming !== null) this.#deps.received(incoming)
    if (incoming?.kind === 'ready' && this.#socket !== null) {
      this.#readyAt = this.#heardAt
      this.#set({ state: 'ready', mode: incoming.frame.ready.mode, ...(this.#viaStream && { via: 'stream' }) })
      if (this.#viaStream) this.#probe.start()
      else this.#misses = 0
    }
    this.#keepAlive()
  }

  /** Also run for what is heard: a browser may hold back the timers of a hidden page, but not what arrives. */
  #keepAlive(): void {
    if (this.#greeted && this.#deps.platform.now() - this.#saidAt >= this.#heartbeat * 0.8) this.send({ ping: 1 })
  }

  #watch(silence: number): void {
    const { platform } = this.#deps
    platform.clearTimeout(this.#watchdog)
    this.#heardAt = platform.now()
    const look = () => {
      const left = silence - (platform.now() - this.#heardAt)
      if (left <= 0) {
        this.#abandon()
        return
      }
      this.#keepAlive()
      this.#watchdog = platform.setTimeout(look, Math.min(left, this.#heartbeat / 4))
    }
    this.#watchdog = platform.setTimeout(look, Math.min(silence, this.#heartbeat / 4))
  }

  /** Gives a connection up without waiting for the other side, which may never answer the close. */
  #abandon(): void {
    const socket = this.#socket
    this.#lost(4408)
    socket?.close(4408)
  }

  #lost(code: number | null): void {
    const { platform, timing } = this.#deps
    const bye = this.#bye
    const held = this.#status.state === 'ready' && platform.now() - this.#readyAt >= timing.stable_ms
    // A server that is away answers neither way: a stream that fails, too, begins the count anew.
    if (!this.#hasSpoken) this.#misses = this.#viaStream ? 0 : this.#misses + 1
    this.#end()
    const why = code !== null && code >= 4000 ? code : (bye?.code ?? code)
    const verdict = why === null ? 'yes' : verdictOf(why)
    if (verdict === 'no') {
      this.#set({ state: 'stopped', code: why, error: null })
      return
    }
    const first = held || this.#failures === 0
    this.#failures = held ? 1 : this.#failures + 1
    this.#renew ||= verdict === 'refresh'
    const random = () => platform.random()
    const told = bye?.reconnect_ms ?? null
    const backoff = verdict === 'refresh' && first ? 0 : backoffDelay(this.#failures - 1, timing.backoff, random)
    const wait = told === null ? backoff : Math.max(backoff, toldDelay({ ...bye, reconnect_ms: told }, random))
    this.#retry = platform.setTimeout(() => void this.#attempt(), wait)
    this.#set({ state: 'waiting', attempt: this.#failures, retry_ms: wait, code: why })
  }

  /** Forgets the present attempt and its timers; gives back the socket that may still want closing. */
  #end(): SocketLike | null {
    const { platform } = this.#deps
    const socket = this.#socket
    this.#generation += 1
    this.#socket = null
    this.#greeted = false
    this.#bye = null
    platform.clearTimeout(this.#retry)
    platform.clearTimeout(this.#watchdog)
    this.#probe.stop()
    return socket
  }

  #set(status: Status): void {
    this.#status = status
    this.#deps.status(status)
  }
}
