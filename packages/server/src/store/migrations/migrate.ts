import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Tables } from '../schema.ts'

export type MigrateOptions = {
  migrations: Record<string, Migration>
  /** Where the migrator keeps its own tables, on an engine with schemas; made if it is missing. */
  schema?: string
  /** A new identity, used if the database has none yet. */
  epoch: string
}

/** Brings the tables up to date and answers with the database's epoch. Rejects, with its cause, where a migration failed. */
export async function migrate(db: Kysely<Tables>, { migrations, schema, epoch }: MigrateOptions): Promise<string> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    ...(schema !== undefined && { migrationTableSchema: schema }),
  })
  const { error, results = [] } = await migrator.migrateToLatest()
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
