import { Database } from 'bun:sqlite'
import { existsSync, mkdirSync } from 'node:fs'
import { Kysely } from 'kysely'
import { systemClock } from '../base/clock.ts'
import { createIds, printId } from '../base/ids.ts'
import { systemRandom } from '../base/random.ts'
import type { Config } from '../config.ts'
import { sqliteColumns } from '../store/drivers/columns.ts'
import { lockDataDir } from '../store/drivers/data-lock.ts'
import { migratePostgres, pendingPostgres } from '../store/drivers/postgres-migrate.ts'
import { SqliteDriver } from '../store/drivers/sqlite.ts'
import { sqliteDialect } from '../store/drivers/sqlite-dialect.ts'
import { migrations } from '../store/migrations/map.ts'
import { pendingMigrations } from '../store/migrations/migrate.ts'
import type { Tables } from '../store/schema.ts'

/** The migrations that the next start would carry out. Changes nothing, whether or not a server runs. */
export async function pending({ database }: Config): Promise<string[]> {
  if (database.engine === 'postgres') return await pendingPostgres(database.url)
  const all = migrations(sqliteColumns)
  if (!existsSync(database.file)) return Object.keys(all)
  using db = new Database(database.file, { readonly: true, strict: true })
  const tables = new Kysely<Tables>({ dialect: sqliteDialect(db) })
  try {
    return await pendingMigrations(tables, { migrations: all })
  } finally {
    await tables.destroy()
  }
}

/** Makes or updates the tables, as a start does, and answers what was carried out. Refuses while a server has the directory. */
export async function migrateNow({ dataDir, database }: Config): Promise<string[]> {
  const done: string[] = []
  const migrated = (name: string) => void done.push(name)
  const fresh = printId(createIds({ clock: systemClock, random: systemRandom }).next())
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  using _lock = lockDataDir(dataDir, `a migration, process ${process.pid}`)
  if (database.engine === 'postgres') {
    await migratePostgres(database.url, fresh, migrated)
    return done
  }
  const driver = new SqliteDriver(database.file, { migrated })
  try {
    await driver.migrate(fresh)
  } finally {
    await driver.close()
  }
  return done
}
