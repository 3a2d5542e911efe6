/// <reference lib="es2024.object" />
import { type OperationName, operationList } from '../catalog.ts'
import type { Operation } from '../define.ts'
import { type ErrorCode, errors, Problem } from '../errors.ts'
import { protocolVersion } from '../frames.ts'
import { limits } from '../limits.ts'
import { errorsOf, fieldPlaces, takesCid } from '../rest.ts'
import { Cid, type TSchema } from '../schema.ts'
import { LastEventId, type Stream, streamErrorsOf, streamList, type StreamName } from '../streams.ts'
import { type Json, type JsonObject, type SchemaBook, schemaBook } from './components.ts'
import { exampleOf, exampleProblem } from './examples.ts'

const about = [
  'The native API of Parlance over HTTP. Every operation below can also be called on the WebSocket: see the AsyncAPI document.',
  'Sign in with `accounts.login` and send `Authorization: Bearer <access_token>`.',
  'Requests are closed: an unknown field is an error. Answers are open: a later version may add fields, so ignore what you do not know.',
  `Lists take \`limit\` (1 to ${limits.page_max}, ${limits.page_default} by default) and \`cursor\`, the \`next\` of the page before; \`next\` is null on the last page.`,
  `Refusals are \`application/problem+json\` with a permanent \`code\`. A body has at most ${limits.body_bytes} bytes.`,
].join('\n\n')

type Properties = Record<string, TSchema>
const propertiesOf = (schema: TSchema): Properties => (schema as { properties?: Properties }).properties ?? {}
const requiredOf = (schema: TSchema): string[] => (schema as { required?: string[] }).required ?? []
const jsonBody = (schema: Json, example: Json): JsonObject => ({ 'application/json': { schema, example } })

/** The OpenAPI 3.1 document of the catalog, relative to the server that serves it. */
export function openapi(): JsonObject {
  const book = schemaBook()
  const paths: Record<string, JsonObject> = {}
  for (const [name, operation] of operationList()) {
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: describe(name, operation, book) }
  }
  for (const [name, stream] of streamList()) paths[stream.path] = { ...paths[stream.path], get: describeStream(name, stream, book) }
  const used = [...new Set(refusing().flatMap((codes) => codes))].sort()
  return {
    openapi: '3.1.0',
    info: { title: 'Parlance', version: protocolVersion, description: about, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/api/v1', description: 'The server that serves this document.' }],
    security: [{ bearer: [] }],
    tags: [...new Set(operationList().map(([name]) => tagOf(name)))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token of accounts.login or accounts.register.' },
      },
      responses: refusalComponents(book),
      schemas: book.components(),
      examples: Object.fromEntries(used.map((code) => [code, { summary: errors[code].text, value: exampleProblem(code) }])),
    },
  }
}

/** Operations of one resource stand together: `rooms.create` under rooms. */
const tagOf = (name: OperationName | StreamName): string => name.split('.')[0] ?? name

/** A stream is a GET whose answer does not end; its events are frames of the socket, which the other document describes. */
function describeStream(name: StreamName, stream: Stream, book: SchemaBook): JsonObject {
  const header = {
    name: 'Last-Event-ID',
    in: 'header',
    required: false,
    description: 'The `id` of the last event received: the stream goes on behind it.',
    schema: book.closed(LastEventId),
  }
  const example = 'id: 019a5c2f.1043\ndata: {"ev":"message.created","room":"…","seq":1043,"n":556,"at":"…","data":{…}}\n\n'
  const operation = { ...stream, auth: 'user', rate: 'read', method: 'GET', status: 200, out: stream.in } as const
  return {
    tags: [tagOf(name)],
    operationId: name,
    summary: stream.summary,
    description: `${stream.description}\n\nA comment comes every ${limits.stream_comment_ms / 1000} seconds. The last event is named \`bye\` and has a close code and when to come back.`,
    parameters: [...parameters(operation, book), header],
    responses: {
      200: {
        description: 'Server-sent events until one side ends them. The data of each is a frame of the socket.',
        content: { 'text/event-stream': { schema: { type: 'string' }, example } },
      },
      ...refusals(streamErrorsOf(stream)),
    },
    'x-rate-class': operation.rate,
  }
}

