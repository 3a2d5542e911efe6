import { Database } from 'bun:sqlite'
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { BackupRefused, filesOf, type Manifest, putInPlace, removeFiles, seal, unseal } from './backup-file.ts'

/**
 * Copies the database into a file, as it is at one moment. A server may be writing meanwhile: it is not stopped and not slowed, as this is
 * another process and reads only; the write-ahead log grows until the copy is done.
 */
export function backUpSqlite(path: string, into: string, manifest: Omit<Manifest, 'engine'>): void {
  if (!existsSync(path)) throw new BackupRefused(`There is no database at ${path}.`)
  const aside = `${into}.part`
  removeFiles(aside)
  try {
    {
      using source = new Database(path, { readonly: true, strict: true })
      source.run('pragma busy_timeout = 5000')
      source.prepare<unknown, [string]>('vacuum into ?').run(aside)
    }
    using copy = new Database(aside, { strict: true })
    seal(copy, { ...manifest, engine: 'sqlite' })
  } catch (error) {
    removeFiles(aside)
    throw error
  }
  putInPlace(aside, into)
}

/** Whether there is anything that a restore would bury. */
export function isEmptySqlite(path: string): boolean {
  if (!existsSync(path)) return true
  using db = new Database(path, { readonly: true, strict: true })
  try {
    return db.query('select 1 from users limit 1').get() === null
  } catch {
    // No such table: nobody has ever been here.
    return true
  }
}

/** Puts a backup in the place of the database, which is kept beside it. Answers where, or null where there was none. */
export async function restoreSqlite(from: string, path: string, { epoch, now }: { epoch: string; now: Date }): Promise<string | null> {
  const aside = `${path}.part`
  removeFiles(aside)
  copyFileSync(from, aside)
  try {
    using copy = new Database(aside, { strict: true })
    copy.run('pragma synchronous = full')
    await unseal(copy, epoch)
  } catch (error) {
    removeFiles(aside)
    throw error
  }
  const kept = existsSync(path) ? join(dirname(path), `before-restore-${now.toISOString().replaceAll(':', '')}`) : null
  if (kept !== null) {
    mkdirSync(kept, { mode: 0o700 })
    // The log of the write-ahead belongs to its database and to no other one.
    for (const file of filesOf(path)) if (existsSync(file)) renameSync(file, join(kept, basename(file)))
  }
  putInPlace(aside, path)
  return kept
}
