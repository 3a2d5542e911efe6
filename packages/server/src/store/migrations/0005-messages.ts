import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Columns } from './columns.ts'

/**
 * Reactions, pins, threads, forwarding, reads of single messages, and rooms that forget. Whatever a view prints of a message stands in the
 * row of the message beside its `rev`, so that one read gives both as of one moment. The indexes of messages are partial: a message that
 * is neither a reply nor pinned pays for none of them.
 */
export const messages = (c: Columns): Migration => ({
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('messages').addColumn('root', c.bytes).execute()
    await db.schema.alterTable('messages').addColumn('forward', c.text).execute()
    await db.schema.alterTable('messages').addColumn('reactions', c.text).execute()
    await db.schema
      .alterTable('messages')
      .addColumn('replies', c.integer, (column) => column.notNull().defaultTo(0))
      .execute()
    await db.schema.alterTable('messages').addColumn('last_reply_n', c.integer).execute()
    await db.schema.alterTable('messages').addColumn('last_reply_at', c.integer).execute()
    await db.schema.alterTable('messages').addColumn('pinned_at', c.integer).execute()
    const replies = db.schema.createIndex('messages_thread').on('messages').columns(['room', 'root', 'n'])
    await replies.where('root', 'is not', null).execute()
    const pinned = db.schema.createIndex('messages_pinned').on('messages').columns(['room', 'pinned_at', 'n'])
    await pinned.where('pinned_at', 'is not', null).execute()
    await ofMessages(db, c)
    await db.schema.alterTable('rooms').addColumn('ttl_s', c.integer).execute()
    const forgetting = db.schema.createIndex('rooms_forgetting').on('rooms').columns(['number', 'ttl_s'])
    await forgetting.where('ttl_s', 'is not', null).execute()
  },
})

async function ofMessages(db: Kysely<unknown>, c: Columns): Promise<void> {
  await db.schema
    .createTable('reactions')
    .addColumn('room', c.integer, (column) => column.notNull().references('rooms.number'))
    .addColumn('n', c.integer, (column) => column.notNull())
    .addColumn('user', c.integer, (column) => column.notNull().references('users.number'))
    .addColumn('emoji', c.key, (column) => column.notNull())
    .addColumn('seq', c.integer, (column) => column.notNull())
    .addColumn('at', c.integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('reactions_pkey', ['room', 'n', 'user', 'emoji'])
    .modifyEnd(c.keyed)
    .execute()
  await db.schema.createIndex('reactions_in_order').on('reactions').columns(['room', 'n', 'seq']).execute()
  await db.schema
    .createTable('reads')
    .addColumn('room', c.integer, (column) => column.notNull().references('rooms.number'))
    .addColumn('n', c.integer, (column) => column.notNull())
    .addColumn('user', c.integer, (column) => column.notNull().references('users.number'))
    .addColumn('at', c.integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('reads_pkey', ['room', 'n', 'user'])
    .modifyEnd(c.keyed)
    .execute()
}
