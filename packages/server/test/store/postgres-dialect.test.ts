import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { SQL } from 'bun'
import { CompiledQuery, Kysely, sql } from 'kysely'
import { ManualClock } from '../../src/base/manual-clock.ts'
import { createPool, createPostgresDialect, type DialectOptions } from '../../src/store/drivers/postgres-dialect.ts'
import { classify, NothingWritten } from '../../src/store/drivers/postgres-errors.ts'
import { type Postgres, postgres } from '../harness/postgres.ts'
import { wireTo } from './postgres-wire.ts'

const server = await postgres()

describe.skipIf(server === null)('the PostgreSQL dialect', () => {
  let handle: Postgres
  let url: string
  let pool: SQL
  let db: Kysely<unknown>
  const dialectOn = (options: Partial<DialectOptions>) => new Kysely<unknown>({ dialect: createPostgresDialect({ pool, ...options }) })
  const poolOf = (target: string, max = 2) => createPool({ url: target, max, statementMs: 10_000, lockMs: 300 })
  beforeAll(async () => {
    handle = server as Postgres
    url = await handle.createDatabase()
    pool = poolOf(url)
    db = dialectOn({})
    await db.executeQuery(CompiledQuery.raw('create schema parlance'))
  })
  afterAll(async () => {
    await pool.close()
    await handle[Symbol.asyncDispose]()
  })

  test('gives integers of 64 bits as numbers, bytes as bytes and text as it was', async () => {
    const bytes = new Uint8Array([0, 255, 92, 34])
    const text = 'a"b\\c {x,y} NULL \u{1F600}\n'
    const { rows } = await sql`
      select ${2 ** 52}::bigint as big, null::bigint as none, array[1, null]::bigint[] as list, (select sum(x) from unnest(array[1, 2]::bigint[]) x) as sum,
        ${bytes}::bytea as bytes, ${text}::text as text, ${[text, null, '']}::text[] as texts, ${[bytes, null]}::bytea[] as lists`.execute(
      db,
    )
    expect(rows).toEqual([
      { big: 2 ** 52, none: null, list: [1, null], sum: 3, bytes, text, texts: [text, null, ''], lists: [Buffer.from(bytes), null] },
    ])
    expect((rows[0] as { bytes: unknown }).bytes?.constructor).toBe(Uint8Array)
  })

  test('opens each connection so that a commit is on disk and a statement sees what was committed before it', async () => {
    const { rows } = await sql`
      select current_setting('synchronous_commit') as durable, current_setting('transaction_isolation') as isolation, current_schema() as schema`.execute(
      db,
    )
    expect(rows).toEqual([{ durable: 'on', isolation: 'read committed', schema: 'parlance' }])
  })

  test('settles a statement after its commit, not before', async () => {
    await sql`create table late (a int unique deferrable initially deferred)`.execute(db)
    const twice = sql`insert into late select 1 from generate_series(1, 5000) returning a`.execute(db)
    expect(classify(await rejection(twice))).toBe('definite')
    expect((await sql`select a from late`.execute(db)).rows).toEqual([])
  })

  test('rolls back what throws, and tells of a commit that rolled back', async () => {
    await sql`create table kept (a int)`.execute(db)
    const insert = (tx: Kysely<unknown>) => sql`insert into kept values (1)`.execute(tx)
    const thrown = db.transaction().execute(async (tx) => {
      await insert(tx)
      throw new Error('no')
    })
    expect(await rejection(thrown)).toMatchObject({ message: 'no' })
    const swallowed = db.transaction().execute(async (tx) => {
      await insert(tx)
      await sql`select 1 / 0`.execute(tx).catch(() => undefined)
    })
    expect(await rejection(swallowed)).toBeInstanceOf(Error)
    expect((await sql`select a from kept`.execute(db)).rows).toEqual([])
  })

  test('gives up a connection that falls silent, and the pool has another in its place', async () => {
    await using wire = await wireTo(url)
    await using narrow = poolOf(wire.url, 1)
    const clock = new ManualClock()
    const patient = dialectOn({ pool: narrow, patience: { clock, silenceMs: 1_000 } })
    await sql`select 1`.execute(patient)
    const cut = wire.cut('silent', 'hush')
    const failure = rejection(sql`select ${'hush'}::text`.execute(patient))
    await cut
    await clock.advance(1_000)
    expect(classify(await failure)).toBe('lost')
    expect((await sql`select 1 as one`.execute(patient)).rows).toEqual([{ one: 1 }])
  })

  test('asks a lone read again on another connection, and a write never', async () => {
    await using wire = await wireTo(url)
    await using near = poolOf(wire.url)
    const count = () => sql<{ a: number }>`select count(*) as a from kept where ${'again'} = 'again'`
    let cut = wire.cut('unanswered', 'again')
    expect((await count().execute(dialectOn({ pool: near, turns: 2 }))).rows).toEqual([{ a: 0 }])
    await cut
    cut = wire.cut('unanswered', 'again')
    expect(classify(await rejection(count().execute(dialectOn({ pool: near }))))).toBe('lost')
    await cut
  })
})

describe.skipIf(server === null)('what a failure of PostgreSQL means', () => {
  test('is told by its code', async () => {
    await using handle = server as Postgres
    const url = await handle.createDatabase()
    await using pool = createPool({ url, max: 3, statementMs: 10_000, lockMs: 50 })
    const db = new Kysely<unknown>({ dialect: createPostgresDialect({ pool }) })
    await sql`create table public.rows (a int primary key)`.execute(db)
    await sql`insert into public.rows values (1), (2)`.execute(db)
    const held = await db.startTransaction().execute()
    await sql`select a from public.rows for update`.execute(held)
    expect(classify(await rejection(sql`select a from public.rows for update`.execute(db)))).toBe('again')
    await held.rollback().execute()
    expect(classify(await rejection(sql`insert into public.rows values (1)`.execute(db)))).toBe('definite')
    expect(classify(await rejection(sql`do 'begin raise disk_full; end'`.execute(db)))).toBe('full')
    expect(classify(await rejection(sql`do 'begin raise deadlock_detected; end'`.execute(db)))).toBe('again')
    expect(classify(await rejection(sql`select pg_terminate_backend(pg_backend_pid())`.execute(db)))).toBe('lost')
    await using nowhere = createPool({ url: 'postgres://test@127.0.0.1:1/none', max: 1, statementMs: 0, lockMs: 0 })
    const refused = await rejection(sql`select 1`.execute(new Kysely<unknown>({ dialect: createPostgresDialect({ pool: nowhere }) })))
    expect(refused).toBeInstanceOf(NothingWritten)
    expect(classify(refused)).toBe('again')
  })
})

/** What a promise rejects with; a promise that does not is a failure. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  expect(outcome).toBeDefined()
  return outcome?.error
}
