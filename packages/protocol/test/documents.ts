import type { Json, JsonObject } from '../src/docs/components.ts'
import Schema from 'typebox/schema'

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value at a JSON pointer such as `#/components/schemas/Room`, undefined where there is none. */
export function at(document: JsonObject, pointer: string): Json | undefined {
  const keys = pointer
    .replace(/^#\//, '')
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return keys.reduce<Json | undefined>((node, key) => (isObject(node) ? node[key] : undefined), document)
}

/** The object at a pointer; a missing one is a failure of the test. */
export function objectAt(document: JsonObject, pointer: string): JsonObject {
  const found = at(document, pointer)
  if (!isObject(found)) throw new Error(`${pointer} is not an object of the document`)
  return found
}

/** The value itself, or what its `$ref` leads to. */
export function resolve(document: JsonObject, value: Json | undefined): JsonObject {
  if (!isObject(value)) throw new Error(`not an object: ${JSON.stringify(value)}`)
  return typeof value.$ref === 'string' ? resolve(document, objectAt(document, value.$ref)) : value
}

/** Every object of the document, with its place. */
export function* walk(node: Json, path = '#'): Generator<[string, JsonObject]> {
  if (typeof node !== 'object' || node === null) return
  if (isObject(node)) yield [path, node]
  for (const [key, value] of Object.entries(node)) yield* walk(value, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
}

export const dangling = (document: JsonObject): string[] =>
  [...walk(document)].flatMap(([path, node]) =>
    typeof node.$ref === 'string' && at(document, node.$ref) === undefined ? [`${path}: ${node.$ref}`] : [],
  )

/** Components that nothing in the document refers to. */
export function unreferenced(document: JsonObject, kinds: string[]): string[] {
  const targets = new Set([...walk(document)].map(([, node]) => node.$ref))
  const all = kinds.flatMap((kind) => Object.keys(objectAt(document, `#/components/${kind}`)).map((name) => `#/components/${kind}/${name}`))
  return all.filter((pointer) => !targets.has(pointer))
}

/** Whether a schema of the document, references included, accepts a value. */
export const accepts = (document: JsonObject, schema: Json | undefined, value: Json | undefined): boolean =>
  Schema.Check({ ...resolveOnce(schema), components: document.components ?? {} }, value)

const resolveOnce = (schema: Json | undefined): JsonObject => (isObject(schema) ? schema : {})
