import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Tables } from '../schema.ts'

export type MigrateOptions = {
  migrations: Record<string, Migration>
  /** Where the migrator keeps its own tables, on an engine with schemas; made if it is missing. */
  schema?: string
  /** A new identity, used if the database has none yet. */
  epoch: string
  /** Hears of each migration that was carried out. */
  migrated?: ((name: string) => void) | undefined
}

const migratorOf = (db: Kysely<Tables>, { migrations, schema }: Pick<MigrateOptions, 'migrations' | 'schema'>): Migrator =>
  new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    ...(schema !== undefined && { migrationTableSchema: schema }),
  })

/** The migrations that `migrate` would carry out, in order. Changes nothing. */
export async function pendingMigrations(db: Kysely<Tables>, options: Pick<MigrateOptions, 'migrations' | 'schema'>): Promise<string[]> {
  const all = await migratorOf(db, options).getMigrations()
  return all.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name)
}

/** Brings the tables up to date and answers with the database's epoch. Rejects, with its cause, where a migration failed. */
export async function migrate(db: Kysely<Tables>, options: MigrateOptions): Promise<string> {
  const { epoch, migrated } = options
  const { error, results = [] } = await migratorOf(db, options).migrateToLatest()
  for (const { migrationName, status } of results) if (status === 'Success') migrated?.(migrationName)
  if (error !== undefined) {
    const failed = results.find(({ status }) => status === 'Error')?.migrationName
    throw new Error(failed === undefined ? 'the database could not be migrated' : `migration ${failed} failed`, { cause: error })
  }
  await db
    .insertInto('meta')
    .values({ key: 'epoch', value: epoch })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute()
  const { value } = await db.selectFrom('meta').select('value').where('key', '=', 'epoch').executeTakeFirstOrThrow()
  return value
}
