/**
 * What a failed statement means for the write it belonged to.
 * - `lost`: the connection ended or fell silent; a commit under way may or may not have happened.
 * - `again`: the server rolled back for a reason that passes (deadlock, a lock not got in time, a failover under way).
 * - `full`: the server rolled back because its disk is full.
 * - `definite`: the server rolled back and would do so again.
 */
export type Failure = 'lost' | 'again' | 'full' | 'definite'

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

export function classify(error: unknown): Failure {
  const state = sqlState(error)
  if (state === null) return hasCode(error) && error.code.startsWith('ERR_POSTGRES_') ? 'lost' : 'definite'
  if (ending.test(state)) return 'lost'
  if (state === '53100') return 'full'
  return passing.has(state) ? 'again' : 'definite'
}

/** The five characters by which the server names an error, or null where the error is not the server's. */
export function sqlState(error: unknown): string | null {
  return hasCode(error) && error.code === 'ERR_POSTGRES_SERVER_ERROR' && 'errno' in error ? String(error.errno) : null
}

function hasCode(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
