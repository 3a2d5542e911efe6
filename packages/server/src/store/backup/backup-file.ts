import { Database } from 'bun:sqlite'
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Kysely } from 'kysely'
import { sqliteColumns } from '../drivers/columns.ts'
import { sqliteDialect } from '../drivers/sqlite-dialect.ts'
import { migrations } from '../migrations/map.ts'
import { migrate } from '../migrations/migrate.ts'
import type { Tables } from '../schema.ts'

/**
 * A backup is one file, whatever the engine: a database of our own tables, readable by any tool that reads SQLite, with a few rows in `meta`
 * that say what it is. A restore goes into either engine.
 */
export type Manifest = {
  /** ms since 1970. */
  madeAt: number
  engine: 'sqlite' | 'postgres'
  /** The secret of the installation, from which its keys derive; null where it was configured and not kept in a file. */
  secret: string | null
}

/** The file cannot be used; the text is for whoever gave it. */
export class BackupRefused extends Error {
  override readonly name = 'Refused'
}

const format = '1'
const prefix = 'backup:'

/** Writes down what the file is, and makes sure that it is whole. */
export function seal(db: Database, { madeAt, engine, secret }: Manifest): void {
  const row = db.prepare<unknown, [string, string]>('insert into meta (key, value) values (?, ?)')
  const rows = { format, made_at: String(madeAt), engine, ...(secret !== null && { secret }) }
  for (const [key, value] of Object.entries(rows)) row.run(prefix + key, value)
  row.finalize()
  const found = db.query<{ quick_check: string }, []>('pragma quick_check(1)').get()
  if (found?.quick_check !== 'ok') throw new Error(`the copy is damaged: ${found?.quick_check}`)
}

/** What a file says of itself. */
export function readManifest(path: string): Manifest {
  const rows = new Map(readMeta(path).map(({ key, value }) => [key, value]))
  const engine = rows.get(`${prefix}engine`)
  if (rows.get(`${prefix}format`) !== format || (engine !== 'sqlite' && engine !== 'postgres'))
    throw new BackupRefused(`${path} is no backup of Parlance.`)
  return { madeAt: Number(rows.get(`${prefix}made_at`)), engine, secret: rows.get(`${prefix}secret`) ?? null }
}

function readMeta(path: string): { key: string; value: string }[] {
  try {
    using db = new Database(path, { readonly: true, strict: true })
    return db.query<{ key: string; value: string }, []>(`select key, value from meta where key like '${prefix}%'`).all()
  } catch {
    throw new BackupRefused(`${path} is no backup of Parlance.`)
  }
}

/** Brings the tables of a copy up to date, takes its manifest out and gives it a new identity: what clients know of the old one is void. */
export async function unseal(db: Database, epoch: string): Promise<void> {
  const tables = new Kysely<Tables>({ dialect: sqliteDialect(db) })
  try {
    await migrate(tables, { migrations: migrations(sqliteColumns), epoch })
  } catch (error) {
    throw new BackupRefused('This backup was made by a newer version of Parlance, or its tables are not ours.', { cause: error })
  }
  await tables.deleteFrom('meta').where('key', 'like', `${prefix}%`).execute()
  await tables.updateTable('meta').set({ value: epoch }).where('key', '=', 'epoch').execute()
  await tables.destroy()
}

/** Puts a finished file in its place, whole or not at all. */
export function putInPlace(from: string, to: string): void {
  sync(from)
  renameSync(from, to)
  sync(dirname(to))
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** A database and what SQLite keeps beside it. */
export const filesOf = (path: string): string[] => [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]

export function removeFiles(path: string): void {
  for (const file of filesOf(path)) rmSync(file, { force: true })
}
