import { ChatError, errors, type InputOf, type OutputOf } from '@parlance/protocol'
import { type Backoff, backoffDelay } from './backoff.ts'
import type { Platform } from './platform.ts'

export type SendInput = InputOf<'messages.send'> & { cid: string }

/**
 * A message on its way out. `waiting`: its turn has not come, or it is tried again later; `sending`: asked, not answered; `sent` and
 * `refused` are final and are told once. `attempts` counts requests made.
 *
 * @example
 * client.on('outbox', ({ cid, state }) => bubble(cid).setState(state))
 */
export type Outgoing = {
  readonly room: string
  readonly cid: string
  readonly input: SendInput
  readonly state: 'waiting' | 'sending' | 'sent' | 'refused'
  readonly attempts: number
  readonly error?: Error
}

type Entry = { outgoing: Outgoing; resolve(output: OutputOf<'messages.send'>): void; reject(error: Error): void }

/** One room's messages in their order; `timer` runs while the first waits for another attempt. */
type Lane = { entries: Entry[]; busy: boolean; timer: unknown; failures: number; told: boolean }

type OutboxDeps = {
  send(input: SendInput): Promise<OutputOf<'messages.send'>>
  changed(outgoing: Outgoing): void
  platform: Pick<Platform, 'setTimeout' | 'clearTimeout' | 'random'>
  backoff: Backoff
  /** Messages held at once; beyond them a send is refused at once. */
  capacity: number
}

/** Refusals that end with a new login, not with another message. */
const signedOut = new Set(['unauthenticated', 'token_expired', 'invalid_refresh'])

/**
 * Messages not acknowledged yet. Those of one room leave one by one in their order, each again and again with the same `cid` until the
 * server has it or definitely refuses it; one that is refused lets the next go. Kept in memory only.
 */
export class Outbox {
  readonly #deps: OutboxDeps
  readonly #lanes = new Map<string, Lane>()
  #size = 0

  constructor(deps: OutboxDeps) {
    this.#deps = deps
  }

  /** Everything that is neither sent nor refused, per room in the order of sending. */
  get unsent(): Outgoing[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.entries.map(({ outgoing }) => outgoing))
  }

  add(input: SendInput): Promise<OutputOf<'messages.send'>> {
    const lane = this.#lanes.get(input.room) ?? { entries: [], busy: false, timer: null, failures: 0, told: false }
    if (this.#size >= this.#deps.capacity) {
      return Promise.reject(new ChatError('overloaded', { detail: `${this.#size} messages already wait to be sent.` }))
    }
    this.#lanes.set(input.room, lane)
    this.#size += 1
    return new Promise((resolve, reject) => {
      const outgoing: Outgoing = { room: input.room, cid: input.cid, input, state: 'waiting', attempts: 0 }
      lane.entries.push({ outgoing, resolve, reject })
      this.#deps.changed(outgoing)
      this.#pump(lane)
    })
  }

  /** The way to the server is open again: what only waited for that need not wait longer. */
  wake(): void {
    for (const lane of this.#lanes.values()) {
      if (lane.busy || lane.told) continue
      this.#rest(lane)
      this.#pump(lane)
    }
  }

  /** Takes a message out. One that has been asked for may still arrive, which its error says (`unknown_outcome`). */
  discard(cid: string): boolean {
    for (const lane of this.#lanes.values()) {
      const entry = lane.entries.find(({ outgoing }) => outgoing.cid === cid)
      if (entry === undefined) continue
      this.#drop(lane, entry, takenBack())
      if (!lane.busy) {
        this.#rest(lane)
        this.#pump(lane)
      }
      return true
    }
    return false
  }

  /** Takes everything out, of a room all at once: what waits behind a message that is taken out would else be sent in its place. */
  clear(): void {
    for (const [room, lane] of [...this.#lanes]) {
      this.#rest(lane)
      this.#lanes.delete(room)
      const entries = lane.entries.splice(0)
      this.#size -= entries.length
      for (const entry of entries) this.#refuse(entry, takenBack())
    }
  }

  #pump(lane: Lane): void {
    const entry = lane.entries[0]
    if (entry === undefined || lane.busy || lane.timer !== null) return
    lane.busy = true
    this.#change(entry, { state: 'sending', attempts: entry.outgoing.attempts + 1 })
    this.#deps
      .send(entry.outgoing.input)
      .then(
        (output) => this.#acknowledged(lane, entry, output),
        (error: unknown) => this.#failed(lane, entry, error instanceof Error ? error : new Error(String(error))),
      )
      .finally(() => {
        lane.busy = false
        this.#pump(lane)
      })
  }

  #acknowledged(lane: Lane, entry: Entry, output: OutputOf<'messages.send'>): void {
    lane.failures = 0
    if (!this.#remove(lane, entry)) return
    this.#change(entry, { state: 'sent' })
    entry.resolve(output)
  }

  #failed(lane: Lane, entry: Entry, error: Error): void {
    // Taken back meanwhile: its sender has its answer already.
    if (!lane.entries.includes(entry)) return
    const code = error instanceof ChatError ? error.code : null
    if (code !== null && errors[code].retry === 'no' && !signedOut.has(code)) {
      lane.failures = 0
      this.#drop(lane, entry, error)
      return
    }
    this.#change(entry, { state: 'waiting', error })
    const told = error instanceof ChatError ? error.retryMs : undefined
    const spread = backoffDelay(lane.failures, this.#deps.backoff, () => this.#deps.platform.random())
    lane.failures += 1
    lane.told = told !== undefined
    lane.timer = this.#deps.platform.setTimeout(
      () => {
        this.#rest(lane)
        this.#pump(lane)
      },
      (told ?? 0) + spread,
    )
  }

  #drop(lane: Lane, entry: Entry, error: Error): void {
    this.#remove(lane, entry)
    this.#refuse(entry, error)
  }

  #refuse(entry: Entry, error: Error): void {
    this.#change(entry, { state: 'refused', error })
    entry.reject(error)
  }

  #remove(lane: Lane, entry: Entry): boolean {
    const index = lane.entries.indexOf(entry)
    if (index < 0) return false
    lane.entries.splice(index, 1)
    this.#size -= 1
    if (lane.entries.length === 0) this.#lanes.delete(entry.outgoing.room)
    return true
  }

  /** Ends the pause of a lane. */
  #rest(lane: Lane): void {
    this.#deps.platform.clearTimeout(lane.timer)
    lane.timer = null
    lane.told = false
  }

  #change(entry: Entry, change: Partial<Outgoing>): void {
    entry.outgoing = { ...entry.outgoing, ...change }
    this.#deps.changed(entry.outgoing)
  }
}

const takenBack = () => new ChatError('unknown_outcome', { detail: 'The message was taken back before its answer came.' })
