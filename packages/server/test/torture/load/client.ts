import { ChatError, type InputOf, type OperationName, operations, type OutputOf, type UpFrame, type WireError } from '@parlance/protocol'
import { checkAgainst, readFrame } from '../../harness/schemas.ts'
import { type History, viewOf } from '../history.ts'
import { WireSocket } from '../wire/websocket.ts'
import { Reader } from './reader.ts'

export type Person = { id: string; username: string; token: string }

/** One message on its way: it stays here until somebody knows what became of it. */
export type Outgoing = { room: string; cid: string; body: string }

/** `found`: an earlier try had written it. */
export type Outcome = 'written' | 'found' | 'refused' | 'unanswered'

/** The connection went before the answer came. */
export class Lost extends Error {
  override readonly name = 'Lost'
}

type Pending = { op: OperationName; resolve(ok: unknown): void; reject(error: Error): void }

export type ClientDeps = {
  person: Person
  port: number
  history: History
  /** Something came that is not what is published. */
  unpublished(error: Error): void
}

/** One user of the load: a socket, what it reads, and the sends it has to account for. */
export class LoadClient {
  readonly person: Person
  readonly reader: Reader
  /** Sends without an answer, in the order in which they were first made. */
  readonly unanswered = new Map<string, Outgoing>()
  readonly #deps: ClientDeps
  #wire: WireSocket | null = null
  #connections = 0
  #conn = ''
  #ids = 0
  #pending = new Map<number, Pending>()
  #ready: PromiseWithResolvers<undefined> | null = null
  #gone: PromiseWithResolvers<undefined> = Promise.withResolvers()

  constructor(deps: ClientDeps) {
    this.#deps = deps
    this.person = deps.person
    this.reader = new Reader({ user: deps.person.id, history: deps.history, ask: (room, after) => this.#ask(room, after) })
  }

  get conn(): string {
    return this.#conn
  }

  get isReady(): boolean {
    return this.#wire?.isOpen === true && this.#ready === null
  }

  /** Settles when the present connection is gone. */
  get closed(): Promise<undefined> {
    return this.#gone.promise
  }

  get inFlight(): number {
    return this.#pending.size
  }

  /** Says hello with what is known of former connections; settles when everything is replayed. */
  async connect(): Promise<void> {
    const ready = Promise.withResolvers<undefined>()
    this.#ready = ready
    // Nobody may be waiting yet when the connection goes.
    ready.promise.catch(() => undefined)
    const handlers = { text: (text: string) => this.#take(text), closed: () => this.#closed() }
    this.#wire = await WireSocket.open({ port: this.#deps.port, path: '/ws' }, handlers)
    this.#connections += 1
    this.#gone = Promise.withResolvers()
    this.#conn = `${this.person.username}#${this.#connections}`
    const resume = this.reader.begin(this.#conn)
    this.frame({ hello: { token: this.person.token, client: 'torture', ...(resume && { resume }) } })
    await ready.promise
  }

  /** Cuts the connection as a network would. */
  cut(): void {
    this.#wire?.terminate()
  }

  frame(frame: UpFrame[keyof UpFrame]): void {
    this.#wire?.sendText(JSON.stringify(frame))
  }

  call<N extends OperationName>(op: N, input: InputOf<N>): Promise<OutputOf<N>> {
    if (!this.isReady) return Promise.reject(new Lost('not connected'))
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#ids += 1
    this.#pending.set(this.#ids, { op, resolve, reject })
    this.frame({ id: this.#ids, op, in: input })
    return promise as Promise<OutputOf<N>>
  }

  /** Sends a message and notes what became of it; again with the same cid if the answer was lost. */
  async send(outgoing: Outgoing): Promise<{ outcome: Outcome; message: string | null }> {
    const { room, cid, body } = outgoing
    const { history } = this.#deps
    const who = { user: this.person.id, conn: this.#conn }
    history.note(who, { kind: 'invoke', room, cid, body })
    this.unanswered.set(cid, outgoing)
    try {
      const { message, dup } = await this.call('messages.send', { room, cid, content: body })
      history.note(who, { kind: 'ok', room, cid, dup, view: viewOf(message) })
      this.unanswered.delete(cid)
      return { outcome: dup ? 'found' : 'written', message: message.id }
    } catch (error) {
      if (error instanceof ChatError && error.code !== 'unknown_outcome') {
        history.note(who, { kind: 'refused', room, cid, code: error.code })
        this.unanswered.delete(cid)
        return { outcome: 'refused', message: null }
      }
      history.note(who, { kind: 'unknown', room, cid })
      return { outcome: 'unanswered', message: null }
    }
  }

  #take(text: string): void {
    try {
      const seen = readFrame(text)
      if (seen.kind === 'ok') this.#answer(seen.frame.id, seen.frame.ok, null)
      else if (seen.kind === 'err') this.#answer(seen.frame.id, null, seen.frame.err)
      else {
        const greeting = this.#ready
        // From `ready` on the client may ask, and the reader does so at once.
        if (seen.kind === 'ready') this.#ready = null
        this.reader.take(seen)
        if (seen.kind === 'ready') greeting?.resolve(undefined)
      }
    } catch (error) {
      this.#deps.unpublished(error as Error)
    }
  }

  #answer(id: number, ok: unknown, err: WireError | null): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (pending === undefined) throw new Error(`an answer to nothing that was asked: ${id}`)
    if (err !== null) {
      pending.reject(
        new ChatError(err.code, err.retry_ms === undefined ? { detail: err.detail } : { detail: err.detail, retry_ms: err.retry_ms }),
      )
      return
    }
    checkAgainst(operations[pending.op].out, ok, `the answer to ${pending.op}`)
    pending.resolve(ok)
  }

  #ask(room: string, after: number): void {
    this.call('rooms.events', { room, after }).then(
      (log) => this.reader.answered(room, log),
      () => this.reader.unanswered(room),
    )
  }

  #closed(): void {
    const pending = [...this.#pending.values()]
    this.#pending = new Map()
    for (const { reject } of pending) reject(new Lost('the connection went'))
    this.#ready?.reject(new Lost('the connection went before ready'))
    this.#ready = null
    this.#gone.resolve(undefined)
  }
}