function describe(name: OperationName, operation: Operation, book: SchemaBook): JsonObject {
  return {
    tags: [tagOf(name)],
    operationId: name,
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    ...(operation.auth === 'none' && { security: [] }),
    parameters: parameters(operation, book),
    ...requestBody(operation, book),
    responses: { ...success(operation, book), ...refusals(errorsOf(operation)) },
    'x-rate-class': operation.rate,
  }
}

function parameters(operation: Operation, book: SchemaBook): Json[] {
  const places = fieldPlaces(operation)
  const properties = propertiesOf(operation.in)
  const one = (name: string, place: 'path' | 'query'): Json => {
    const schema = properties[name] as TSchema
    const { description, type } = schema as { description?: string; type?: string }
    return {
      name,
      in: place,
      required: place === 'path' || requiredOf(operation.in).includes(name),
      ...(description && { description }),
      schema: book.closed(schema),
      ...(type === 'array' && { style: 'form', explode: false }),
    }
  }
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description: 'Stands for `cid`; where both are sent they must agree.',
    schema: book.closed(Cid),
  }
  return [
    ...places.path.map((name) => one(name, 'path')),
    ...places.query.map((name) => one(name, 'query')),
    ...(takesCid(operation) ? [key] : []),
  ]
}

function requestBody(operation: Operation, book: SchemaBook): JsonObject {
  const { body } = fieldPlaces(operation)
  if (body.length === 0) return {}
  const properties = propertiesOf(operation.in)
  const required = requiredOf(operation.in).filter((name) => body.includes(name))
  const example = exampleOf(operation.in) as JsonObject
  const schema = {
    type: 'object',
    properties: Object.fromEntries(body.map((name) => [name, book.closed(properties[name] as TSchema)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
  const shown = Object.fromEntries(Object.entries(example).filter(([name]) => body.includes(name)))
  return { requestBody: { required: required.length > 0, content: jsonBody(schema, shown) } }
}

function success({ status, out }: Operation, book: SchemaBook): JsonObject {
  if (status === 204) return { 204: { description: 'Done.' } }
  const schema = book.open(out)
  const example = exampleOf(out) as JsonObject
  if (!Object.hasOwn(propertiesOf(out), 'dup')) return { [status]: { description: 'The answer.', content: jsonBody(schema, example) } }
  return {
    [status]: { description: 'Done now.', content: jsonBody(schema, { ...example, dup: false }) },
    200: { description: 'Done before, by a request with the same cid: its result.', content: jsonBody(schema, { ...example, dup: true }) },
  }
}

type Refusal = { name: string; status: number; codes: ErrorCode[] }

/** The codes of everything that may be refused. */
const refusing = (): ErrorCode[][] => [
  ...operationList().map(([, operation]) => errorsOf(operation)),
  ...streamList().map(([, stream]) => streamErrorsOf(stream)),
]

/** Refusals by status. Operations with the same codes share a component, named by status and codes. */
const refusalsOf = (codes: readonly ErrorCode[]): Refusal[] =>
  Object.entries(Object.groupBy([...codes].sort(), (code) => errors[code].status)).map(([status, same = []]) => ({
    name: [status, ...same].join('.'),
    status: Number(status),
    codes: same,
  }))

const refusals = (codes: readonly ErrorCode[]): JsonObject =>
  Object.fromEntries(refusalsOf(codes).map(({ name, status }) => [status, { $ref: `#/components/responses/${name}` }]))

const refusalComponents = (book: SchemaBook): JsonObject =>
  Object.fromEntries(refusing().flatMap((codes) => refusalsOf(codes).map((refusal) => [refusal.name, describeRefusal(refusal, book)])))

const retryAfter = { 'Retry-After': { description: 'Whole seconds to wait, where known.', schema: { type: 'integer', minimum: 0 } } }

const authenticate = { 'WWW-Authenticate': { description: 'Names the scheme: `Bearer`.', schema: { type: 'string' } } }

function describeRefusal({ status, codes }: Refusal, book: SchemaBook): JsonObject {
  const narrowed = { type: 'object', properties: { status: { const: status }, code: { enum: codes } } }
  return {
    description: codes.map((code) => `\`${code}\`: ${errors[code].text}`).join('\n\n'),
    ...(codes.some((code) => errors[code].retry === 'later') && { headers: retryAfter }),
    ...(status === 401 && { headers: authenticate }),
    content: {
      'application/problem+json': {
        schema: { allOf: [book.open(Problem), narrowed] },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  }
}
