import { type Static, type TSchema, Type } from 'typebox'
import { limits } from './limits.ts'

export { type Static, type TSchema, Type }

/** Text without NUL and without lone surrogates, so that every engine stores it and every client reads it back exactly. */
const wellFormed = '^[^\\u0000\\uD800-\\uDFFF]*$'
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
/** The pattern of an id, for keys of records. */
export const idPattern = `^${uuid}$`

type TextOptions = { min?: number; description?: string }

/** A string of at most `max` code points. */
export const Text = (max: number, { min = 0, description }: TextOptions = {}) =>
  Type.String({ maxLength: max, ...(min > 0 && { minLength: min }), pattern: wellFormed, ...(description && { description }) })

/** A closed object: unknown keys are refused. Answers are published open and checked closed in our own tests. */
export const Closed = <P extends Record<string, TSchema>>(properties: P, description?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(description && { description }) })

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const OneOf = <const V extends readonly string[]>(values: V, description?: string) =>
  Type.Enum<[...V]>([...values], description ? { description } : {})

/** UUID in lower case. */
export const Id = Type.String({ pattern: idPattern, description: 'A UUID in lower case.' })

/** A room named by its id, or a named room as `name:general`. */
export const RoomRef = Type.String({
  pattern: `^(${uuid}|name:[^\\u0000\\uD800-\\uDFFF]{1,${limits.room_name_chars}})$`,
  description: 'The id of a room, or `name:` and the name of a named room.',
})

/** A user named by id, as `name:alice`, or as `me`. */
export const UserRef = Type.String({
  pattern: `^(me|${uuid}|name:[^\\u0000\\uD800-\\uDFFF]{1,${limits.username_chars}})$`,
  description: 'The id of a user, `name:` and a username, or `me`.',
})

/** Chosen by the client and unique per sender and room, or per actor and operation: a retry with the same value returns the first result. */
export const Cid = Type.String({
  pattern: `^[\\w-]{1,${limits.cid_chars}}$`,
  description: 'Chosen by the client. A retry with the same value has no second effect and returns the first result.',
})

/** A reaction: an emoji or a short word, without spaces. Two are the same if their code points are. */
export const Emoji = Type.String({
  minLength: 1,
  maxLength: limits.reaction_chars,
  pattern: '^[^\\s\\u0000-\\u001F\\u007F-\\u009F\\uD800-\\uDFFF]*$',
  description: 'An emoji or a short word, without spaces; compared code point by code point.',
})

/** ISO 8601, UTC, milliseconds: `2026-11-20T17:49:34.699Z`. */
export const Timestamp = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'ISO 8601 in UTC with milliseconds.',
})

/** Position in a room's log (`seq`, `rev`) or among its messages (`n`); the first is 1, 0 stands before it. */
export const Position = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description })

/** How long the messages of a room live, in seconds. */
export const Ttl = Type.Integer({
  minimum: limits.ttl_min_s,
  maximum: limits.ttl_max_s,
  description: 'Messages disappear after so many seconds.',
})

/** A JSON object kept and returned unread, at most 4 KB. */
export const Meta = Type.Record(Type.String(), Type.Unknown(), {
  description: 'A JSON object of at most 4,096 bytes, kept and returned unread.',
})

export const pageInput = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.page_max, default: limits.page_default })),
  cursor: Type.Optional(Text(500, { description: 'The `next` of the page before.' })),
}

/** One page of a list; `next` is the cursor of the next page, null on the last. */
export const Page = <T extends TSchema>(item: T) => Closed({ items: Type.Array(item), next: Nullable(Type.String()) })

/** Who someone is, as printed wherever a person appears. */
export const UserBrief = Closed({ id: Id, username: Type.String() })
export type UserBrief = Static<typeof UserBrief>
