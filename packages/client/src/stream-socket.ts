import { ChatError, limits, type OperationName, type UpFrame } from '@parlance/protocol'
import { type Incoming, readFrame } from './incoming.ts'
import type { Platform, SocketLike } from './platform.ts'
import { problemOf, readBody, type Refusal, type Rest } from './rest.ts'
import { type Bytes, serverSentEvents } from './server-sent-events.ts'

type StreamSocketDeps = {
  /** Address of the server, without the path of the API. */
  url: string
  platform: Platform
  rest: Rest
}

type SocketEvents = { open: void; error: void; message: { data: unknown }; close: { code: number; reason: string } }
type Listeners = { [K in keyof SocketEvents]: ((event: SocketEvents[K]) => void)[] }
type Frame<K extends keyof UpFrame> = UpFrame[K]

/** How a refused stream ends, as a socket would say it. */
const closeCodes: Partial<Record<ChatError['code'], number>> = {
  unauthenticated: 4401,
  token_expired: 4401,
  suspended: 4403,
  rate_limited: 4429,
  draining: 4503,
}

/**
 * A socket made of HTTP, for where no WebSocket gets through: frames come from the stream of the own log, operations go out as requests, and
 * what a socket would replay is fetched. To the rest of the client it is a socket like any other. The rooms open and the users watched are
 * part of the stream's address, so that a change of them begins a new stream, behind the last one.
 */
export class StreamSocket implements SocketLike {
  readonly #deps: StreamSocketDeps
  readonly #listeners: Listeners = { open: [], error: [], message: [], close: [] }
  readonly #rooms = new Set<string>()
  /** Those that the present stream has open. */
  readonly #opened = new Set<string>()
  /** Up to where each room was told. */
  readonly #told = new Map<string, number>()
  #watched: readonly string[] = []
  #token = ''
  #lastId: string | null = null
  #stop = new AbortController()
  #isGreeted = false
  #isReady = false
  #isDue = false
  #isClosed = false

  constructor(deps: StreamSocketDeps) {
    this.#deps = deps
    deps.platform.setTimeout(() => {
      if (!this.#isClosed) this.#tell('open', undefined)
    }, 0)
  }

  addEventListener<K extends keyof SocketEvents>(type: K, listener: (event: SocketEvents[K]) => void): void {
    this.#listeners[type].push(listener)
  }

  send(text: string): void {
    const frame = JSON.parse(text) as UpFrame[keyof UpFrame]
    if ('hello' in frame) this.#hello(frame)
    else if ('op' in frame) void this.#call(frame)
    else if ('open' in frame) this.#open(frame)
    else if ('close' in frame) this.#rooms.delete(frame.close)
    else if ('auth' in frame) this.#renew(frame)
    else if ('watch' in frame) {
      this.#watched = frame.watch.slice(0, limits.stream_watch)
      this.#soon()
    }
  }

  close(code = 1000, reason = ''): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stop.abort()
    this.#tell('close', { code, reason })
  }

