import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Columns } from './columns.ts'

/** Who people are to the issuers that vouch for them. */
export const identities = (c: Columns): Migration => ({
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('identities')
      .addColumn('issuer', c.key, (column) => column.notNull())
      .addColumn('subject', c.key, (column) => column.notNull())
      .addColumn('user', c.integer, (column) => column.notNull().references('users.number'))
      .addColumn('tokens_from', c.integer, (column) => column.notNull())
      .addColumn('created_at', c.integer, (column) => column.notNull())
      .addPrimaryKeyConstraint('identities_pkey', ['issuer', 'subject'])
      .modifyEnd(c.keyed)
      .execute()
    await db.schema.createIndex('identities_of_user').on('identities').column('user').execute()
  },
})
