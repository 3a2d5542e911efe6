import { eventList, type OperationName, operationList } from '../catalog.ts'
import { closeCodes } from '../close-codes.ts'
import type { Operation } from '../define.ts'
import { down, protocolVersion, subprotocol, up } from '../frames.ts'
import { limits } from '../limits.ts'
import { socketErrorsOf } from '../rest.ts'
import { Closed, Type } from '../schema.ts'
import { type Json, type JsonObject, type SchemaBook, schemaBook } from './components.ts'
import { exampleOf } from './examples.ts'

const about = [
  `The native API of Parlance over one WebSocket, subprotocol \`${subprotocol}\` (offering it is optional). Frames are JSON texts told apart by their first key.`,
  `The first frame is \`hello\` with an access token, within ${limits.hello_ms / 1000} seconds. A frame to the server has at most ${limits.frame_bytes} bytes.`,
  `The server sends something every ${limits.heartbeat_ms / 1000} seconds; each side closes after ${limits.silence_ms / 1000} seconds of silence.`,
  'Frames from the server are open: a later version may add fields and kinds, so ignore what you do not know.',
].join('\n\n')

const upSummaries: Record<Exclude<keyof typeof up, 'op'>, string> = {
  hello: 'The first frame: who you are and where you left off.',
  open: 'Show a room: its typing and receipts come now, in a large room its events too.',
  close: 'The room is no longer shown.',
  watch: 'Whose presence to report; replaces the former list.',
  auth: 'A newer access token, so that the socket outlives the old one.',
  ping: 'Asks for a pong.',
}

const downSummaries: Record<Exclude<keyof typeof down, 'ok' | 'ev' | 'uev'>, string> = {
  welcome: 'The token is good. `limits` are those of this server.',
  heads: 'Where your rooms stand: the last position, the last message and your marker. Pages, before `ready`.',
  ready: 'Everything the resume promised was sent; what follows is live.',
  reset: 'Forget what you keep of these rooms: the server cannot continue from your position.',
  err: 'An operation was refused.',
  log: 'A stretch of the log of a room, with the range it covers.',
  ulog: 'A stretch of your own log, with the range it covers.',
  opened: 'The room is open; every event up to `seq` was sent before.',
  refused: 'The room was not opened.',
  typing: 'Somebody is typing, or stopped. May be dropped.',
  receipt: 'Somebody read up to a message. May be dropped.',
  floor: 'Messages of a room that forgets them disappeared. May be dropped: `floor` of a log says so, too.',
  presence: 'A watched user came or went. May be dropped.',
  head: 'Rooms moved on whose events did not come; with `useq`, so did your own log.',
  auth: 'The newer token is taken.',
  bye: 'The server is about to close; says when to come back.',
  pong: 'The answer to ping.',
}

const ephemera = ['typing', 'receipt', 'floor', 'presence']

/** The AsyncAPI 3.0 document of the socket. */
export function asyncapi(): JsonObject {
  const book = schemaBook()
  const messages: JsonObject = { ...upMessages(book), ...callMessages(book), ...downMessages(book), ...eventMessages(book) }
  const names = Object.keys(messages)
  return {
    asyncapi: '3.0.0',
    info: { title: 'Parlance realtime', version: protocolVersion, description: about, license: { name: 'MIT' } },
    defaultContentType: 'application/json',
    servers: {
      parlance: {
        host: '{host}',
        protocol: 'wss',
        description: 'Any Parlance server; `ws` without TLS.',
        variables: { host: { default: 'localhost:8000', description: 'Host and port of the server.' } },
      },
    },
    channels: {
      ws: {
        address: '/ws',
        title: 'The socket',
        description: 'One socket per client carries every room its user belongs to.',
        messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
      },
    },
    operations: { ...frameOperations(), ...callOperations(), deliver: deliver(names) },
    components: { messages, schemas: book.components() },
    'x-close-codes': Object.fromEntries(Object.entries(closeCodes)),
    'x-limits': limits,
  }
}

type Shown = { name: string; summary: string; payload: Json; example: Json }

const message = ({ name, summary, payload, example }: Shown): JsonObject => ({
  name,
  title: name,
  summary,
  payload,
  examples: [{ payload: example }],
})

function upMessages(book: SchemaBook): JsonObject {
  return Object.fromEntries(
    Object.entries(upSummaries).map(([name, summary]) => {
      const schema = up[name as keyof typeof upSummaries]
      return [`up.${name}`, message({ name, summary, payload: book.closed(schema), example: exampleOf(schema) })]
    }),
  )
}

