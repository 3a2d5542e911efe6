import type { Database, SQLQueryBindings, Statement } from 'bun:sqlite'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  type SelectModifierNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

/** Lists of every length make a text of their own; the oldest statement gives way. */
const statementsKept = 500

/** Kysely over one open connection, which its owner closes. Every statement runs to its end within the call. */
export function sqliteDialect(db: Database): Dialect {
  return {
    createAdapter: () => new Adapter(),
    createDriver: () => new SingleConnection(db),
    createIntrospector: (kysely: Kysely<unknown>) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new Compiler(),
  }
}

class Adapter extends SqliteAdapter {
  // It is: a first run that is cut short leaves no half-made tables.
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class Compiler extends SqliteQueryCompiler {
  /** `for no key update`: the one writing connection holds every lock already. */
  protected override visitSelectModifier(_node: SelectModifierNode): void {}
}

class SingleConnection implements Driver {
  readonly #db: Database
  readonly #connection: Connection

  constructor(db: Database) {
    this.#db = db
    this.#connection = new Connection(db)
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#connection)
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // On a full disk the engine has done it, and refusing to do it twice would hide why.
    if (this.#db.inTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#connection.forget()
  }
}

class Connection implements DatabaseConnection {
  readonly #db: Database
  readonly #statements = new Map<string, Statement>()

  constructor(db: Database) {
    this.#db = db
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    return { rows: this.#statement(sql).all(...(parameters as SQLQueryBindings[])) as R[] }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query)
  }

  forget(): void {
    for (const statement of this.#statements.values()) statement.finalize()
    this.#statements.clear()
  }

  #statement(sql: string): Statement {
    const kept = this.#statements.get(sql)
    if (kept !== undefined) return kept
    const made = this.#db.prepare(sql)
    this.#statements.set(sql, made)
    const [oldest] = this.#statements
    if (this.#statements.size > statementsKept && oldest !== undefined) {
      this.#statements.delete(oldest[0])
      oldest[1].finalize()
    }
    return made
  }
}
