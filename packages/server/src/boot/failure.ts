import type { Config } from '../config.ts'

const refusals = new Set(['DataDirLocked', 'Refused'])

/** SQLSTATEs that speak of the installation: the connection, the login, the database's name, rights, room, a server that ends or only reads. */
const ofTheServer = /^(08|28|3D|53|57|42501|25006)/

const damaged = /^SQLITE_(NOTADB|CORRUPT)/
const held = /^SQLITE_(BUSY|LOCKED)/
const unusable = /^SQLITE_(CANTOPEN|READONLY|PERM|AUTH|FULL|IOERR)/

/**
 * Why a command could not do its work, for whoever started it and can mend it: a port, a file, a password, a database that is not there.
 * Null for anything else, which is a fault of ours and should be seen whole.
 */
export function reasonOf(error: unknown, config: Config): string | null {
  for (let one = error; one instanceof Error; one = one.cause) {
    const reason = refusals.has(one.name) ? one.message : ofTheSystem(one, config)
    if (reason !== null) return reason
  }
  return null
}

function ofTheSystem(error: Error, config: Config): string | null {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code.startsWith('ERR_POSTGRES_')) return ofPostgres(error, config)
  if (damaged.test(code))
    return `The database in ${config.dataDir} is damaged or none of ours (${error.message}): restore a backup; parlance doctor says more.`
  if (unusable.test(code))
    return `A file of the database cannot be used (${error.message}): it must be this user's to write, on a disk with room. DATA_DIR is ${config.dataDir}.`
  if (held.test(code)) return `Another program holds the database in ${config.dataDir} (${error.message}): end it, or wait for it.`
  if (!('syscall' in error)) return null
  if (error.syscall !== 'listen') return error.message
  return `Cannot listen at port ${config.port} of ${config.host} (${code}): something else listens there, it needs a privilege, or the address is not of this machine.`
}

function ofPostgres(error: Error, { database }: Config): string | null {
  const state = 'errno' in error && typeof error.errno === 'string' ? error.errno : null
  if (database.engine !== 'postgres' || (state !== null && !ofTheServer.test(state))) return null
  const { host, pathname } = new URL(database.url)
  return `PostgreSQL at ${host}, database "${decodeURIComponent(pathname.slice(1))}": ${error.message}`
}
