import { ChatError } from '@parlance/protocol'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import { isSameRequest } from './digests.ts'
import type { Driver, NamedWrite } from './drivers/driver.ts'
import { Account, overloaded } from './queue/bounds.ts'
import { type Entry, fail, intentOf, judged, type SendEntry } from './queue/entries.ts'
import { Lanes } from './queue/lanes.ts'
import { isStale, persist, type Result } from './queue/persist.ts'
import { Settling, slice, type Written } from './queue/settling.ts'
import { Waiting } from './queue/waiting.ts'
import type { CommitQueue, MessageReads, SendRequest } from './store.ts'
import type { ReactIntent, ReactOutcome, ReadIntent, ReadOutcome, SendOutcome, WriteInput, WriteName, WriteOutput } from './writes.ts'

export type QueueDeps = {
  driver: Driver
  messages: Pick<MessageReads, 'byCid'>
  clock: Clock
  log: Logger
  metrics: Pick<Metrics, 'commitIntents' | 'commitSeconds' | 'queueDepth' | 'sends'>
  /** Ends the process: what was acknowledged may not be on disk. If it returns, the queue refuses everything from then on. */
  fatal: (error: unknown) => void
}

/** So often a send is judged again; a room that changes faster than that answers `overloaded`. */
const roundsAtMost = 20

/**
 * Group commit. What arrives in one turn of the event loop, and while a transaction is under way, makes the next one. There is one batch at
 * a time; a driver that can takes rarer writes beside it.
 */
export class GroupCommit implements CommitQueue {
  readonly #deps: QueueDeps
  readonly #account = new Account()
  readonly #lanes: Lanes
  readonly #main = new Waiting()
  /** Rarer writes, where they do not go into the batch of hot ones. */
  readonly #beside = new Waiting()
  readonly #settling = new Settling()
  #running = 0
  #runningBeside = 0
  #scheduled = false
  #failed = false
  #drained: (() => void)[] = []

