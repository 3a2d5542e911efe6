import { Database } from 'bun:sqlite'
import { Kysely } from 'kysely'
import { migrations } from '../migrations/map.ts'
import { migrate } from '../migrations/migrate.ts'
import { runWrite } from '../named-writes.ts'
import type { Tables } from '../schema.ts'
import { sqliteColumns } from './columns.ts'
import { react } from '../tables/reaction-writes.ts'
import type { Driver, Failure, Intent, NamedWrite, Outcome, ReactWrite } from './driver.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { classify } from './sqlite-errors.ts'
import { HotWrites } from './sqlite-hot.ts'

type Reader = { read: Kysely<Tables>; close(): Promise<void> }

/** A connection that can only read. The file and its write-ahead log are there already. */
export function openReader(path: string): Reader {
  const reading = new Database(path, { readonly: true, strict: true })
  reading.run('pragma busy_timeout = 5000')
  const read = new Kysely<Tables>({ dialect: sqliteDialect(reading) })
  return {
    read,
    async close() {
      await read.destroy()
      // Throws while a statement is left: it would keep the file open behind our back.
      reading.close(true)
    },
  }
}

/** One file, one writing connection that nobody but `commit` uses, and another one that can only read. */
export class SqliteDriver implements Driver {
  readonly engine = 'sqlite'
  readonly writesBeside = 0
  readonly read: Kysely<Tables>
  readonly #writing: Database
  readonly #reader: Reader
  readonly #tx: Kysely<Tables>
  #hot: HotWrites | undefined
  #clean = true

  readonly #migrated: ((name: string) => void) | undefined

  /** `maxPages`: the file grows to so many pages at most; writes then fail as on a full disk. `migrated` hears of each migration. */
  constructor(path: string, { maxPages, migrated }: { maxPages?: number; migrated?: (name: string) => void } = {}) {
    this.#migrated = migrated
    this.#writing = new Database(path, { create: true, strict: true })
    prepareFile(this.#writing)
    if (maxPages !== undefined) this.#writing.run(`pragma max_page_count = ${maxPages}`)
    // After the first one: it reads through the write-ahead log that the other has made.
    this.#reader = openReader(path)
    this.read = this.#reader.read
    this.#tx = new Kysely({ dialect: sqliteDialect(this.#writing) })
  }

  async migrate(fresh: string): Promise<string> {
    const epoch = await migrate(this.#tx, { migrations: migrations(sqliteColumns), epoch: fresh, migrated: this.#migrated })
    // From now on a lock that somebody else holds is waited for in the queue: waiting here would stop the whole process.
    this.#writing.run('pragma busy_timeout = 10')
    this.#hot = new HotWrites(this.#writing, this.#tx)
    return epoch
  }

  async commit(batch: readonly Intent[]): Promise<Outcome[]> {
    if (this.#hot === undefined) throw new Error('commit before migrate')
    this.#hot.begin({ clean: this.#clean })
    this.#clean = false
    this.#rollBack()
    this.#writing.run('begin immediate')
    try {
      const outcomes: Outcome[] = []
      const reactions: { at: number; write: ReactWrite }[] = []
      for (const [at, intent] of batch.entries()) {
        if (intent.kind === 'react') {
          reactions.push({ at, write: intent })
          continue
        }
        // Awaited only where there is something to wait for: a batch of plain sends is one step.
        const outcome = this.#write(this.#hot, intent)
        outcomes[at] = outcome instanceof Promise ? await outcome : outcome
      }
      this.#hot.putDown()
      if (reactions.length > 0) await this.#react(this.#hot, reactions, outcomes)
      this.#writing.run('commit')
      this.#clean = true
      return outcomes
    } catch (error) {
      try {
        this.#rollBack()
      } catch {
        // The first error says what went wrong; the next commit begins by rolling back.
      }
      throw error
    }
  }

  /** Some errors have taken the transaction back themselves. */
  #rollBack(): void {
    if (this.#writing.inTransaction) this.#writing.run('rollback')
  }

  classify(error: unknown): Failure {
    return classify(error)
  }

  async close(): Promise<void> {
    await this.#tx.destroy()
    this.#hot?.close()
    await this.#reader.close()
    this.#writing.close(true)
  }

  async #react(hot: HotWrites, reactions: { at: number; write: ReactWrite }[], outcomes: Outcome[]): Promise<void> {
    const written = await react(
      this.#tx,
      reactions.map(({ write }) => write.react),
    )
    for (const [index, { at, write }] of reactions.entries()) {
      const outcome = written[index]
      if (outcome === undefined) throw new Error('a reaction without an outcome')
      outcomes[at] = { kind: 'react', outcome }
      hot.forget(write.react.room)
    }
  }

  #write(hot: HotWrites, intent: Exclude<Intent, ReactWrite>): Outcome | Promise<Outcome> {
    switch (intent.kind) {
      case 'send': {
        const outcome = hot.send(intent)
        return outcome instanceof Promise ? outcome.then((sent) => ({ kind: 'send', outcome: sent })) : { kind: 'send', outcome }
      }
      case 'read':
        return { kind: 'read', outcome: hot.read(intent.read) }
      case 'write':
        return this.#named(hot, intent)
    }
  }

  async #named(hot: HotWrites, { name, input }: NamedWrite): Promise<Outcome> {
    hot.putDown()
    this.#writing.run('savepoint rarer')
    try {
      const outcome = await runWrite(this.#tx, name, input)
      this.#writing.run('release rarer')
      if ('room' in input && typeof input.room === 'number') hot.forget(input.room)
      // Whatever else a write was about, the rooms it logged in have moved.
      if ('events' in outcome) for (const { room } of outcome.events) hot.forget(room)
      return { kind: 'write', outcome }
    } catch (error) {
      // What concerns the file or the disk concerns the whole batch.
      if (!this.#writing.inTransaction || classify(error) !== 'definite') throw error
      this.#writing.run('rollback to rarer')
      this.#writing.run('release rarer')
      return { kind: 'failed', error }
    }
  }
}

function prepareFile(db: Database): void {
  db.run('pragma busy_timeout = 5000')
  // Before the first write, which fixes it. Measured with the next number in docs/decisions/0001-indexes-of-a-send.md.
  db.run('pragma page_size = 4096')
  db.run('pragma journal_mode = wal')
  // FULL: a commit has reached the disk before it is acknowledged. NORMAL would lose acknowledged writes with the power.
  db.run('pragma synchronous = full')
  db.run('pragma foreign_keys = on')
  db.run('pragma cache_size = -65536')
  // Pages: a page that many batches changed moves into the file once, so rarer checkpoints cost less in all and stop sends for longer.
  db.run('pragma wal_autocheckpoint = 8000')
}
