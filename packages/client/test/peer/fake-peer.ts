import { ChatError, type DownFrame, limits, type OperationName, operations } from '@parlance/protocol'
import type { Server } from 'bun'
import { Accounts, profile } from './accounts.ts'
import { type Answers, answersOf } from './answers.ts'
import { askedBy, problem } from './rest-door.ts'
import { type Connection, SocketDoor, type SocketState } from './socket-door.ts'
import { valid } from './valid.ts'
import { type Person, World } from './world.ts'

type Down = DownFrame[keyof DownFrame]
export type Call = { op: OperationName; input: Record<string, unknown>; door: 'socket' | 'rest' }

/** What a peer does with a call: `silent` does it and never answers, `cut` does it and drops the connection, an error does nothing. */
export type Behaviour = 'answer' | 'silent' | 'cut' | ChatError

/**
 * A scripted server on a real loopback socket that speaks parlance.v1 and REST. It checks every frame of either side against the
 * published schema and keeps what was wrong in `faults`, which disposing throws.
 */
export class FakePeer implements AsyncDisposable {
  readonly faults: string[] = []
  /** Every call that arrived, in order. */
  readonly calls: Call[] = []
  epoch = 'e1'
  heartbeat: number = limits.heartbeat_ms
  /** Longest gap replayed on resume. */
  replayLimit: number = limits.replay_room_events
  /** Sockets are refused before they open. */
  deaf = false
  behave: (call: Call) => Behaviour = () => 'answer'
  /** What the wire makes of a frame with events or heads. */
  wire: (frame: Down) => Down[] = (frame) => [frame]
  readonly world = new World((news) => this.door.news(news))
  readonly accounts = new Accounts(this.world)
  readonly door: SocketDoor = new SocketDoor(this)
  readonly #answers: Answers = answersOf(this.world)
  #server: Server<SocketState>
  /** Kept over a restart. */
  #port: number
  #sockets = 0

  constructor() {
    this.#server = this.#listen(0)
    this.#port = this.#server.port ?? 0
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** The latest connection that said hello. */
  get latest(): Connection {
    const found = this.door.connections.findLast(({ hello }) => hello !== null)
    if (found === undefined) throw new Error('no client has said hello')
    return found
  }

  /** The process is gone: nothing listens and every socket is dead. */
  async stop(): Promise<void> {
    await this.#server.stop(true)
  }

  restart(): void {
    this.#server = this.#listen(this.#port)
  }

  /** Every connection is gone, without a word. */
  cut(): void {
    for (const { socket } of this.door.live) socket.terminate()
  }

  close(code: number, bye?: DownFrame['bye']['bye']): void {
    for (const connection of this.door.live) {
      if (bye !== undefined) this.door.send(connection, 'bye', { bye })
      connection.socket.close(code)
    }
  }

  /** A frame to everybody connected, as it is. */
  broadcast<K extends keyof DownFrame>(kind: K, frame: DownFrame[K]): void {
    for (const connection of this.door.live) this.door.send(connection, kind, frame)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    if (this.faults.length > 0) throw new Error(`wrong on the wire: ${this.faults.join('; ')}`)
  }

  /** Does what a call asks, as the script wants it; throws the refusal. */
  perform(call: Call, caller: { token: string | null; person: Person | null }): { behaviour: Behaviour; output: unknown } {
    this.calls.push(call)
    const behaviour = this.behave(call)
    if (behaviour instanceof ChatError) throw behaviour
    const spec = operations[call.op]
    if (!valid(spec.in, call.input)) {
      this.faults.push(`input of ${call.op}: ${JSON.stringify(call.input)}`)
      throw new ChatError('invalid_input')
    }
    const output = spec.auth === 'none' ? this.#signIn(call) : this.#answer(call, caller)
    if (!valid(spec.out, output)) this.faults.push(`output of ${call.op}: ${JSON.stringify(output)}`)
    return { behaviour, output }
  }

  #listen(port: number): Server<SocketState> {
    return Bun.serve<SocketState>({
      hostname: '127.0.0.1',
      port,
      fetch: (request, server) => this.#request(request, server),
      websocket: {
        open: (socket) => this.door.opened(socket),
        message: (socket, text) => this.door.heard(socket, String(text)),
      },
    })
  }

  async #request(request: Request, server: Server<SocketState>): Promise<Response | undefined> {
    if (new URL(request.url).pathname === '/ws') {
      this.#sockets += 1
      if (this.deaf) return new Response(null, { status: 503 })
      if (request.headers.get('sec-websocket-protocol') !== 'parlance.v1') this.faults.push('no subprotocol')
      return server.upgrade(request, { data: { id: this.#sockets } }) ? undefined : new Response(null, { status: 400 })
    }
    try {
      const { name, input, token, status } = await askedBy(request)
      const { behaviour, output } = this.perform({ op: name, input, door: 'rest' }, { token, person: null })
      if (behaviour !== 'answer') return new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'content-type': 'text/html' } })
      return status === 204 ? new Response(null, { status }) : Response.json(output, { status })
    } catch (error) {
      return problem(error instanceof ChatError ? error : new ChatError('internal', { detail: String(error) }))
    }
  }

  #signIn({ op, input }: Call): unknown {
    const given = input as { username: string; password: string; refresh_token?: string }
    if (op === 'accounts.register') return this.accounts.register(given)
    return op === 'accounts.login' ? this.accounts.login(given) : this.accounts.refresh(given.refresh_token)
  }

  #answer({ op, input }: Call, { token, person }: { token: string | null; person: Person | null }): unknown {
    const me = person ?? this.accounts.bearer(token)
    if (op === 'accounts.me' || op === 'accounts.update') return profile(me)
    if (op === 'accounts.logout') {
      this.accounts.logout(token ?? '')
      return null
    }
    const answer = (this.#answers as unknown as Record<string, ((me: Person, given: unknown) => unknown) | undefined>)[op]
    if (answer === undefined) throw new Error(`the peer does not answer ${op}`)
    return answer(me, input)
  }
}
