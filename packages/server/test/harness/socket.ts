import {
  type DownFrame,
  findOperation,
  type Head,
  type Hello,
  type InputOf,
  type OperationName,
  type OutputOf,
  socketErrorsOf,
  type UpFrame,
} from '@parlance/protocol'
import { noteText } from './secrets.ts'
import { checkAgainst, type DownKind, readFrame, Refused, type Seen, Unpublished } from './schemas.ts'

/** How a socket ended, thrown at whoever still waited for a frame. */
export class SocketClosed extends Error {
  readonly code: number
  readonly reason: string

  constructor(code: number, reason: string) {
    super(`the socket was closed: ${code} ${reason}`)
    this.name = 'SocketClosed'
    this.code = code
    this.reason = reason
  }
}

export type Patience = { timeout_ms?: number }
export type Dialing = Patience & { path?: string; protocols?: string[]; headers?: Record<string, string>; tls?: { ca: string } }

type Greeting = { welcome: DownFrame['welcome']['welcome']; ready: DownFrame['ready']['ready']; heads: Head[] }
type Waiter = { look(): boolean; fail(error: Error): void }

const defaultPatience = 15_000

/** Opens a socket of the native API. `url` is that of the server (http or ws). */
export async function connect(
  url: string,
  { path = '/ws', protocols = [], headers = {}, tls, ...patience }: Dialing = {},
): Promise<TestSocket> {
  const address = new URL(path, url)
  address.protocol = address.protocol.replace('http', 'ws')
  const socket = new TestSocket(new WebSocket(address, { protocols, headers, ...(tls && { tls }) }))
  await socket.opened(patience)
  return socket
}

/**
 * A client of `/ws` that takes no frame on trust: each is checked against what is published, and unknown frames and fields fail whoever
 * waits, or, if nobody does, the test run. Disposing closes the socket and throws what was wrong.
 */
export class TestSocket implements AsyncDisposable {
  /** Every frame of the server so far, in the order they came. */
  readonly frames: Seen[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #socket: WebSocket
  readonly #asked = new Map<number, string>()
  readonly #waiters = new Set<Waiter>()
  #open = false
  #ended: Error | undefined
  #wrong: Error | undefined
  #lastId = 0
  #read = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string }>()
    this.closed = promise
    socket.addEventListener('open', () => {
      this.#open = true
      this.#wake()
    })
    socket.addEventListener('message', ({ data }) => this.#receive(data))
    socket.addEventListener('close', ({ code, reason }) => {
      this.#ended = new SocketClosed(code, reason)
      resolve({ code, reason })
      this.#wake()
    })
    // A close always follows, and says more.
    socket.addEventListener('error', () => {})
  }

  opened(patience?: Patience): Promise<true> {
    return this.#until('the socket to open', () => this.#open || undefined, patience) as Promise<true>
  }

  /** Says hello and waits for `ready`. What came before it can still be taken with `next`. */
  async hello(token: string, resume?: Hello['resume'], patience?: Patience): Promise<Greeting> {
    const from = this.frames.length
    this.send({ hello: { token, ...(resume && { resume }) } })
    const ready = await this.#until('ready', () => this.frames.slice(from).find((seen) => seen.kind === 'ready')?.frame.ready, patience)
    const since = this.frames.slice(from)
    const welcome = since.find((seen) => seen.kind === 'welcome')
    if (!welcome) throw new Unpublished('the greeting', ['ready came without welcome'], since)
    return { welcome: welcome.frame.welcome, ready, heads: since.flatMap((seen) => (seen.kind === 'heads' ? seen.frame.heads : [])) }
  }

  /** Calls an operation; a refusal is thrown as `Refused`. */
  async op<N extends OperationName>(name: N, input: InputOf<N>, patience?: Patience): Promise<OutputOf<N>> {
    this.#lastId += 1
    const id = this.#lastId
    const from = this.frames.length
    this.send({ id, op: name, in: input })
    const answer = await this.#until(
      `the answer to ${name}`,
      () => this.frames.slice(from).find((seen) => (seen.kind === 'ok' || seen.kind === 'err') && seen.frame.id === id),
      patience,
    )
    if (answer.kind === 'err') throw new Refused(name, answer.frame.err)
    if (answer.kind !== 'ok') throw new Error('unreachable')
    return answer.frame.ok as OutputOf<N>
  }

