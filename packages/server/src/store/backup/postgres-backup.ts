import { Database } from 'bun:sqlite'
import { CompiledQuery, Kysely } from 'kysely'
import { sqliteColumns } from '../drivers/columns.ts'
import { createPool, createPostgresDialect, schemaName } from '../drivers/postgres-dialect.ts'
import { migratePostgres } from '../drivers/postgres-migrate.ts'
import { sqliteDialect } from '../drivers/sqlite-dialect.ts'
import { migrations } from '../migrations/map.ts'
import { migrate } from '../migrations/migrate.ts'
import type { Tables } from '../schema.ts'
import { BackupRefused, type Manifest, putInPlace, removeFiles, seal } from './backup-file.ts'
import { columnsOf, insertRows, type Progress, type Row, rowsOf, tablesOf } from './copy-tables.ts'

const pageRows = 1000
/** Values that one statement takes. */
const maxValues = 32_000

type Connection = Kysely<Tables>

const ask = async <R>(db: Connection, text: string, values: readonly unknown[] = []): Promise<R[]> =>
  (await db.executeQuery<R>(CompiledQuery.raw(text, [...values]))).rows

/** One connection without limits of time, and the work on it in one transaction. */
async function inTransaction<T>(
  url: string,
  settings: { isolationLevel: 'repeatable read' | 'serializable'; accessMode: 'read only' | 'read write' },
  work: (db: Connection) => Promise<T>,
): Promise<T> {
  const pool = createPool({ url, max: 1, statementMs: 0, lockMs: 0 })
  const db = new Kysely<Tables>({ dialect: createPostgresDialect({ pool }) })
  try {
    return await db.transaction().setIsolationLevel(settings.isolationLevel).setAccessMode(settings.accessMode).execute(work)
  } finally {
    await db.destroy()
    await pool.close()
  }
}

/**
 * Copies the database row by row into a file, all of it as it is at one moment, while nodes go on writing. For large databases the engine's
 * own tools are faster; this copy can be restored into either engine.
 */
export async function backUpPostgres(
  url: string,
  into: string,
  { progress, ...manifest }: Omit<Manifest, 'engine'> & { progress: Progress },
): Promise<void> {
  const aside = `${into}.part`
  removeFiles(aside)
  try {
    using copy = await emptyCopy(aside)
    copy.run('begin')
    await inTransaction(url, { isolationLevel: 'repeatable read', accessMode: 'read only' }, async (db) => {
      const [found] = await ask<{ here: boolean }>(db, `select to_regclass('${schemaName}.meta') is not null as here`)
      if (found?.here !== true) throw new BackupRefused('There is no Parlance in this database.')
      await refuseOthers(db, copy)
      for (const table of tablesOf(copy)) progress(table, await pull(db, copy, table))
      for (const { table, value } of await sequences(db)) keepSequence(copy, table, value)
    })
    seal(copy, { ...manifest, engine: 'postgres' })
    copy.run('commit')
  } catch (error) {
    removeFiles(aside)
    throw error
  }
  putInPlace(aside, into)
}

async function emptyCopy(path: string): Promise<Database> {
  const copy = new Database(path, { create: true, strict: true })
  const tables = new Kysely<Tables>({ dialect: sqliteDialect(copy) })
  await migrate(tables, { migrations: migrations(sqliteColumns), epoch: 'of the copy' })
  await tables.destroy()
  copy.run('delete from meta')
  return copy
}

/** A copy that lacks what the database has would be no backup. */
async function refuseOthers(db: Connection, copy: Database): Promise<void> {
  const known = tablesOf(copy).flatMap((table) => columnsOf(copy, table).map((column) => `${table}.${column}`))
  const found = await ask<{ name: string }>(
    db,
    `select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = '${schemaName}'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and a.attnum > 0 and not a.attisdropped and c.relname not like 'kysely%'`,
  )
  const columns = found.map(({ name }) => name)
  const odd = [...columns.filter((name) => !known.includes(name)), ...known.filter((name) => !columns.includes(name))]
  if (odd.length > 0)
    throw new BackupRefused(`This database is of another version (${odd.slice(0, 5).join(', ')}): run \`parlance migrate\`.`)
}

