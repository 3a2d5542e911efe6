import { Worker } from 'node:worker_threads'
import type { Kysely } from 'kysely'
import type { Tables } from '../schema.ts'
import type { Driver, Failure, Intent, Outcome } from './driver.ts'
import { openReader } from './sqlite.ts'
import { type Answer, type Ask, packIntents, ThreadError, unpackOutcomes } from './sqlite-thread-wire.ts'

type Waiting = { resolve: (answer: Answer) => void; reject: (error: unknown) => void }

/**
 * The embedded engine with its writing connection on a thread of its own: while a commit is on its way to the disk, sockets are read and
 * answered. Reads stay on this thread, as they find their pages in memory.
 */
export class SqliteThread implements Driver {
  readonly engine = 'sqlite'
  readonly writesBeside = 0
  readonly #path: string
  readonly #migrated: ((name: string) => void) | undefined
  readonly #thread: Worker
  #reader: ReturnType<typeof openReader> | undefined
  #waiting: Waiting | null = null
  #gone: ThreadError | null = null

  /** `migrated` hears of each migration. */
  constructor(path: string, { migrated }: { migrated?: (name: string) => void } = {}) {
    this.#path = path
    this.#migrated = migrated
    this.#thread = new Worker(new URL('./sqlite-thread-entry.ts', import.meta.url), { workerData: { path } })
    this.#thread.on('message', (answer: Answer) => {
      const waiting = this.#waiting
      this.#waiting = null
      waiting?.resolve(answer)
    })
    this.#thread.on('error', (error: Error) => this.#lost(`the writing thread failed: ${error.message}`))
    this.#thread.on('exit', () => this.#lost('the writing thread ended'))
  }

  get read(): Kysely<Tables> {
    if (this.#reader === undefined) throw new Error('read before migrate')
    return this.#reader.read
  }

  async migrate(fresh: string): Promise<string> {
    const answer = await this.#ask({ ask: 'migrate', fresh })
    // After the writer: it reads through the write-ahead log that the other has made.
    this.#reader ??= openReader(this.#path)
    if (answer.answer !== 'migrated') unexpected(answer)
    for (const migration of answer.migrations) this.#migrated?.(migration)
    return answer.epoch
  }

  async commit(batch: readonly Intent[]): Promise<Outcome[]> {
    const answer = await this.#ask({ ask: 'commit', batch: packIntents(batch) })
    return answer.answer === 'committed' ? unpackOutcomes(answer.outcomes, batch) : unexpected(answer)
  }

  classify(error: unknown): Failure {
    return error instanceof ThreadError ? error.failure : 'definite'
  }

  async close(): Promise<void> {
    await this.#reader?.close()
    if (this.#gone === null) await this.#ask({ ask: 'close' })
    this.#gone ??= new ThreadError({ message: 'closed', failure: 'definite' })
    await this.#thread.terminate()
  }

  async #ask(ask: Ask): Promise<Answer> {
    if (this.#gone !== null) throw this.#gone
    if (this.#waiting !== null) throw new Error('the writing thread does one thing at a time')
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#thread.postMessage(ask)
    })
    if (answer.answer === 'failed') throw new ThreadError(answer.error)
    return answer
  }

  /** What it was asked may be on the disk or not, and nothing more can be written: that ends the process. */
  #lost(message: string): void {
    if (this.#gone !== null) return
    this.#gone = new ThreadError({ message, failure: 'fatal' })
    this.#waiting?.reject(this.#gone)
    this.#waiting = null
  }
}

function unexpected(answer: Answer): never {
  throw new Error(`the writing thread answered ${answer.answer}`)
}
