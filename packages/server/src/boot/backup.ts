import { Database } from 'bun:sqlite'
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { copyFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { createIds, printId } from '../base/ids.ts'
import { systemRandom } from '../base/random.ts'
import type { Config } from '../config.ts'
import { BackupRefused, readManifest, unseal } from '../store/backup/backup-file.ts'
import type { Progress } from '../store/backup/copy-tables.ts'
import { backUpPostgres, isEmptyPostgres, restorePostgres } from '../store/backup/postgres-backup.ts'
import { backUpSqlite, isEmptySqlite, restoreSqlite } from '../store/backup/sqlite-backup.ts'
import { lockDataDir } from '../store/drivers/data-lock.ts'

/** Writes everything the server keeps into one file: consistent, whether or not a server is running. */
export async function backUp(config: Config, file: string, progress: Progress): Promise<void> {
  const into = resolve(file)
  if (existsSync(into)) throw new BackupRefused(`${into} exists already.`)
  const directory = dirname(into)
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
  } catch {
    throw new BackupRefused(`${directory} is no directory that this user may write.`)
  }
  const secretFile = join(config.dataDir, 'secret')
  const secret = config.secretKey === null && existsSync(secretFile) ? readFileSync(secretFile, 'utf8').trim() : null
  const manifest = { madeAt: systemClock.now(), secret }
  const { database } = config
  if (database.engine === 'sqlite') backUpSqlite(database.file, into, manifest)
  else await backUpPostgres(database.url, into, { ...manifest, progress })
}

/** `kept`: where the former database is now, if there was one and it could be kept. */
export type Restored = { madeAt: Date; epoch: string; kept: string | null }

/**
 * Puts a backup in the place of the database. The database gets a new identity, so that every client drops what it knows and reads anew.
 * Refuses while a server runs, and where something would be buried unless `force`.
 */
export async function restore(
  config: Config,
  file: string,
  { force, progress }: { force: boolean; progress: Progress },
): Promise<Restored> {
  const from = resolve(file)
  if (!existsSync(from)) throw new BackupRefused(`There is no file ${from}.`)
  const manifest = readManifest(from)
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  using _lock = lockDataDir(config.dataDir, `a restore, process ${process.pid}`)
  const { database } = config
  const isEmpty = database.engine === 'sqlite' ? isEmptySqlite(database.file) : await isEmptyPostgres(database.url)
  if (!isEmpty && !force) throw new BackupRefused('The database is not empty. With --force it gives way to the backup.')
  const now = new Date(systemClock.now())
  const epoch = printId(createIds({ clock: systemClock, random: systemRandom }).next())
  const kept =
    database.engine === 'sqlite'
      ? await restoreSqlite(from, database.file, { epoch, now })
      : await intoPostgres(database.url, from, { epoch, progress })
  if (config.secretKey === null && manifest.secret !== null) keepSecret(config.dataDir, manifest.secret, now)
  return { madeAt: new Date(manifest.madeAt), epoch, kept }
}

async function intoPostgres(url: string, from: string, options: { epoch: string; progress: Progress }): Promise<null> {
  const directory = mkdtempSync(`${from}.`)
  const path = join(directory, 'copy')
  try {
    copyFileSync(from, path)
    using copy = new Database(path, { strict: true })
    await unseal(copy, options.epoch)
    await restorePostgres(url, copy, options)
    return null
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Tokens and the digests of messages are made with the secret the database grew up with. */
function keepSecret(dataDir: string, secret: string, now: Date): void {
  const path = join(dataDir, 'secret')
  if (existsSync(path)) {
    if (readFileSync(path, 'utf8').trim() === secret) return
    renameSync(path, `${path}.before-restore-${now.toISOString().replaceAll(':', '')}`)
  }
  writeFileSync(path, `${secret}\n`, { mode: 0o600 })
}
