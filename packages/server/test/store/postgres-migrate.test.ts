import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { DatabaseRefused } from '../../src/store/drivers/postgres-migrate.ts'
import { type Postgres, postgres } from '../harness/postgres.ts'
import { openNode } from './postgres-nodes.ts'

const server = await postgres()

describe.skipIf(server === null)('opening a PostgreSQL database', () => {
  let handle: Postgres
  beforeAll(() => {
    handle = server as Postgres
  })
  afterAll(() => handle[Symbol.asyncDispose]())
  const run = async (url: string, statement: string) => {
    await using sql = new SQL(url, { max: 1 })
    return await sql.unsafe<Record<string, unknown>[]>(statement)
  }

  test('refuses the tables of an older backend and says what to do', async () => {
    const url = await handle.createDatabase()
    await run(url, 'create table django_migrations (id int)')
    const error = await openNode(url).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DatabaseRefused)
    expect((error as Error).message).toContain('Choose an empty database')
    expect(await run(url, "select 1 from pg_namespace where nspname = 'parlance'")).toHaveLength(0)
  })

  test('takes the tables of an older backend beside a schema of ours', async () => {
    const url = await handle.createDatabase()
    await run(url, 'create table django_migrations (id int); create schema parlance')
    await using store = await openNode(url)
    await store.ping()
  })

  test('leaves everything outside its schema alone', async () => {
    const url = await handle.createDatabase()
    await using store = await openNode(url)
    await store.ping()
    const outside = await run(url, "select relname from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'public'")
    expect(outside).toHaveLength(0)
  })

  test('by several nodes at once makes one schema and one epoch, which the next opening finds', async () => {
    const url = await handle.createDatabase()
    const stores = await Promise.all([openNode(url), openNode(url), openNode(url)])
    const epochs = new Set(stores.map(({ epoch }) => epoch))
    for (const store of stores) await store[Symbol.asyncDispose]()
    expect(epochs.size).toBe(1)
    await using again = await openNode(url)
    expect([...epochs]).toEqual([again.epoch])
  })

  test('refuses a database that cannot hold every text', async () => {
    const name = 'ascii_only'
    await run(handle.url, `create database ${name} encoding 'SQL_ASCII' template template0`)
    const error = await openNode(Object.assign(new URL(handle.url), { pathname: `/${name}` }).href).catch((thrown: unknown) => thrown)
    await run(handle.url, `drop database ${name} with (force)`)
    expect(error).toBeInstanceOf(DatabaseRefused)
    expect((error as Error).message).toContain('UTF8')
  })
})
