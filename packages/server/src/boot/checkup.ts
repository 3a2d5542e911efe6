import { Database, SQLiteError } from 'bun:sqlite'
import { existsSync, statSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import type { Config } from '../config.ts'
import { createPool, schemaName } from '../store/drivers/postgres-dialect.ts'
import { pending } from './migrations.ts'

/** One thing that was looked at. A fault keeps the server from working or from keeping its promises. */
export type Finding = { level: 'ok' | 'warning' | 'fault'; text: string }

const mebibyte = 1024 * 1024
const checkedBytes = 1024 * mebibyte
const longLogBytes = 512 * mebibyte
const skewMs = 5_000
const slowAnswerMs = 20

/** Looks at the database without changing it, whether or not a server runs. */
export async function examineDatabase(config: Config): Promise<Finding[]> {
  const { database } = config
  try {
    if (database.engine === 'postgres') return [...(await examinePostgres(database.url)), ...(await migrationsOf(config))]
    if (!existsSync(database.file)) return [{ level: 'ok', text: 'the database (sqlite) is made at the first start' }]
    return [...examineSqlite(database.file), ...(await migrationsOf(config))]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const damaged = error instanceof SQLiteError && /^SQLITE_(NOTADB|CORRUPT)/.test(error.code ?? '')
    return [
      {
        level: 'fault',
        text: `the database (${database.engine}) ${damaged ? `is damaged (${why}): restore a backup` : `does not answer: ${why}`}`,
      },
    ]
  }
}

async function migrationsOf(config: Config): Promise<Finding[]> {
  const names = await pending(config)
  return names.length === 0 ? [] : [{ level: 'warning', text: `the next start changes the tables (${names.join(', ')}): back up first` }]
}

function examineSqlite(file: string): Finding[] {
  using db = new Database(file, { readonly: true, strict: true })
  const version = db.query<{ v: string }, []>('select sqlite_version() as v').get()?.v
  const found: Finding[] = [
    { level: 'ok', text: `the database (sqlite ${version}) answers, ${(statSync(file).size / mebibyte).toFixed(1)} MiB` },
  ]
  if (statSync(file).size <= checkedBytes) {
    const check = db.query<{ quick_check: string }, []>('pragma quick_check(1)').get()?.quick_check
    if (check !== 'ok') found.push({ level: 'fault', text: `the database is damaged (${check}): restore a backup` })
  }
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (log > longLogBytes)
    found.push({ level: 'warning', text: `the write-ahead log has ${Math.round(log / mebibyte)} MiB: something has been reading for long` })
  const latest = db
    .query<{ at: number | null }, []>(
      'select max(created_at) as at from (select created_at from users union all select created_at from rooms)',
    )
    .get()
  if ((latest?.at ?? 0) > systemClock.now() + skewMs)
    found.push({ level: 'warning', text: 'the clock of this machine is behind what the database has seen' })
  return found
}

type Facts = {
  version: string
  encoding: string
  fsync: string
  full_page_writes: string
  synchronous: string
  connections: number
  now: number
  ours: boolean
}

const facts = `
  select current_setting('server_version') as version, current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
    current_setting('full_page_writes') as full_page_writes, current_setting('synchronous_commit') as synchronous,
    current_setting('max_connections')::int as connections, (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
    to_regnamespace('${schemaName}') is not null as ours`

async function examinePostgres(url: string): Promise<Finding[]> {
  const pool = createPool({ url, max: 1, statementMs: 5_000, lockMs: 5_000 })
  try {
    await pool.unsafe('select 1')
    const began = systemClock.monotonic()
    const before = systemClock.now()
    const [said] = await pool.unsafe<Facts[]>(facts)
    const ms = systemClock.monotonic() - began
    if (said === undefined) throw new Error('it says nothing about itself')
    const found: Finding[] = [{ level: 'ok', text: `the database (postgres ${said.version}) answers in ${ms.toFixed(1)} ms` }]
    const add = (level: Finding['level'], text: string) => found.push({ level, text })
    if (said.encoding !== 'UTF8') add('fault', `the database is encoded in ${said.encoding}; only UTF8 keeps every text`)
    if (said.fsync !== 'on') add('fault', 'fsync is off in the database: an acknowledged message may be lost with the power')
    if (said.full_page_writes !== 'on') add('warning', 'full_page_writes is off in the database: a power cut may damage it')
    if (said.connections < 30) add('warning', `the database takes ${said.connections} connections in all; a node uses up to 13`)
    if (ms > slowAnswerMs) add('warning', 'the database is far away: each acknowledgement waits for it at least once')
    const skew = Math.round(said.now - before)
    if (Math.abs(skew) > skewMs) add('warning', `the clocks of this machine and of the database differ by ${skew} ms`)
    return found
  } finally {
    await pool.close()
  }
}
