import { type Kysely, sql } from 'kysely'
import type { Columns } from '../migrations/columns.ts'

/** STRICT makes a value of a wrong type an error instead of a surprise; WITHOUT ROWID keeps a keyed table to one tree. */
export const sqliteColumns: Columns = {
  integer: 'integer',
  bytes: 'blob',
  text: 'text',
  key: 'text',
  number: 'integer',
  primary: (column) => column.primaryKey().autoIncrement(),
  beside: (column) => column.primaryKey().autoIncrement(),
  numbered: sql`strict`,
  keyed: sql`strict, without rowid`,
  numberedByRoom: sql`strict`,
  keyedByRoom: sql`strict, without rowid`,
  part: () => Promise.resolve(),
}

/** So many parts a table: vacuum and index upkeep stay small, and none has to be moved when more nodes come. */
const parts = 16

export const postgresColumns: Columns = {
  integer: 'bigint',
  bytes: 'bytea',
  text: 'text',
  key: sql`text collate "C"`,
  number: 'bigserial',
  primary: (column) => column.primaryKey(),
  beside: (column) => column.notNull(),
  numbered: sql``,
  keyed: sql``,
  numberedByRoom: sql`partition by hash (room)`,
  keyedByRoom: sql`partition by hash (room)`,
  async part(db: Kysely<unknown>, table: string) {
    for (let part = 0; part < parts; part += 1) {
      await sql`create table ${sql.table(`parlance.${table}_${part}`)} partition of ${sql.table(`parlance.${table}`)}
        for values with (modulus ${sql.lit(parts)}, remainder ${sql.lit(part)})`.execute(db)
    }
  },
}
