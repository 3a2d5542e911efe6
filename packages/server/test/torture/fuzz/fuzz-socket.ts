import { closeCodes, type ErrorCode, type OperationName, operations } from '@parlance/protocol'
import { eventually } from '../../harness/eventually.ts'
import { checkAgainst, readFrame } from '../../harness/schemas.ts'
import { opcodes, WireSocket } from '../wire/websocket.ts'
import type { Tally } from './tally.ts'

export type SocketAnswer = { ok: unknown } | { err: ErrorCode } | { closed: number }

/** Close codes of the WebSocket protocol for what breaks it. 1006 is how a runtime ends a socket whose frames it cannot even read. */
const protocolErrors = [1002, 1003, 1006, 1007, 1009]

/** One socket of the fuzzer: reads everything, believes nothing. */
export class FuzzSocket {
  readonly #tally: Tally
  #wire: WireSocket | null = null
  #ids = 0
  #pending = new Map<number, { op: OperationName; resolve(answer: SocketAnswer): void }>()
  #ready = Promise.withResolvers<boolean>()
  #pongs: (() => void)[] = []
  #subject: ((opened: boolean) => void) | null = null
  #closeCode: number | null = null

  private constructor(tally: Tally) {
    this.#tally = tally
  }

  static async open(port: number, tally: Tally): Promise<FuzzSocket> {
    const socket = new FuzzSocket(tally)
    const handlers = { text: (text: string) => socket.#take(text), closed: (code: number) => socket.#closed(code) }
    // A server that is just busy accepts a moment later.
    socket.#wire = await eventually(() => WireSocket.open({ port, path: '/ws' }, handlers))
    return socket
  }

  get isOpen(): boolean {
    return this.#closeCode === null
  }

  get closeCode(): number | null {
    return this.#closeCode
  }

  get inFlight(): number {
    return this.#pending.size
  }

  /** Says hello; false if the server did not like it. */
  hello(hello: unknown): Promise<boolean> {
    this.text(JSON.stringify({ hello }))
    return this.#patiently('ready', this.#ready.promise, false)
  }

  text(text: string): void {
    this.#wire?.sendText(text)
  }

  bytes(bytes: Uint8Array, opcode: number = opcodes.text): void {
    this.#wire?.sendFrame(opcode, bytes)
  }

  call(op: OperationName, input: unknown): Promise<SocketAnswer> {
    if (this.#closeCode !== null) return Promise.resolve({ closed: this.#closeCode })
    this.#ids += 1
    const id = this.#ids
    const answer = new Promise<SocketAnswer>((resolve) => this.#pending.set(id, { op, resolve }))
    this.text(JSON.stringify({ id, op, in: input }))
    return this.#patiently(`the answer to ${op}`, answer, { closed: 0 })
  }

  /** Opens a room; false if it was refused. */
  open(room: unknown, after: unknown): Promise<boolean> {
    const answer = new Promise<boolean>((resolve) => {
      this.#subject = resolve
    })
    this.text(JSON.stringify({ open: room, after }))
    return this.#patiently('opened or refused', answer, false)
  }

  /** Whether the socket still talks, after everything that was sent before. */
  async barrier(): Promise<boolean> {
    if (!this.isOpen) return false
    const pong = new Promise<boolean>((resolve) => this.#pongs.push(() => resolve(true)))
    this.text('{"ping":1}')
    return (await this.#patiently('pong', pong, false)) && this.isOpen
  }

  end(): void {
    this.#wire?.terminate()
  }

  async #patiently<T>(what: string, promise: Promise<T>, otherwise: T): Promise<T> {
    let timer: Timer | undefined
    const late = new Promise<T>((resolve) => {
      timer = setTimeout(() => {
        this.#tally.fail(`no ${what} within 15 s, and no close`)
        resolve(otherwise)
      }, 15_000)
    })
    const result = await Promise.race([promise, late])
    clearTimeout(timer)
    return result
  }

  #take(text: string): void {
    try {
      const seen = readFrame(text)
      if (seen.kind === 'ready') this.#ready.resolve(true)
      else if (seen.kind === 'pong') this.#pongs.shift()?.()
      else if (seen.kind === 'opened' || seen.kind === 'refused') this.#subject?.(seen.kind === 'opened')
      else if (seen.kind === 'err') this.#settle(seen.frame.id, { err: seen.frame.err.code })
      else if (seen.kind === 'ok') this.#settle(seen.frame.id, { ok: seen.frame.ok })
    } catch (error) {
      this.#tally.fail(`on a socket: ${String(error)}`)
    }
  }

  #settle(id: number, answer: SocketAnswer): void {
    const pending = this.#pending.get(id)
    // Spoilt frames may have carried any id.
    if (pending === undefined) return
    this.#pending.delete(id)
    if ('ok' in answer) checkAgainst(operations[pending.op].out, answer.ok, `the answer to ${pending.op}`)
    pending.resolve(answer)
  }

  #closed(code: number): void {
    this.#closeCode = code
    if (!(code in closeCodes) && !protocolErrors.includes(code))
      this.#tally.fail(`a socket was closed with ${code}, which is not published`)
    for (const { resolve } of this.#pending.values()) resolve({ closed: code })
    this.#pending.clear()
    for (const pong of this.#pongs.splice(0)) pong()
    this.#ready.resolve(false)
    this.#subject?.(false)
  }
}
