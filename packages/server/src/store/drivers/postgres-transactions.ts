import { type Kysely, sql } from 'kysely'
import { type Clock, sleep } from '../../base/clock.ts'
import type { Tables } from '../schema.ts'
import type { Tx } from '../tables/locks.ts'
import { classify, NothingWritten } from './postgres-errors.ts'

/** How long to ask what became of a commit whose answer was lost, and how often. */
const askedMs = 3_000
const askEveryMs = 50

/** Transactions of more than one statement, whose outcome is known even where the connection is lost at the commit. */
export class Transactions {
  readonly #db: Kysely<Tables>
  readonly #clock: Clock

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /** Runs `work` and commits. Rejects with what work threw, or with NothingWritten; with a lost connection only if nobody can tell. */
  async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    let done: { result: T; id: string } | undefined
    try {
      await this.#db.transaction().execute(async (tx) => {
        const result = await work(tx)
        done = { result, id: await idOf(tx) }
      })
      if (done === undefined) throw new Error('a transaction ended before its work')
    } catch (error) {
      if (classify(error) !== 'lost') throw error
      // Before its commit is asked for, a transaction ends with its connection.
      if (done === undefined || !(await this.#isCommitted(done.id, error))) throw new NothingWritten(error)
    }
    return done.result
  }

  async #isCommitted(id: string, lost: unknown): Promise<boolean> {
    const until = this.#clock.monotonic() + askedMs
    while (this.#clock.monotonic() < until) {
      const status = await this.#statusOf(id)
      if (status === 'committed' || status === 'aborted') return status === 'committed'
      await sleep(this.#clock, askEveryMs)
    }
    throw lost
  }

  async #statusOf(id: string): Promise<string | null> {
    try {
      const { rows } = await sql<{ status: string | null }>`select pg_xact_status(${id}::text::xid8) as status`.execute(this.#db)
      return rows[0]?.status ?? null
    } catch {
      // The database is away, as it was when the answer got lost: it may be back for the next try.
      return null
    }
  }
}

async function idOf(tx: Tx): Promise<string> {
  const { rows } = await sql<{ id: string }>`select pg_current_xact_id()::text as id`.execute(tx)
  const [row] = rows
  if (row === undefined) throw new Error('a transaction without an id')
  return row.id
}
