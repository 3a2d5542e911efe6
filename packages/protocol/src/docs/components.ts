import * as accounts from '../accounts.ts'
import * as errors from '../errors.ts'
import * as frames from '../frames.ts'
import * as logs from '../logs.ts'
import * as members from '../members.ts'
import * as messages from '../messages.ts'
import * as presence from '../presence.ts'
import * as reactions from '../reactions.ts'
import * as requests from '../requests.ts'
import * as roomShapes from '../room-shapes.ts'
import * as rooms from '../rooms.ts'
import * as sanctions from '../sanctions.ts'
import * as schema from '../schema.ts'
import type { TSchema } from '../schema.ts'
import * as users from '../users.ts'

export type Json = null | boolean | number | string | Json[] | JsonObject
export type JsonObject = { [key: string]: Json }

/** A schema as the JSON that stands in documents. */
export const plain = (value: TSchema): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject

/** `message.created` as `MessageCreatedEvent`. */
export const eventComponent = (type: string): string =>
  `${type.replace(/(?:^|[._])(\w)/g, (_, letter: string) => letter.toUpperCase())}Event`

const isSchema = (value: unknown): value is TSchema => typeof value === 'object' && value !== null && '~kind' in value

/** A schema that the protocol exports under a capital name is a component of that name in the documents. */
function exported(): [string, TSchema][] {
  return [
    ...[schema, errors, accounts, users, roomShapes, rooms, members, sanctions, requests, messages],
    ...[reactions, logs, presence, frames],
  ].flatMap((module) => Object.entries(module as Record<string, unknown>).filter((entry): entry is [string, TSchema] => isSchema(entry[1])))
}

function durableFrames(): [string, TSchema][] {
  const inUnion = (union: TSchema, types: object) =>
    Object.keys(types).map((type, index): [string, TSchema] => [
      eventComponent(type),
      (union as { anyOf: TSchema[] }).anyOf[index] as TSchema,
    ])
  return [...inUnion(logs.RoomEventFrame, logs.durableEvents), ...inUnion(logs.UserEventFrame, users.userEvents)]
}

/** Component names by the schema's JSON: an optional or shared use of a schema is another object, but the same JSON. */
const names = new Map([...exported(), ...durableFrames()].map(([name, value]) => [JSON.stringify(value), name]))

/** The component a schema is published as, if it is one. */
export const componentName = (value: TSchema | Json): string | undefined => names.get(JSON.stringify(value))

const closedObject = '"additionalProperties":false'

/** Writes schemas for one document and remembers the components they refer to. */
export type SchemaBook = {
  /** As an answer or event: published open, so that a field may be added within a version. */
  open(value: TSchema): Json
  /** As a request: closed, as it is checked. */
  closed(value: TSchema): Json
  /** Every component referred to so far, by name. */
  components(): JsonObject
}

export function schemaBook(): SchemaBook {
  const used = new Map<string, Json>()

  const refer = (name: string, node: JsonObject): Json => {
    if (!used.has(name)) {
      used.set(name, null)
      used.set(name, inside(node, false))
    }
    return { $ref: `#/components/schemas/${name}` }
  }

  const inside = (node: JsonObject, closed: boolean): Json =>
    Object.fromEntries(
      Object.entries(node)
        .filter(([key, value]) => closed || key !== 'additionalProperties' || value !== false)
        .map(([key, value]) => [key, write(value, closed)]),
    )

  const write = (node: Json, closed: boolean): Json => {
    if (Array.isArray(node)) return node.map((item) => write(item, closed))
    if (node === null || typeof node !== 'object') return node
    const name = componentName(node)
    // Components are open; a closed object inside a request is therefore written out.
    if (name === undefined || (closed && JSON.stringify(node).includes(closedObject))) return inside(node, closed)
    return refer(name, node)
  }

  return {
    open: (value) => write(plain(value), false),
    closed: (value) => write(plain(value), true),
    components: () => Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
