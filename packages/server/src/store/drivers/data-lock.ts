import { Database, SQLiteError } from 'bun:sqlite'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Another process has the directory; `holder` is what it wrote down about itself. */
export class DataDirLocked extends Error {
  readonly holder: string

  constructor(directory: string, holder: string) {
    super(`${directory} is in use by another server (${holder}). Stop it first, or choose another DATA_DIR.`)
    this.name = 'DataDirLocked'
    this.holder = holder
  }
}

/**
 * Takes the directory for this process alone. The lock is the operating system's, on a file, so that it ends with the process however it
 * ends; `who` is for the message to the next one.
 */
export function lockDataDir(directory: string, who: string): Disposable {
  const note = join(directory, 'lock.txt')
  const lock = new Database(join(directory, 'lock'), { create: true })
  try {
    lock.run('pragma locking_mode = exclusive')
    lock.run('begin exclusive')
  } catch (error) {
    lock.close()
    // Anything else speaks of the disk or the rights, and of no other process.
    throw error instanceof SQLiteError && error.code === 'SQLITE_BUSY' ? new DataDirLocked(directory, readNote(note)) : error
  }
  writeFileSync(note, who, { mode: 0o600 })
  return { [Symbol.dispose]: () => lock.close() }
}

function readNote(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().slice(0, 200)
  } catch {
    return 'it has not said who it is'
  }
}
