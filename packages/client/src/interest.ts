import { ChatError, errors, idPattern, limits, type UpFrame } from '@parlance/protocol'
import { ConnectionError } from './connection-error.ts'
import type { Platform } from './platform.ts'

type InterestDeps = {
  send(frame: UpFrame['open'] | UpFrame['close'] | UpFrame['watch']): boolean
  /** Where to replay a room from when it is opened. */
  position(room: string): number | null
  refused(room: string, error: ChatError): void
  platform: Pick<Platform, 'setTimeout'>
}

const isId = (text: string): boolean => new RegExp(idPattern).test(text)

type Opening = { confirmed: boolean; waiters: { resolve(): void; reject(error: Error): void }[] }

/** The rooms open and the people watched. A server knows them per connection, so each new one is told again. */
export class Interest {
  readonly #deps: InterestDeps
  readonly #rooms = new Map<string, Opening>()
  #users: string[] = []
  #ready = false

  constructor(deps: InterestDeps) {
    this.#deps = deps
  }

  /** Every room asked for, confirmed or not. */
  get rooms(): string[] {
    return [...this.#rooms.keys()]
  }

  /** The server has confirmed on this connection that the room is open. */
  isOpen(room: string): boolean {
    return this.#rooms.get(room)?.confirmed ?? false
  }

  /** A frame that does not fit would end the connection for good, so it is refused here. */
  open(room: string): Promise<void> {
    if (!isId(room)) return Promise.reject(new ChatError('invalid_input', { detail: 'A room is opened by its id.' }))
    const opening = this.#rooms.get(room) ?? { confirmed: false, waiters: [] }
    if (opening.confirmed) return Promise.resolve()
    const fresh = !this.#rooms.has(room)
    this.#rooms.set(room, opening)
    return new Promise((resolve, reject) => {
      opening.waiters.push({ resolve, reject })
      if (fresh) this.#ask(room)
    })
  }

  close(room: string): void {
    if (!this.#rooms.has(room)) return
    this.forget(room)
    if (this.#ready) this.#deps.send({ close: room })
  }

  /** The room is no longer to be had: nothing is said to the server. */
  forget(room: string): void {
    const opening = this.#rooms.get(room)
    this.#rooms.delete(room)
    for (const { reject } of opening?.waiters ?? []) reject(new ConnectionError('The room was closed before it was open.'))
  }

  forgetAll(): void {
    for (const room of this.rooms) this.forget(room)
    this.#users = []
  }

  watch(users: readonly string[]): void {
    if (users.length > limits.watch || !users.every(isId))
      throw new ChatError('invalid_input', { detail: `Users are watched by their ids, ${limits.watch} at most.` })
    this.#users = [...users]
    if (this.#ready) this.#deps.send({ watch: this.#users })
  }

  ready(): void {
    this.#ready = true
    for (const room of this.#rooms.keys()) this.#ask(room)
    if (this.#users.length > 0) this.#deps.send({ watch: this.#users })
  }

  disconnected(): void {
    this.#ready = false
    for (const opening of this.#rooms.values()) opening.confirmed = false
  }

  /** There will be no further connection: nobody waits any longer, but what was asked for is kept for the next `connect()`. */
  abandon(error: Error): void {
    this.disconnected()
    for (const opening of this.#rooms.values()) for (const { reject } of opening.waiters.splice(0)) reject(error)
  }

  opened(room: string): void {
    const opening = this.#rooms.get(room)
    if (opening === undefined) return
    opening.confirmed = true
    for (const { resolve } of opening.waiters.splice(0)) resolve()
  }

  refused(room: string, error: ChatError): void {
    const opening = this.#rooms.get(room)
    if (opening === undefined) return
    if (errors[error.code].retry !== 'no') {
      this.#deps.platform.setTimeout(() => {
        if (this.#rooms.get(room) === opening && !opening.confirmed) this.#ask(room)
      }, error.retryMs ?? 1000)
      return
    }
    this.#rooms.delete(room)
    for (const { reject } of opening.waiters) reject(error)
    this.#deps.refused(room, error)
  }

  #ask(room: string): void {
    const after = this.#deps.position(room)
    if (this.#ready) this.#deps.send({ open: room, ...(after !== null && { after }) })
  }
}