  constructor(deps: QueueDeps) {
    this.#deps = deps
    this.#lanes = new Lanes({
      ready: (entry, verdict) => this.#enqueue(judged(entry, verdict)),
      refused: (entry, refusal) => void this.#refuse(entry, refusal),
    })
  }

  get depth(): number {
    return this.#account.intents
  }

  send(request: SendRequest): Promise<SendOutcome> {
    const bytes = Buffer.byteLength(request.content) + (request.meta?.length ?? 0)
    return this.#accept(request.sender, bytes, (resolve, reject) =>
      this.#lanes.add({ kind: 'send', request, intent: null, rounds: 0, bytes, resolve, reject }),
    )
  }

  read(intent: ReadIntent): Promise<ReadOutcome> {
    return this.#accept(intent.user, 0, (resolve, reject) => {
      const waiter = { n: intent.n, resolve, reject }
      const entry = this.#main.readOf(intent.room, intent.user)
      if (entry === undefined)
        return this.#enqueue({ kind: 'read', intent: { kind: 'read', read: { ...intent } }, waiters: [waiter], bytes: 0 })
      entry.waiters.push(waiter)
      const { read } = entry.intent
      if (intent.named !== undefined) read.named = [...(read.named ?? []), ...intent.named]
      if (intent.n > read.n) Object.assign(read, { n: intent.n, at: intent.at })
    })
  }

  react(intent: ReactIntent): Promise<ReactOutcome> {
    return this.#accept(intent.user, 0, (resolve, reject) =>
      this.#enqueue({ kind: 'react', intent: { kind: 'react', react: intent }, bytes: 0, resolve, reject }),
    )
  }

  write<N extends WriteName>(name: N, input: WriteInput<N>): Promise<WriteOutput<N>> {
    const bytes = JSON.stringify(input).length
    return this.#accept(null, bytes, (resolve, reject) => {
      const intent = { kind: 'write', name, input } as NamedWrite
      this.#enqueue({ kind: 'write', intent, bytes, resolve: (outcome) => resolve(outcome as WriteOutput<N>), reject })
    })
  }

  drain(): Promise<void> {
    if (this.depth === 0) return Promise.resolve()
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  /** Counts a call in until it settles. */
  #accept<T>(
    user: number | null,
    bytes: number,
    begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failed) throw failed()
      this.#account.admit(user, bytes)
      const end = () => this.#released(user, bytes)
      begin(
        (value) => {
          end()
          resolve(value)
        },
        (error) => {
          end()
          reject(error instanceof Error ? error : new Error(String(error)))
        },
      )
    })
  }

  #released(user: number | null, bytes: number): void {
    this.#account.release(user, bytes)
    if (this.depth > 0) return
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  /** A known cid beats a refusal: who asks again for what was written once learns what it made, whatever he may do now. */
  async #refuse(entry: SendEntry, refusal: unknown): Promise<void> {
    const { room, sender, cid, digest } = entry.request
    try {
      const known = cid === null ? undefined : await this.#deps.messages.byCid(room, sender, cid)
      if (known === undefined) entry.reject(refusal)
      else entry.resolve(isSameRequest(known.digest, digest) ? { status: 'known', message: known.message } : { status: 'conflict' })
    } catch (error) {
      entry.reject(error instanceof ChatError ? error : new ChatError('internal', { cause: error }))
    }
  }

  #enqueue(entry: Entry): void {
    const apart = entry.kind === 'write' && this.#deps.driver.writesBeside > 0
    ;(apart ? this.#beside : this.#main).add(entry)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // Not at once: what else this turn of the event loop brings shares the transaction.
    setImmediate(() => {
      this.#scheduled = false
      this.#start()
    })
  }

  /** Once the sockets were looked at: between one immediate and the next they are. */
  #startBehind(): void {
    setImmediate(() => setImmediate(() => this.#start()))
  }

  #start(): void {
    const { writesBeside } = this.#deps.driver
    if (this.#running === 0 && this.#main.size > 0) {
      this.#running += 1
      void this.#run(this.#main.take(this.#share()), () => (this.#running -= 1))
    }
    while (this.#runningBeside < writesBeside && this.#beside.size > 0) {
      this.#runningBeside += 1
      void this.#run(this.#beside.take(1), () => (this.#runningBeside -= 1))
    }
  }

  /** With nothing left to tell, half of what waits: one half is told while the other one is written. */
  #share(): number {
    const { size } = this.#main
    return this.#settling.idle && size > slice ? Math.ceil(size / 2) : size
  }

  /**
   * Writes a batch; then the next one begins before this one is told, so that the disk does not wait for the sockets. Few that wait go with
   * what those say who hear of this one: alone they would cost every listener of theirs a system call more.
   */
  async #run(batch: Entry[], ended: () => void): Promise<void> {
    const { clock, metrics } = this.#deps
    metrics.queueDepth.set(this.depth)
    if (this.#failed) {
      for (const entry of batch) fail(entry, failed())
      ended()
      return this.#start()
    }
    const began = clock.monotonic()
    const results = await persist({ ...this.#deps, fatal: (error) => this.#fatal(error) }, batch.map(intentOf))
    metrics.commitIntents.observe(batch.length)
    metrics.commitSeconds.observe((clock.monotonic() - began) / 1000)
    const { written, stale } = this.#sort(batch, results)
    ended()
    // Before anything else is taken: what waits behind a stale send must not overtake it.
    if (stale.length > 0) this.#judgeAgain(stale)
    this.#settling.add(written)
    const few = this.#main.size < written.length / 2
    if (!few) this.#start()
    this.#settling.tell()
    if (few) this.#startBehind()
    metrics.queueDepth.set(this.depth)
  }

  #sort(batch: readonly Entry[], results: readonly Result[]): { written: Written[]; stale: SendEntry[] } {
    const written: Written[] = []
    const stale: SendEntry[] = []
    let stored = 0
    for (const [i, entry] of batch.entries()) {
      const result = results[i]
      if (result === undefined) throw new Error('an intent without a result')
      if (result.kind === 'failed') this.#deps.log.error('a write failed and was taken back', { kind: entry.kind, error: result.error })
      if (result.kind === 'send' && result.outcome.status === 'stored') stored += 1
      if (entry.kind === 'send' && isStale(result)) stale.push(entry)
      else written.push({ entry, result })
    }
    this.#deps.metrics.sends.inc(stored)
    return { written, stale }
  }

  /** The stale sends of a batch, and behind them what waits of their lanes: judged at the present acl and queued again in order. */
  #judgeAgain(stale: SendEntry[]): void {
    const lanes = new Set(stale.map(({ request }) => request.lane).filter((lane) => lane !== null))
    const withdrawn = this.#main.withdraw(lanes)
    for (const entry of stale) entry.rounds += 1
    for (const entry of withdrawn) entry.rounds = Math.max(entry.rounds, 1)
    const again: SendEntry[] = []
    for (const entry of [...stale, ...withdrawn]) {
      if (entry.rounds > roundsAtMost) entry.reject(overloaded('The room changes faster than this could be judged.'))
      else again.push(entry)
    }
    for (const [lane, entries] of Map.groupBy(again, ({ request }) => request.lane)) {
      if (lane !== null) this.#lanes.back(lane, entries)
      else for (const entry of entries) this.#lanes.back(null, [entry])
    }
  }

  #fatal(error: unknown): void {
    this.#failed = true
    this.#deps.fatal(error)
  }
}

const failed = (): ChatError => new ChatError('internal', { detail: 'The database has failed.' })
