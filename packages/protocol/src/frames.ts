import { Profile } from './accounts.ts'
import { type ErrorCode, ErrorName, Fault } from './errors.ts'
import { expiryEphemera } from './expiry.ts'
import { limits } from './limits.ts'
import { RoomEventFrame, RoomLog, UserEventFrame, UserLog } from './logs.ts'
import { presenceEphemera } from './presence.ts'
import { roomEphemera } from './rooms.ts'
import { Closed, Id, idPattern, Nullable, OneOf, Position, type Static, Text, Type } from './schema.ts'

/** Version of the wire: additions raise the second number, a changed meaning needs the first. */
export const protocolVersion = '1.0'
/** The WebSocket subprotocol; offering it is optional. */
export const subprotocol = 'parlance.v1'

const epoch = Type.String({ description: 'Identity of this database; another epoch means: drop everything kept.' })
const useq = Position('Position in the own log.')
const room = Id
const opId = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Chosen by the client; the answer has the same.' })

const Hello = Closed({
  token: Text(limits.token_chars, { min: 1, description: 'An access token.' }),
  client: Type.Optional(Text(100, { description: 'Name and version of the client, for the log.' })),
  resume: Type.Optional(
    Closed({
      epoch: Text(64),
      useq,
      rooms: Type.Record(Type.String({ pattern: idPattern }), Position('The last position applied.'), {
        maxProperties: limits.resume_rooms,
        additionalProperties: false,
      }),
    }),
  ),
})
export type Hello = Static<typeof Hello>

/** Frames a client may send, told apart by their first key. */
export const up = {
  hello: Closed({ hello: Hello }),
  op: Closed({ id: opId, op: Text(64, { min: 1 }), in: Type.Optional(Type.Unknown()) }),
  open: Closed({ open: room, after: Type.Optional(Position('Replay what came after it first.')) }),
  close: Closed({ close: room }),
  watch: Closed({ watch: Type.Array(Id, { maxItems: limits.watch, description: 'Replaces the former list.' }) }),
  auth: Closed({ auth: Text(limits.token_chars, { min: 1, description: 'A newer access token of the same user.' }) }),
  ping: Closed({ ping: Type.Literal(1) }),
} as const

/** One fault or refusal as it stands in `err`. */
export const WireError = Closed({
  code: ErrorName,
  detail: Type.String(),
  retry_ms: Type.Optional(Type.Integer()),
  errors: Type.Optional(Type.Array(Fault, { maxItems: 20 })),
})
export type WireError = Omit<Static<typeof WireError>, 'code'> & { code: ErrorCode }

const Head = Closed({
  room,
  seq: Position('Head of the log.'),
  n: Position('Ordinal of the last message.'),
  read: Position('Your marker: unread = n - read.'),
})
export type Head = Static<typeof Head>

/** Frames a server sends, told apart by their first key. */
export const down = {
  welcome: Closed({
    welcome: Closed({
      conn: Type.String({ description: 'Name of this connection in the log.' }),
      user: Profile,
      protocol: Type.String(),
      heartbeat: Type.Integer({ description: 'The server sends something at least this often (ms).' }),
      expires_in: Type.Integer({ description: 'Seconds until the token expires.' }),
      limits: Type.Record(Type.String(), Type.Integer()),
    }),
  }),
  heads: Closed({ heads: Type.Array(Head, { maxItems: limits.heads_page }) }),
  ready: Closed({ ready: Closed({ mode: OneOf(['resumed', 'heads', 'reset']), epoch, useq }) }),
  reset: Closed({ reset: Type.Array(room) }),
  ok: Closed({ id: opId, ok: Type.Unknown() }),
  err: Closed({ id: opId, err: WireError }),
  ev: RoomEventFrame,
  uev: UserEventFrame,
  log: Closed({ log: RoomLog }),
  ulog: Closed({ ulog: UserLog }),
  opened: Closed({ opened: room, seq: Position('You have everything up to here.') }),
  refused: Closed({ refused: room, err: WireError }),
  typing: Closed({ eph: Type.Literal('typing'), ...roomEphemera.typing.data.properties }),
  receipt: Closed({ eph: Type.Literal('receipt'), ...roomEphemera.receipt.data.properties }),
  floor: Closed({ eph: Type.Literal('floor'), ...expiryEphemera.floor.data.properties }),
  presence: Closed({ eph: Type.Literal('presence'), ...presenceEphemera.presence.data.properties }),
  head: Closed({
    head: Type.Array(Type.Tuple([room, Position('seq'), Position('n')])),
    useq: Type.Optional(useq),
  }),
  auth: Closed({ auth: Closed({ expires_in: Type.Integer() }) }),
  bye: Closed({
    bye: Closed({
      code: Type.Integer(),
      reason: Type.Optional(Type.String()),
      reconnect_ms: Type.Optional(Nullable(Type.Integer())),
      jitter_ms: Type.Optional(Type.Integer()),
    }),
  }),
  pong: Closed({ pong: Type.Literal(1) }),
} as const

export type UpFrame = { [K in keyof typeof up]: Static<(typeof up)[K]> }
/** Whose schemas are put together at run time, which a type cannot follow; their shapes are the catalog's and the table's types. */
type Assembled = {
  err: { id: number; err: WireError }
  refused: { refused: string; err: WireError }
  ev: RoomEventFrame
  uev: UserEventFrame
  log: { log: RoomLog }
  ulog: { ulog: UserLog }
}
export type DownFrame = { [K in keyof typeof down]: K extends keyof Assembled ? Assembled[K] : Static<(typeof down)[K]> }