async function pull(db: Connection, copy: Database, table: string): Promise<number> {
  await ask(db, `declare pull no scroll cursor for select * from ${schemaName}."${table}"`)
  let count = 0
  for (;;) {
    const rows = await ask<Row>(db, `fetch ${pageRows} from pull`)
    insertRows(copy, table, rows)
    count += rows.length
    if (rows.length < pageRows) break
  }
  await ask(db, 'close pull')
  return count
}

type Sequence = { table: string; sequence: string; value: number | null }

/** Numbers are never given twice, not even those of rows that are gone: the counters belong to the copy. */
const sequences = (db: Connection): Promise<Sequence[]> =>
  ask<Sequence>(
    db,
    `select c.relname as table, s.relname as sequence, q.last_value as value
     from pg_class s join pg_depend d on d.objid = s.oid and d.deptype in ('a', 'i') join pg_class c on c.oid = d.refobjid
       join pg_sequences q on q.schemaname = '${schemaName}' and q.sequencename = s.relname
     where s.relkind = 'S' and s.relnamespace = '${schemaName}'::regnamespace and not c.relispartition`,
  )

function keepSequence(copy: Database, table: string, value: number | null): void {
  copy.prepare<unknown, [string]>('delete from sqlite_sequence where name = ?').run(table)
  copy.prepare<unknown, [string, number]>('insert into sqlite_sequence (name, seq) values (?, ?)').run(table, value ?? 0)
}

/** Whether there is anything that a restore would bury; refuses where a server is at work. */
export async function isEmptyPostgres(url: string): Promise<boolean> {
  return await inTransaction(url, { isolationLevel: 'repeatable read', accessMode: 'read only' }, async (db) => {
    const others = await ask<{ from: string }>(
      db,
      `select coalesce(client_addr::text, 'this machine') as from from pg_stat_activity
       where datname = current_database() and application_name = 'parlance' and pid <> pg_backend_pid()`,
    )
    const [first] = others
    if (first !== undefined) throw new BackupRefused(`A server is connected to this database (from ${first.from}). Stop it first.`)
    const [found] = await ask<{ here: boolean }>(db, `select to_regclass('${schemaName}.users') is not null as here`)
    return found?.here !== true || (await ask(db, `select 1 from ${schemaName}.users limit 1`)).length === 0
  })
}

/** Fills the database with what a copy (unsealed, up to date) holds; what was there before is gone. All of it, or nothing. */
export async function restorePostgres(
  url: string,
  copy: Database,
  { epoch, progress }: { epoch: string; progress: Progress },
): Promise<void> {
  await migratePostgres(url, epoch)
  await inTransaction(url, { isolationLevel: 'serializable', accessMode: 'read write' }, async (db) => {
    const tables = tablesOf(copy)
    await ask(db, `truncate ${tables.map((table) => `${schemaName}."${table}"`).join(', ')}`)
    for (const table of tables) progress(table, await push(db, copy, table))
    for (const { table, sequence } of await sequences(db)) await setSequence(db, copy, { table, sequence })
  })
}

async function push(db: Connection, copy: Database, table: string): Promise<number> {
  const columns = columnsOf(copy, table)
  const names = columns.map((column) => `"${column}"`).join(', ')
  let count = 0
  for (const rows of rowsOf(copy, table, Math.min(pageRows, Math.floor(maxValues / columns.length)))) {
    const places = rows.map((_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(', ')})`)
    const values = rows.flatMap((row) => columns.map((column) => row[column] ?? null))
    await ask(db, `insert into ${schemaName}."${table}" (${names}) values ${places.join(', ')}`, values)
    count += rows.length
  }
  return count
}

async function setSequence(db: Connection, copy: Database, { table, sequence }: Omit<Sequence, 'value'>): Promise<void> {
  const kept = copy.query<{ seq: number }, [string]>('select seq from sqlite_sequence where name = ?').get(table)
  const value = kept?.seq ?? 0
  await ask(db, `select setval('${schemaName}."${sequence}"', $1::bigint, $2::boolean)`, [Math.max(1, value), value > 0])
}
