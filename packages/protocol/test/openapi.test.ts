import { describe, expect, test } from 'bun:test'
import { errors, errorsOf, fieldPlaces, openapi, operationList, streamList } from '@parlance/protocol'
import type { Json, JsonObject } from '../src/docs/components.ts'
import { accepts, dangling, isObject, objectAt, resolve, unreferenced, walk } from './documents.ts'

const document = openapi()
const operationAt = (path: string, method: string): JsonObject =>
  objectAt(document, `#/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method.toLowerCase()}`)

const list = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

describe('the OpenAPI document', () => {
  test('has the parts that OpenAPI 3.1 requires', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: expect.any(String), version: expect.any(String) } })
    expect(Object.keys(objectAt(document, '#/paths')).every((path) => path.startsWith('/'))).toBe(true)
    for (const kind of ['schemas', 'responses', 'examples', 'securitySchemes']) {
      for (const name of Object.keys(objectAt(document, `#/components/${kind}`))) expect(name).toMatch(/^[a-zA-Z0-9._-]+$/)
    }
    expect(document.components).toMatchObject({ securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } })
  })

  test('refers to nothing that is not there and keeps nothing that is not referred to', () => {
    expect(dangling(document)).toEqual([])
    expect(unreferenced(document, ['schemas', 'responses', 'examples'])).toEqual([])
  })

  test('names the shapes people meet', () => {
    const named = [
      'Room',
      'Message',
      'User',
      'UserBrief',
      'Member',
      'Profile',
      'Session',
      'Problem',
      'RoomLog',
      'UserLog',
      'MessageCreatedEvent',
    ]
    expect(objectAt(document, '#/components/schemas')).toContainKeys(named)
  })

  test('describes the operations of the catalog, the streams and nothing else', () => {
    const described = [...walk(document.paths ?? null)].flatMap(([, node]) =>
      typeof node.operationId === 'string' ? [node.operationId] : [],
    )
    expect(described.sort()).toEqual([...operationList(), ...streamList()].map(([name]) => name as string).sort())
  })

  test('publishes answers open', () => {
    const closed = [...walk(objectAt(document, '#/components/schemas'))].filter(([, node]) => node.additionalProperties === false)
    expect(closed.map(([path]) => path)).toEqual([])
  })
})

describe.each(operationList())('the description of %s', (_name, operation) => {
  const described = operationAt(operation.path, operation.method)
  const parameters = list(described.parameters)

  test('has a required parameter for each field of the path', () => {
    const inPath = parameters.filter((parameter) => parameter.in === 'path')
    expect(inPath.map(({ name, required }) => [name, required])).toEqual(fieldPlaces(operation).path.map((name) => [name, true]))
  })

  test('has the header Idempotency-Key exactly where the input has a cid', () => {
    const keys = parameters.filter(({ name }) => name === 'Idempotency-Key')
    expect(keys.length).toBe(JSON.stringify(operation.in).includes('"cid":') ? 1 : 0)
  })

  test('has a closed request body with an example that fits', () => {
    const { body } = fieldPlaces(operation)
    expect(described.requestBody !== undefined).toBe(body.length > 0)
    if (!isObject(described.requestBody)) return
    const { schema, example } = objectAt(described.requestBody, '#/content/application~1json')
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false })
    expect(accepts(document, schema, example)).toBe(true)
    expect(accepts(document, schema, { ...(example as JsonObject), surprise: 1 })).toBe(false)
  })

  test('has its answers, with examples that fit', () => {
    const responses = described.responses as JsonObject
    const successes = Object.keys(responses).filter((status) => status < '300')
    const repeats = 'dup' in ((operation.out as { properties?: object }).properties ?? {})
    expect(successes).toEqual(repeats ? ['200', '201'] : [String(operation.status)])
    for (const status of successes) {
      const response = resolve(document, responses[status])
      expect(response.description).toBeString()
      expect(response.content === undefined).toBe(status === '204')
      if (!isObject(response.content)) continue
      const { schema, example } = objectAt(response.content, '#/application~1json')
      expect(accepts(document, schema, example)).toBe(true)
      if (repeats) expect(example).toMatchObject({ dup: status === '200' })
    }
  })

  test('has a problem for each error it may answer with, under its status', () => {
    const responses = described.responses as JsonObject
    const told = Object.keys(responses)
      .filter((status) => status >= '400')
      .flatMap((status) => {
        const content = objectAt(resolve(document, responses[status]), '#/content/application~1problem+json')
        return Object.entries(content.examples as JsonObject).map(([code, reference]) => {
          const example = resolve(document, reference).value as JsonObject
          expect(accepts(document, content.schema, example)).toBe(true)
          expect(accepts(document, content.schema, { ...example, code: 'no_such_code' })).toBe(false)
          expect(example).toMatchObject({ code, status: Number(status) })
          return code
        })
      })
    expect(told.sort()).toEqual(errorsOf(operation).map(String).sort())
    for (const code of errorsOf(operation)) expect(Object.keys(responses)).toContain(String(errors[code].status))
  })

  test('tells the headers that come with a refusal', () => {
    for (const [status, reference] of Object.entries(described.responses as JsonObject)) {
      const headers = Object.keys((resolve(document, reference).headers as JsonObject | undefined) ?? {})
      if (status === '401') expect(headers).toEqual(['WWW-Authenticate'])
      if (status === '429' || status === '503') expect(headers).toEqual(['Retry-After'])
    }
  })

  test('needs a token unless it is open to everybody', () => {
    expect(described.security).toEqual(operation.auth === 'none' ? [] : undefined)
    expect(document.security).toEqual([{ bearer: [] }])
  })
})
