import { Cid, Id, RoomRef, type TSchema, UserRef } from '@parlance/protocol'
import fc from 'fast-check'

export type HoleKind = 'room' | 'user' | 'id' | 'cid' | 'cursor'

/** A place in a generated value that wants something the server knows: it is filled in when the value is used. `key` names the field. */
export class Hole {
  readonly kind: HoleKind
  readonly key: string

  constructor(kind: HoleKind, key: string) {
    this.kind = kind
    this.key = key
  }
}

/** What a published schema looks like as JSON Schema, as far as ours go. */
type Json = {
  type?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: Json[]
  properties?: Record<string, Json>
  required?: string[]
  patternProperties?: Record<string, Json>
  items?: Json
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  maxItems?: number
  uniqueItems?: boolean
}

const patternOf = (schema: TSchema): string | undefined => (schema as Json).pattern

/** References are recognised by their published patterns. */
const holes = new Map<string | undefined, HoleKind>([
  [patternOf(RoomRef), 'room'],
  [patternOf(UserRef), 'user'],
  [patternOf(Id), 'id'],
  [patternOf(Cid), 'cid'],
])

/** Values that fit a published schema, with holes for references. A schema of a sort not known here is a mistake of this file: it throws. */
export const valuesOf = (schema: TSchema): fc.Arbitrary<unknown> => valueOf(schema as Json, '')

function valueOf(schema: Json, key: string): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((branch) => valueOf(branch, key)))
  switch (schema.type) {
    case 'object':
      return objectOf(schema, key)
    case 'array':
      return arrayOf(schema, key)
    case 'string':
      return stringOf(schema, key)
    case 'integer':
      return integerOf(schema)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case undefined:
      return fc.jsonValue({ maxDepth: 3 })
    default:
      throw new Error(`no values for a schema of type ${schema.type}`)
  }
}

function objectOf({ properties, required = [], patternProperties = {} }: Json, key: string): fc.Arbitrary<unknown> {
  if (properties !== undefined) {
    const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valueOf(schema, name)]))
    return fc.record(fields, { requiredKeys: required, noNullPrototype: true })
  }
  const [pattern = '', value = {}] = Object.entries(patternProperties)[0] ?? []
  const keys = holes.get(pattern) === 'id' ? fc.uuid() : fc.string({ maxLength: 12 }).filter((name) => name !== '__proto__')
  return fc.dictionary(keys, valueOf(value, key), { maxKeys: 6, noNullPrototype: true })
}

function arrayOf({ items = {}, maxItems = 10 }: Json, key: string): fc.Arbitrary<unknown> {
  return fc.array(valueOf(items, key), { maxLength: Math.min(maxItems, 4) })
}

function stringOf({ pattern, minLength = 0, maxLength = 200 }: Json, key: string): fc.Arbitrary<unknown> {
  const kind = key === 'cursor' ? 'cursor' : holes.get(pattern)
  if (kind !== undefined) return fc.constant(new Hole(kind, key))
  const short = { minLength, maxLength: Math.min(maxLength, 30) }
  return fc.oneof(
    { weight: 12, arbitrary: fc.string({ ...short, unit: 'grapheme' }) },
    // Control characters, NUL among them, which the pattern refuses.
    { weight: 1, arbitrary: fc.string({ ...short, unit: 'binary' }) },
    { weight: 1, arbitrary: fc.constantFrom('x'.repeat(maxLength), '\u{1F642}'.repeat(Math.floor(maxLength / 2))) },
  )
}

function integerOf({ minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER }: Json): fc.Arbitrary<unknown> {
  const small = fc.integer({ min: minimum, max: Math.min(maximum, Math.max(minimum, 0) + 100) })
  return fc.oneof({ weight: 4, arbitrary: small }, { weight: 1, arbitrary: fc.constantFrom(minimum, maximum) })
}
