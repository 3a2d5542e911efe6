import { type ReservedSQL, SQL } from 'bun'
import {
  AbortedTransactionError,
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import type { Clock } from '../../base/clock.ts'
import { classify, NothingWritten } from './postgres-errors.ts'
import type { Reach } from './postgres-reach.ts'

/** Where our tables live, so that they can share a database with the older backends' own. */
export const schemaName = 'parlance'

export type PoolOptions = {
  url: string
  /** Most connections open at once; who comes later waits for one. */
  max: number
  /** The server ends a statement after so many milliseconds, of which it waits for one lock at most so many. 0: no limit. */
  statementMs: number
  lockMs: number
}

/** Opens no connection yet. */
export function createPool({ url, max, statementMs, lockMs }: PoolOptions): SQL {
  const connection = {
    application_name: 'parlance',
    search_path: schemaName,
    // Whatever the defaults of the server are: a commit is on disk before it is answered, and every statement sees what was committed
    // before it ("lock, then look").
    synchronous_commit: 'on',
    default_transaction_isolation: 'read committed',
    statement_timeout: statementMs,
    lock_timeout: lockMs,
    // Every statement of ours is short; compiling one costs more than running it.
    jit: 'off',
  }
  // Firewalls forget connections that are idle for longer, without a word to either end.
  return new SQL(url, { max, connectionTimeout: 5, idleTimeout: 300, connection })
}

export type DialectOptions = {
  pool: SQL
  /** A statement unanswered for so long closes its connection and rejects as lost: a silent network must not hold the pool. */
  patience?: { clock: Clock; silenceMs: number }
  /** Only for lone reads: how often one is asked, each time on another connection, where its connection is lost. Once unless told. */
  turns?: number
  /** What a failure is turned into for whoever asked. As it is unless told. */
  refused?: (error: unknown) => unknown
  reach?: Reach
}

/** Kysely on Bun's PostgreSQL client. Integers of 64 bits come back as numbers, `bytea` as plain Uint8Array. */
export function createPostgresDialect(options: DialectOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PostgresDriver(options),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

/** The pool belongs to who made it: `destroy` leaves it open. */
class PostgresDriver implements Driver {
  readonly #options: DialectOptions
  readonly #open = new WeakMap<DatabaseConnection, PostgresConnection>()

  constructor(options: DialectOptions) {
    this.#options = options
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    // Always one of our own: the pool itself would send a query behind a slow one of somebody else while other connections are idle.
    const { pool, reach, refused = asItIs } = this.#options
    const reserved = await pool.reserve().catch((error: unknown) => {
      reach?.failed(error)
      throw refused(new NothingWritten(error))
    })
    const connection = new PostgresConnection(reserved, this.#options)
    this.#open.set(connection, connection)
    return connection
  }

  async beginTransaction(connection: DatabaseConnection, { isolationLevel, accessMode }: TransactionSettings): Promise<void> {
    const parts = ['begin', isolationLevel && `isolation level ${isolationLevel}`, accessMode]
    await connection.executeQuery(CompiledQuery.raw(parts.filter(Boolean).join(' ')))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const { command } = await this.#own(connection).run('commit', [])
    // What was aborted by an error that somebody swallowed is rolled back by its commit, and says so only here.
    if (command === 'ROLLBACK') throw new AbortedTransactionError()
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const own = this.#own(connection)
    // The server rolls back what its connection loses; asking a lost one would only hide the error that led here.
    if (!own.lost) await own.run('rollback', [])
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    await this.#own(connection).release()
  }

  async destroy(): Promise<void> {}

  #own(connection: DatabaseConnection): PostgresConnection {
    const own = this.#open.get(connection)
    if (own === undefined) throw new Error('this connection was not made by this driver')
    return own
  }
}

const asItIs = (error: unknown): unknown => error

class PostgresConnection implements DatabaseConnection {
  readonly #options: DialectOptions
  #reserved: ReservedSQL
  #silent = false
  lost = false

  constructor(reserved: ReservedSQL, options: DialectOptions) {
    this.#reserved = reserved
    this.#options = options
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.run(sql, parameters)
    return { rows: convert(result) as R[], ...(result.affectedRows > 0 && { numAffectedRows: BigInt(result.affectedRows) }) }
  }

  async run(sql: string, parameters: readonly unknown[]): Promise<Result> {
    const { turns = 1, refused = asItIs, reach } = this.#options
    try {
      for (let turn = 1; ; turn += 1) {
        try {
          const result = await this.#ask(sql, parameters)
          reach?.answered()
          return result
        } catch (error) {
          this.lost ||= classify(error) === 'lost'
          if (!this.lost || this.#silent || turn >= turns) throw error
          await this.#replace()
        }
      }
    } catch (error) {
      throw refused(error)
    }
  }

  async #ask(sql: string, parameters: readonly unknown[]): Promise<Result> {
    const { patience } = this.#options
    const timer = patience?.clock.setTimeout(() => this.#giveUp(), patience.silenceMs)
    try {
      return await this.#reserved.unsafe<Row[]>(sql, [...parameters])
    } finally {
      timer?.cancel()
    }
  }

  /** Ends the connection, which rejects what waits for its answer. */
  #giveUp(): void {
    this.#silent = true
    this.#options.reach?.failed(new Error(`a connection said nothing for ${this.#options.patience?.silenceMs} ms`))
    void this.#reserved.close({ timeout: 0 })
  }

  async #replace(): Promise<void> {
    await this.#reserved.close({ timeout: 0 })
    const { pool, reach } = this.#options
    this.#reserved = await pool.reserve().catch((error: unknown) => {
      reach?.failed(error)
      throw error
    })
    this.lost = false
  }

  streamQuery(): never {
    throw new Error('queries are never streamed: every list has a limit')
  }

  async release(): Promise<void> {
    await (this.lost ? this.#reserved.close({ timeout: 0 }) : this.#reserved.release())
  }
}

export type Row = Record<string, unknown>
type Result = Row[] & SQL.ResultMetadata

// Object ids of the types that Bun answers in another form than we read. All our integers are far below 2^53.
const changes = new Map<number, (value: unknown) => unknown>([
  [20, Number],
  // What sum() makes of bigint.
  [1700, Number],
  [1016, (values) => (values as (string | null)[]).map((value) => (value === null ? null : Number(value)))],
  [17, (bytes) => (bytes instanceof Uint8Array ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes)],
])

function convert(result: Result): Row[] {
  for (const { name, type } of result.columns ?? []) {
    const change = changes.get(type)
    if (change === undefined) continue
    for (const row of result) if (row[name] !== null) row[name] = change(row[name])
  }
  return result
}
