import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Columns } from './columns.ts'

/** What rooms need beyond their making: archive, deletion and slow mode. */
export const moderation = (columns: Columns): Migration => ({
  async up(db: Kysely<unknown>) {
    await states(db, columns)
  },
})

async function states(db: Kysely<unknown>, c: Columns): Promise<void> {
  const add = (column: string) => db.schema.alterTable('rooms').addColumn(column, c.integer).execute()
  await db.schema
    .alterTable('rooms')
    .addColumn('slow_mode_s', c.integer, (column) => column.notNull().defaultTo(0))
    .execute()
  for (const column of ['archived_at', 'deleted_at', 'purged_at']) await add(column)
  const unpurged = db.schema.createIndex('rooms_unpurged').on('rooms').column('number')
  await unpurged.where(sql<boolean>`deleted_at is not null and purged_at is null`).execute()
}
