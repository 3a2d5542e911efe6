import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Columns } from './columns.ts'

/** What rooms need beyond their making: archive, deletion, slow mode, bans, mutes and requests to join. */
export const moderation = (columns: Columns): Migration => ({
  async up(db: Kysely<unknown>) {
    await states(db, columns)
    await sanctions(db, columns)
    await requests(db, columns)
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

async function sanctions(db: Kysely<unknown>, c: Columns): Promise<void> {
  await db.schema
    .createTable('sanctions')
    .addColumn('number', c.number, c.primary)
    .addColumn('room', c.integer, (column) => column.notNull().references('rooms.number'))
    .addColumn('user', c.integer, (column) => column.notNull().references('users.number'))
    .addColumn('kind', c.text, (column) => column.notNull())
    .addColumn('by', c.integer, (column) => column.notNull().references('users.number'))
    .addColumn('reason', c.text)
    .addColumn('at', c.integer, (column) => column.notNull())
    .addColumn('until', c.integer)
    .addUniqueConstraint('sanctions_of_user', ['room', 'user', 'kind'])
    .modifyEnd(c.numbered)
    .execute()
  await db.schema.createIndex('sanctions_of_room').on('sanctions').columns(['room', 'kind', 'number']).execute()
  const over = db.schema.createIndex('sanctions_over').on('sanctions').column('until')
  await over.where(sql.ref('until'), 'is not', null).execute()
  await db.schema
    .createTable('slow_posts')
    .addColumn('room', c.integer, (column) => column.notNull().references('rooms.number'))
    .addColumn('user', c.integer, (column) => column.notNull().references('users.number'))
    .addColumn('at', c.integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('slow_posts_pkey', ['room', 'user'])
    .modifyEnd(c.keyed)
    .execute()
  await db.schema.createIndex('slow_posts_over').on('slow_posts').column('at').execute()
}

async function requests(db: Kysely<unknown>, c: Columns): Promise<void> {
  await db.schema
    .createTable('join_requests')
    .addColumn('number', c.number, c.primary)
    .addColumn('room', c.integer, (column) => column.notNull().references('rooms.number'))
    .addColumn('user', c.integer, (column) => column.notNull().references('users.number'))
    .addColumn('message', c.text)
    .addColumn('at', c.integer, (column) => column.notNull())
    .addUniqueConstraint('join_requests_of_room', ['room', 'user'])
    .modifyEnd(c.numbered)
    .execute()
  await db.schema.createIndex('join_requests_in_order').on('join_requests').columns(['room', 'number']).execute()
  await db.schema.createIndex('join_requests_of_user').on('join_requests').columns(['user', 'number']).execute()
}