function downMessages(book: SchemaBook): JsonObject {
  const refused = { id: 3, err: { code: 'rate_limited', detail: 'Too many requests; wait `retry_ms`.', retry_ms: 800 } }
  return Object.fromEntries(
    Object.entries(downSummaries).map(([name, summary]) => {
      const schema = down[name as keyof typeof downSummaries]
      const example = name === 'err' ? refused : exampleOf(schema)
      return [
        `down.${name}`,
        message({ name: ephemera.includes(name) ? `eph ${name}` : name, summary, payload: book.open(schema), example }),
      ]
    }),
  )
}

/** For each operation of the catalog its call and its answer. */
function callMessages(book: SchemaBook): JsonObject {
  return Object.fromEntries(operationList().flatMap(([name, operation]) => [call(name, operation, book), answer(name, operation, book)]))
}

function call(name: OperationName, { summary, in: input }: Operation, book: SchemaBook): [string, Json] {
  const payload = book.closed(
    Closed({ id: up.op.properties.id, op: Type.Literal(name), in: inputless(input) ? Type.Optional(input) : input }),
  )
  return [`up.op.${name}`, message({ name: `op ${name}`, summary, payload, example: { id: 3, op: name, in: exampleOf(input) } })]
}

const inputless = (input: Operation['in']): boolean => ((input as { required?: string[] }).required ?? []).length === 0

function answer(name: OperationName, { out }: Operation, book: SchemaBook): [string, Json] {
  const payload = book.open(Closed({ id: down.ok.properties.id, ok: out }))
  const example = exampleOf(out)
  const first = typeof example === 'object' && example !== null && 'dup' in example ? { ...example, dup: false } : example
  return [`down.ok.${name}`, message({ name: `ok ${name}`, summary: `The answer to ${name}.`, payload, example: { id: 3, ok: first } })]
}

/** Each durable event as its frame; ephemeral ones are frames of their own. */
function eventMessages(book: SchemaBook): JsonObject {
  const frames = [down.ev, down.uev].flatMap((union) => (union as unknown as { anyOf: Operation['in'][] }).anyOf)
  const durable = eventList().filter(([, { scope }]) => scope !== 'ephemeral')
  return Object.fromEntries(
    durable.map(([type, { scope, summary }], index) => {
      const key = scope === 'room' ? 'ev' : 'uev'
      const schema = frames[index] as Operation['in']
      const payload = book.open(schema)
      return [`down.${key}.${type}`, message({ name: `${key} ${type}`, summary, payload, example: exampleOf(schema) })]
    }),
  )
}

const channel = { $ref: '#/channels/ws' }
const inChannel = (name: string): Json => ({ $ref: `#/channels/ws/messages/${name}` })
const exchange = (from: string, answers: string[]): JsonObject => ({
  action: 'receive',
  channel,
  messages: [inChannel(from)],
  ...(answers.length > 0 && { reply: { channel, messages: answers.map(inChannel) } }),
})

const replies: Record<keyof typeof upSummaries, string[]> = {
  hello: ['down.welcome', 'down.heads', 'down.reset', 'down.log', 'down.ulog', 'down.ready', 'down.bye'],
  open: ['down.log', 'down.reset', 'down.opened', 'down.refused'],
  close: [],
  watch: ['down.presence'],
  auth: ['down.auth', 'down.bye'],
  ping: ['down.pong'],
}

const frameOperations = (): JsonObject =>
  Object.fromEntries(
    Object.entries(replies).map(([name, answers]) => [
      name,
      { ...exchange(`up.${name}`, answers), summary: upSummaries[name as keyof typeof upSummaries] },
    ]),
  )

const callOperations = (): JsonObject =>
  Object.fromEntries(
    operationList().map(([name, operation]) => [
      name,
      {
        ...exchange(`up.op.${name}`, [`down.ok.${name}`, 'down.err']),
        summary: operation.summary,
        ...(operation.description && { description: operation.description }),
        'x-errors': socketErrorsOf(operation),
      },
    ]),
  )

/** What comes unasked. */
const deliver = (names: string[]): JsonObject => ({
  action: 'send',
  channel,
  summary: 'Events of your rooms and of your own log, and what may be dropped.',
  messages: names.filter((name) => /^down\.(ev\.|uev\.|typing|receipt|floor|presence|head$|log|ulog|reset|bye)/.test(name)).map(inChannel),
})
