import type { Database, SQLQueryBindings } from 'bun:sqlite'

/** A row as both engines give and take it: numbers, text, bytes, null. */
export type Row = Record<string, SQLQueryBindings>

/** Hears of each table that was copied. */
export type Progress = (table: string, rows: number) => void

/** The tables of a copy, each behind those it refers to. The engine's own and the migrator's are left out. */
export function tablesOf(db: Database): string[] {
  const names = db
    .query<{ name: string }, []>(
      "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like 'kysely_%'",
    )
    .all()
    .map(({ name }) => name)
  const referred = new Map(
    names.map((name) => {
      const keys = db.query<{ table: string }, [string]>('select "table" from pragma_foreign_key_list(?)').all(name)
      return [name, new Set(keys.map(({ table }) => table).filter((table) => table !== name))]
    }),
  )
  const ordered: string[] = []
  while (ordered.length < names.length) {
    const next = names.filter(
      (name) => !ordered.includes(name) && [...(referred.get(name) ?? [])].every((other) => ordered.includes(other)),
    )
    if (next.length === 0) throw new Error('tables refer to each other in a circle')
    ordered.push(...next)
  }
  return ordered
}

export function columnsOf(db: Database, table: string): string[] {
  return db
    .query<{ name: string }, [string]>('select name from pragma_table_info(?)')
    .all(table)
    .map(({ name }) => name)
}

/** All rows of a table, so many at a time. */
export function* rowsOf(db: Database, table: string, size: number): Generator<Row[]> {
  let page: Row[] = []
  for (const row of db.prepare<Row, []>(`select * from "${table}"`).iterate()) {
    page.push(row)
    if (page.length < size) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

/** Puts rows into a table of a copy. */
export function insertRows(db: Database, table: string, rows: readonly Row[]): void {
  const columns = columnsOf(db, table)
  const names = columns.map((column) => `"${column}"`).join(', ')
  const insert = db.prepare<unknown, SQLQueryBindings[]>(`insert into "${table}" (${names}) values (${columns.map(() => '?').join(', ')})`)
  for (const row of rows) insert.run(...columns.map((column) => row[column] ?? null))
  insert.finalize()
}
