import type { SQL } from 'bun'
import { Kysely } from 'kysely'
import { postgresBatch } from '../migrations/0001-postgres-batch.ts'
import { migrations } from '../migrations/map.ts'
import { migrate, pendingMigrations } from '../migrations/migrate.ts'
import type { Tables } from '../schema.ts'
import { postgresColumns } from './columns.ts'
import { createPool, createPostgresDialect, schemaName } from './postgres-dialect.ts'

/** A database we will not work in; the message is for whoever started the server. */
export class DatabaseRefused extends Error {
  override readonly name = 'Refused'
}

// Starting here would begin an empty world beside a full one.
const olderBackend =
  'This database holds the tables of an older Django backend and none of Parlance, which does not take them over. Choose an empty database.'

const notUtf8 = (encoding: string) =>
  `This database is encoded in ${encoding}, and only UTF8 keeps every text. Make one with: create database … encoding 'UTF8' template template0`

const all = { ...migrations(postgresColumns), '0001-postgres-batch': postgresBatch }

/** Makes or updates our schema on a connection of its own, with all the time it takes; answers with the epoch of the database. */
export async function migratePostgres(url: string, epoch: string, migrated?: (name: string) => void): Promise<string> {
  const pool = createPool({ url, max: 1, statementMs: 0, lockMs: 0 })
  const db = new Kysely<Tables>({ dialect: createPostgresDialect({ pool }) })
  try {
    await makeSchema(pool)
    return await migrate(db, { migrations: all, schema: schemaName, epoch, migrated })
  } finally {
    await db.destroy()
    await pool.close()
  }
}

/** What `migratePostgres` would carry out, in order. Changes nothing. */
export async function pendingPostgres(url: string): Promise<string[]> {
  const pool = createPool({ url, max: 1, statementMs: 0, lockMs: 0 })
  const db = new Kysely<Tables>({ dialect: createPostgresDialect({ pool }) })
  try {
    return await pendingMigrations(db, { migrations: all, schema: schemaName })
  } finally {
    await db.destroy()
    await pool.close()
  }
}

type Found = { ours: boolean; older: boolean; encoding: string }

const look = `
  select to_regnamespace('${schemaName}') is not null as ours, current_setting('server_encoding') as encoding,
    exists (select from pg_class where relname = 'django_migrations' and relkind = 'r') as older`

async function makeSchema(pool: SQL): Promise<void> {
  await pool.begin(async (tx) => {
    // Nodes that start together make one schema, one after the other.
    await tx.unsafe(`select pg_advisory_xact_lock(hashtext('${schemaName}'))`)
    const [found] = await tx.unsafe<Found[]>(look)
    if (found === undefined) throw new Error('the database says nothing about itself')
    if (found.encoding !== 'UTF8') throw new DatabaseRefused(notUtf8(found.encoding))
    if (found.ours) return
    if (found.older) throw new DatabaseRefused(olderBackend)
    await tx.unsafe(`create schema ${schemaName}`)
  })
}
