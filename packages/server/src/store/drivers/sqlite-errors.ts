import type { Failure } from './driver.ts'

const full = ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_SHMSIZE']
const fatal = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_IOERR']
const again = ['SQLITE_BUSY', 'SQLITE_LOCKED']

/**
 * A failed commit leaves nothing behind, as SQLite has taken it back. After a failed fsync nobody knows what is on the disk, not even of
 * earlier commits, and a later fsync may succeed without it; so that, like a damaged file, ends the process. A write that found no room
 * (a quota shows as a failed write) has changed nothing that counts.
 */
export function classify(error: unknown): Failure {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const is = (names: string[]) => names.some((name) => code === name || code.startsWith(`${name}_`))
  if (is(full)) return 'full'
  if (is(again)) return 'again'
  if (is(fatal)) return 'fatal'
  return 'definite'
}
