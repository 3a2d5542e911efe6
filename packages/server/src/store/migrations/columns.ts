import type { ColumnDataType, ColumnDefinitionBuilder, Kysely, RawBuilder } from 'kysely'

type Type = ColumnDataType | RawBuilder<unknown>
type Touch = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder

/** How an engine spells what migrations need. Each driver hands its own to `migrate`; a migration names no engine. */
export type Columns = {
  integer: Type
  bytes: Type
  text: Type
  /** Text compared and ordered byte by byte, whatever the locale of the database. */
  key: Type
  /** Integers the engine gives in rising order, never again after their row is gone. */
  number: Type
  /** Makes a `number` the primary key. */
  primary: Touch
  /** A `number` beside a key that begins with the room; where an engine needs it as primary key, it is. */
  beside: Touch
  /** How a table ends whose rows are found by number; by their primary key. */
  numbered: RawBuilder<unknown>
  keyed: RawBuilder<unknown>
  /** The same for the two tables every message goes into, which an engine may part by room. */
  numberedByRoom: RawBuilder<unknown>
  keyedByRoom: RawBuilder<unknown>
  /** Makes the parts of a table that ends `…ByRoom`. */
  part(db: Kysely<unknown>, table: string): Promise<void>
}
