import type { Failure } from './driver.ts'

/** There was no connection, or it was lost before the commit was asked for, or the commit is known to have failed: nothing stands. */
export class NothingWritten extends Error {
  constructor(cause: unknown) {
    super('the connection to PostgreSQL was lost before anything was written', { cause })
    this.name = 'NothingWritten'
  }
}

const passing = new Set([
  '40P01', // deadlock
  '40001', // serialization failure
  '55P03', // lock not available within lock_timeout
  '57014', // statement_timeout
  '25006', // read-only: connected to a node that is not (yet) the primary
  '53300', // too many connections
])

// The server is shutting down, crashed or starting up; 08 is the class of connection failures.
const ending = /^(08...|57P0[1-5])$/

/** A server that crashes over its log never acknowledges what it lost, so no failure of PostgreSQL is `fatal` to us. */
export function classify(error: unknown): Failure {
  if (error instanceof NothingWritten) return 'again'
  const state = sqlState(error)
  if (state === null) return hasCode(error) && error.code.startsWith('ERR_POSTGRES_') ? 'lost' : 'definite'
  if (ending.test(state)) return 'lost'
  if (state === '53100') return 'full'
  return passing.has(state) ? 'again' : 'definite'
}

export function isUniqueConflict(error: unknown): boolean {
  return sqlState(error) === '23505'
}

/** The five characters by which the server names an error, or null where the error is not the server's. */
function sqlState(error: unknown): string | null {
  return hasCode(error) && error.code === 'ERR_POSTGRES_SERVER_ERROR' && 'errno' in error ? String(error.errno) : null
}

function hasCode(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
