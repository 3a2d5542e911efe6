import { describe, expect, test } from 'bun:test'
import { errors, errorsOf, eventList, fieldPlaces, findOperation, limits, operationList, type TSchema, up } from '@parlance/protocol'

const root = `${import.meta.dir}/../../..`
const propertiesOf = (schema: TSchema) => (schema as { properties?: Record<string, TSchema> }).properties ?? {}
const requiredOf = (schema: TSchema) => (schema as { required?: string[] }).required ?? []

describe.each(operationList())('the operation %s', (name, operation) => {
  test('is named resource.verb and found by that name', () => {
    expect(name).toMatch(/^[a-z]+\.[a-z_]+$/)
    expect(findOperation(name)).toBe(operation)
  })

  test('requires in its input what its path names', () => {
    const { path } = fieldPlaces(operation)
    for (const field of path) expect(requiredOf(operation.in)).toContain(field)
  })

  test('sends every input field in exactly one place', () => {
    const { path, query, body } = fieldPlaces(operation)
    expect([...path, ...query, ...body].sort()).toEqual(Object.keys(propertiesOf(operation.in)).sort())
  })

  test('puts only strings, integers, booleans and lists of strings into its path and query', () => {
    const { path, query } = fieldPlaces(operation)
    for (const field of [...path, ...query]) {
      const { type, items } = propertiesOf(operation.in)[field] as { type?: string; items?: { type?: string } }
      expect(['string', 'integer', 'boolean', 'array']).toContain(type ?? 'none')
      if (type === 'array') expect(items?.type).toBe('string')
    }
  })

  test('takes a closed object', () => {
    expect(operation.in).toMatchObject({ type: 'object', additionalProperties: false })
  })

  test('lists errors of the table, each once', () => {
    for (const code of errorsOf(operation)) expect(Object.keys(errors)).toContain(code)
    expect(new Set(operation.errors).size).toBe(operation.errors.length)
  })

  test('answers nothing exactly where its status is 204, and says whether a 201 is a repeat', () => {
    expect(propertiesOf(operation.out).dup !== undefined || name === 'accounts.register').toBe(operation.status === 201)
    expect((operation.out as { type?: string }).type === 'null').toBe(operation.status === 204)
  })
})

test('no two operations share a method and a path', () => {
  // A parameter in the place of a word would make the choice depend on the order of routes.
  const routes = operationList().map(([, { method, path }]) => `${method} ${path}`)
  const shapes = operationList().map(([, { method, path }]) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`)
  expect(new Set(routes).size).toBe(routes.length)
  expect(new Set(shapes).size).toBe(shapes.length)
})

test('no path with a word in it can be taken for one with a parameter there', () => {
  const routes = operationList().map(([, { method, path }]) => ({ method, parts: path.split('/') }))
  const meets = (a: string, b: string) => a === b || a.startsWith('{') || b.startsWith('{')
  for (const a of routes) {
    for (const b of routes) {
      if (a === b || a.method !== b.method || a.parts.length !== b.parts.length) continue
      expect(a.parts.every((part, index) => meets(part, b.parts[index] ?? ''))).toBe(false)
    }
  }
})

describe.each(eventList())('the event %s', (name, { scope, data }) => {
  test('is named thing.past if it is kept, by one word if it may be dropped', () => {
    expect(name).toMatch(scope === 'ephemeral' ? /^[a-z]+$/ : /^[a-z]+\.[a-z]+$/)
  })

  test('has a closed schema of its data', () => {
    expect(data).toMatchObject({ type: 'object', additionalProperties: false })
  })
})

test('everything a client may send is closed, at every depth', () => {
  const open = (node: unknown, path: string): string[] => {
    if (typeof node !== 'object' || node === null) return []
    const { type, properties, patternProperties, additionalProperties } = node as Record<string, unknown>
    // Meta and the input of an operation are the two values that are not looked into here.
    const free = Object.keys((patternProperties as object | undefined) ?? {}).includes('^.*$')
    const here =
      type === 'object' && !free && (properties ?? patternProperties) !== undefined && additionalProperties !== false ? [path] : []
    return [...here, ...Object.entries(node).flatMap(([key, value]) => open(value, `${path}/${key}`))]
  }
  const requests = [...operationList().map(([name, { in: input }]) => [name, input] as const), ...Object.entries(up)]
  expect(requests.flatMap(([name, schema]) => open(JSON.parse(JSON.stringify(schema)), name))).toEqual([])
})

test('every published limit is kept somewhere in the sources', async () => {
  const files = await Array.fromAsync(new Bun.Glob('packages/*/src/**/*.ts').scan({ cwd: root }))
  const sources = await Promise.all(
    files.filter((file) => !file.endsWith('protocol/src/limits.ts')).map((file) => Bun.file(`${root}/${file}`).text()),
  )
  const unused = Object.keys(limits).filter((name) => !sources.some((text) => new RegExp(`\\blimits\\.${name}\\b`).test(text)))
  expect(unused).toEqual([])
})
