import { ChatError, type OperationName, operations } from '@parlance/protocol'
import { ConnectionError } from './connection-error.ts'

type Call = {
  name: OperationName
  /** The input, as JSON text. */
  input: string
  /** `retry`: ask again on the next connection; `fail`: it may have happened; `drop`: of use on this connection only. */
  ifLost: 'retry' | 'fail' | 'drop'
  /** It has been on a wire. */
  tried: boolean
  resolve(output: unknown): void
  reject(error: Error): void
}

type PendingDeps = {
  /** Puts a frame on the wire; only called between `connected` and `disconnected`. */
  send(frame: string): void
}

/**
 * Calls that wait for their answer on the socket, in the order they were made, at most so many under way at once. When the connection
 * goes, reads and whatever carries a `cid` are asked again on the next one; any other write under way is rejected as `unknown_outcome`.
 */
export class Pending {
  readonly #deps: PendingDeps
  readonly #sent = new Map<number, Call>()
  #waiting: Call[] = []
  #room = 0
  /** Waits for the last answer. */
  #rested: (() => void) | null = null
  #ids = 0

  constructor(deps: PendingDeps) {
    this.#deps = deps
  }

  /** Calls that have no answer yet. */
  get size(): number {
    return this.#sent.size + this.#waiting.length
  }

  /** `hasCid`: the input carries a `cid`, which makes a repetition harmless. */
  call(name: OperationName, input: string, { hasCid }: { hasCid: boolean }): Promise<unknown> {
    return this.#add(name, input, hasCid || operations[name].method === 'GET' ? 'retry' : 'fail')
  }

  /** A call whose answer only means something on this connection: rejected with a ConnectionError when it goes. */
  callHere(name: OperationName, input: string): Promise<unknown> {
    return this.#add(name, input, 'drop')
  }

  answered(id: number, outcome: { ok: unknown } | { err: ChatError }): void {
    const call = this.#sent.get(id)
    // An answer to what was given up meanwhile.
    if (call === undefined) return
    this.#sent.delete(id)
    if ('ok' in outcome) call.resolve(outcome.ok)
    else call.reject(outcome.err)
    this.#flush()
    this.#settle()
  }

  /** `capacity`: how many may wait for an answer at once. */
  connected(capacity: number): void {
    this.#room = Math.max(1, capacity)
    this.#flush()
  }

  disconnected(): void {
    this.#room = 0
    this.#rested = null
    // What was under way goes before what was not, so that the next connection sees the same order.
    const all = [...this.#sent.values(), ...this.#waiting]
    this.#sent.clear()
    this.#waiting = all.filter((call) => call.ifLost === 'retry' || (call.ifLost === 'fail' && !call.tried))
    for (const call of all) {
      if (call.ifLost === 'drop') call.reject(new ConnectionError('The connection was lost before the answer came.'))
      else if (call.ifLost === 'fail' && call.tried) call.reject(unknown())
    }
  }

  /** Puts nothing more on this connection, and calls back when everything under way is answered: another one can take over without a loss. */
  rest(done: () => void): void {
    this.#room = 0
    this.#rested = done
    this.#settle()
  }

  /** There will be no next connection: what was never sent gets `error`, a write that was keeps its doubt. */
  abandon(error: Error): void {
    this.disconnected()
    const waiting = this.#waiting
    this.#waiting = []
    for (const call of waiting) call.reject(call.tried && operations[call.name].method !== 'GET' ? unknown() : error)
  }

  #add(name: OperationName, input: string, ifLost: Call['ifLost']): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, input, ifLost, tried: false, resolve, reject })
      this.#flush()
    })
  }

  #settle(): void {
    if (this.#sent.size > 0) return
    const done = this.#rested
    this.#rested = null
    done?.()
  }

  #flush(): void {
    while (this.#sent.size < this.#room) {
      const call = this.#waiting.shift()
      if (call === undefined) return
      this.#ids += 1
      call.tried = true
      this.#sent.set(this.#ids, call)
      this.#deps.send(`{"id":${this.#ids},"op":"${call.name}","in":${call.input}}`)
    }
  }
}

const unknown = () => new ChatError('unknown_outcome', { detail: 'The connection was lost before the answer came.' })
