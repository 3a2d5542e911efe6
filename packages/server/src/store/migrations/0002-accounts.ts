import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Columns } from './columns.ts'

/** What people see of their sessions, how they come back without a password, how they come at all, and how they go. */
export const accounts = (c: Columns): Migration => ({
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('sessions').addColumn('agent', c.text).execute()
    await db.schema
      .alterTable('sessions')
      .addColumn('used_at', c.integer, (column) => column.notNull().defaultTo(0))
      .execute()
    await db.schema.createIndex('sessions_of_user').on('sessions').columns(['user', 'id']).where(sql.ref('ended_at'), 'is', null).execute()
    await db.schema
      .createTable('reset_links')
      .addColumn('hash', c.bytes, (column) => column.primaryKey().notNull())
      .addColumn('user', c.integer, (column) => column.notNull().references('users.number'))
      .addColumn('created_at', c.integer, (column) => column.notNull())
      .addColumn('expires_at', c.integer, (column) => column.notNull())
      .modifyEnd(c.keyed)
      .execute()
    await db.schema
      .createTable('invites')
      .addColumn('number', c.number, c.primary)
      .addColumn('id', c.bytes, (column) => column.notNull().unique())
      .addColumn('hash', c.bytes, (column) => column.notNull().unique())
      .addColumn('room', c.integer)
      .addColumn('role', c.text)
      .addColumn('creator', c.integer, (column) => column.references('users.number'))
      .addColumn('max_uses', c.integer, (column) => column.notNull())
      .addColumn('uses', c.integer, (column) => column.notNull())
      .addColumn('created_at', c.integer, (column) => column.notNull())
      .addColumn('expires_at', c.integer, (column) => column.notNull())
      .addColumn('revoked_at', c.integer)
      .modifyEnd(c.numbered)
      .execute()
    await db.schema.createIndex('invites_of_room').on('invites').columns(['room', 'number']).execute()
    await db.schema.createIndex('invites_of_creator').on('invites').column('creator').execute()
    await db.schema
      .createTable('deletions')
      .addColumn('user', c.integer, (column) => column.primaryKey().references('users.number'))
      .addColumn('messages', c.text, (column) => column.notNull())
      .addColumn('at', c.integer, (column) => column.notNull())
      .modifyEnd(c.keyed)
      .execute()
    await db.schema.createIndex('reset_links_of_user').on('reset_links').column('user').execute()
    // What is over is found by its end; refresh tokens go with their login, as each refresh would pay for an index of theirs.
    await db.schema.createIndex('sessions_over').on('sessions').column('expires_at').execute()
    await db.schema.createIndex('reset_links_over').on('reset_links').column('expires_at').execute()
    await db.schema.createIndex('invites_over').on('invites').column('expires_at').execute()
    const revoked = db.schema.createIndex('invites_revoked').on('invites').column('revoked_at')
    await revoked.where(sql.ref('revoked_at'), 'is not', null).execute()
  },
})