  /**
   * The next frame of a kind that fulfils the condition, among those after the last one this function gave; frames in between are passed
   * over. It may have come before the call.
   */
  async next<K extends DownKind>(kind: K, fits: (frame: DownFrame[K]) => boolean = () => true, patience?: Patience): Promise<DownFrame[K]> {
    return await this.#until(
      `a frame ${kind}${fits.length > 0 ? ` with ${fits.toString()}` : ''}`,
      () => {
        const index = this.frames.findIndex((seen, at) => at >= this.#read && seen.kind === kind && fits(seen.frame as DownFrame[K]))
        if (index < 0) return undefined
        this.#read = index + 1
        return this.frames[index]?.frame as DownFrame[K]
      },
      patience,
    )
  }

  /** Sends a frame as it is. */
  send(frame: UpFrame[keyof UpFrame]): void {
    this.sendRaw(JSON.stringify(frame))
  }

  /** Sends anything, well-formed or not. */
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void {
    if (typeof data === 'string') {
      noteText(data)
      this.#remember(data)
    }
    this.#socket.send(data)
  }

  close(code = 1000): void {
    this.#socket.close(code)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await this.closed
    if (this.#wrong) throw this.#wrong
  }

  /** Which operation an answer of the server belongs to; ids of frames that are no call stay unknown. */
  #remember(text: string): void {
    try {
      const { id, op } = JSON.parse(text) as { id?: unknown; op?: unknown }
      if (typeof id === 'number') this.#asked.set(id, String(op))
    } catch {
      // Not JSON: the server answers it by closing.
    }
  }

  #receive(data: unknown): void {
    try {
      if (typeof data !== 'string') throw new Unpublished('a frame', ['binary'], null)
      noteText(data)
      const seen = readFrame(data)
      if (seen.kind === 'ok' || seen.kind === 'err') this.#checkAnswer(seen)
      this.frames.push(seen)
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#wake()
  }

  #checkAnswer(seen: Seen & { kind: 'ok' | 'err' }): void {
    const name = this.#asked.get(seen.frame.id)
    if (name === undefined) throw new Unpublished('an answer', ['nobody asked under this id'], seen.frame)
    this.#asked.delete(seen.frame.id)
    const operation = findOperation(name)
    if (seen.kind === 'ok') {
      if (!operation) throw new Unpublished('an answer', [`there is no operation ${name}`], seen.frame)
      checkAgainst(operation.out, seen.frame.ok, `the answer to ${name}`)
      return
    }
    const codes = operation ? socketErrorsOf(operation) : ['unknown_operation', 'rate_limited', 'too_many_in_flight']
    if (!codes.includes(seen.frame.err.code)) throw new Unpublished('a refusal', [`not published for ${name}`], seen.frame)
  }

  #fail(error: Error): void {
    this.#wrong ??= error
    this.#ended ??= error
    this.#socket.close()
    if (this.#waiters.size > 0) return
    // Nobody waits who could fail: an uncaught error fails the test that is running.
    queueMicrotask(() => {
      throw error
    })
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      if (waiter.look()) this.#waiters.delete(waiter)
      else if (this.#ended) {
        this.#waiters.delete(waiter)
        waiter.fail(this.#ended)
      }
    }
  }

  #until<T>(what: string, look: () => T | undefined, { timeout_ms = defaultPatience }: Patience = {}): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const seen = () => this.frames.slice(-5).map(({ frame }) => JSON.stringify(frame).slice(0, 300))
    const timer = setTimeout(() => {
      this.#waiters.delete(waiter)
      reject(new Error(`waited ${timeout_ms} ms for ${what}; the last frames were\n${seen().join('\n')}`))
    }, timeout_ms)
    const waiter: Waiter = {
      look: () => {
        const found = look()
        if (found === undefined) return false
        clearTimeout(timer)
        resolve(found)
        return true
      },
      fail: (error) => {
        clearTimeout(timer)
        reject(error)
      },
    }
    this.#waiters.add(waiter)
    this.#wake()
    return promise
  }
}