  #hello({ hello: { token, resume } }: Frame<'hello'>): void {
    this.#token = token
    if (resume !== undefined) {
      this.#lastId = `${resume.epoch}.${resume.useq}`
      for (const [room, at] of Object.entries(resume.rooms)) this.#told.set(room, at)
    }
    void this.#follow()
  }

  #renew({ auth }: Frame<'auth'>): void {
    this.#token = auth
    this.#soon()
  }

  #open({ open }: Frame<'open'>): void {
    if (this.#opened.has(open)) {
      this.#rooms.add(open)
      return this.#receive({ opened: open, seq: this.#told.get(open) ?? 0 })
    }
    if (this.#rooms.size >= limits.stream_rooms) {
      return this.#receive({ refused: open, err: { code: 'rate_limited', detail: `at most ${limits.stream_rooms} rooms may be open` } })
    }
    this.#rooms.add(open)
    this.#soon()
  }

  async #call({ id, op, in: input }: Frame<'op'>): Promise<void> {
    try {
      // The caller's types were those of the operation.
      const ok = await this.#deps.rest.call(op as OperationName, input as never, { token: this.#token })
      this.#receive({ id, ok })
    } catch (error) {
      // A read without an answer: the way is broken, and the next connection asks again.
      if (error instanceof ChatError) this.#receive({ id, err: refusalOf(error) })
      else this.close(1006)
    }
  }

  /** Changes that come together make one new stream. */
  #soon(): void {
    if (this.#isDue || !this.#isGreeted) return
    this.#isDue = true
    this.#deps.platform.setTimeout(() => {
      this.#isDue = false
      if (!this.#isClosed) void this.#follow()
    }, 0)
  }

  async #follow(): Promise<void> {
    this.#stop.abort()
    const stop = new AbortController()
    this.#stop = stop
    this.#isGreeted = true
    try {
      const body = await this.#ask(stop.signal)
      this.#opened.clear()
      for await (const { id, data } of serverSentEvents(body)) {
        if (stop.signal.aborted) return
        if (data === null) this.#receive({ pong: 1 })
        else await this.#take(data)
        this.#lastId = id ?? this.#lastId
      }
      if (!stop.signal.aborted) this.close(1006)
    } catch (error) {
      if (!stop.signal.aborted) this.close(error instanceof ChatError ? (closeCodes[error.code] ?? 1006) : 1006)
    }
  }

  async #ask(signal: AbortSignal): Promise<Bytes> {
    const { url, platform } = this.#deps
    const query = new URLSearchParams()
    if (this.#rooms.size > 0) query.set('open', [...this.#rooms].join(','))
    if (this.#watched.length > 0) query.set('watch', this.#watched.join(','))
    const answer = await platform.fetch(`${url}/api/v1/me/stream?${query.toString()}`, {
      method: 'GET',
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${this.#token}`,
        ...(this.#lastId !== null && { 'last-event-id': this.#lastId }),
      },
      credentials: 'omit',
      signal,
    })
    if (answer.status === 200 && answer.body) return answer.body
    throw problemOf(answer.status, await readBody(answer)) ?? new Error(`no stream (HTTP ${answer.status})`)
  }

  /** What a socket would not have said on one connection is left out; what it would have replayed is fetched, before what follows. */
  async #take(data: string): Promise<void> {
    const incoming = readFrame(data)
    if (incoming === null) return
    const isFirst = !this.#isReady
    switch (incoming.kind) {
      case 'heads':
        return await this.#heads(incoming.frame.heads, data)
      case 'welcome':
        return isFirst ? this.#pass(data) : undefined
      case 'ready':
        this.#isReady = true
        if (isFirst) this.#pass(data)
        // Another database: only a new hello can say what that means.
        else if (incoming.frame.ready.mode === 'reset') this.close(1006)
        return
      case 'bye':
        this.#pass(data)
        return this.close(incoming.frame.bye.code)
      default:
        this.#note(incoming)
        this.#pass(data)
    }
  }

  #note({ kind, frame }: Incoming): void {
    if (kind === 'ev') this.#told.set(frame.room, frame.seq)
    else if (kind === 'log') this.#told.set(frame.log.room, frame.log.upto)
    else if (kind === 'opened') this.#opened.add(frame.opened)
    else if (kind === 'refused') this.#rooms.delete(frame.refused)
  }

  async #heads(heads: readonly { room: string; seq: number; n: number }[], data: string): Promise<void> {
    const behind: [string, number, number][] = []
    for (const { room, seq, n } of heads) {
      const told = this.#told.get(room)
      if (told !== undefined && told < seq && seq - told <= limits.replay_room_events) await this.#replay(room, told)
      else if (told !== undefined && told < seq) behind.push([room, seq, n])
      this.#told.set(room, Math.max(seq, this.#told.get(room) ?? 0))
    }
    if (!this.#isReady) this.#pass(data)
    else if (behind.length > 0) this.#receive({ head: behind })
  }

  async #replay(room: string, after: number): Promise<void> {
    try {
      const log = await this.#deps.rest.call('rooms.events', { room, after }, { token: this.#token })
      this.#receive({ log })
      this.#told.set(room, log.upto)
    } catch (error) {
      // A removal meanwhile, or a limit: the head says that the room is behind, and whoever needs it asks.
      if (!(error instanceof ChatError)) throw error
    }
  }

  #receive(frame: object): void {
    this.#pass(JSON.stringify(frame))
  }

  #pass(data: string): void {
    if (!this.#isClosed) this.#tell('message', { data })
  }

  #tell<K extends keyof SocketEvents>(type: K, event: SocketEvents[K]): void {
    for (const listener of this.#listeners[type]) listener(event)
  }
}

const refusalOf = ({ code, detail, retryMs, faults }: ChatError): Refusal => ({
  code,
  detail,
  ...(retryMs !== undefined && { retry_ms: retryMs }),
  ...(faults !== undefined && { errors: faults }),
})
