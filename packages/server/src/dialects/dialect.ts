import type { ErrorCode, InputOf, Method, OperationName, OutputOf } from '@parlance/protocol'
import {
  type Actor,
  type Addressee,
  type Directory,
  type Door,
  faultsOf,
  type Listed,
  type Login,
  type RefreshCookie,
} from '../dispatch.ts'
import type { ChannelSignal, Ephemeral, Floor, MessageState, Person, RevocationReason, RoomEvent, RoomKey, UserEvent } from '../live/bus.ts'
import { brief, roomFrame, userFrame } from '../live/frames.ts'
import type { Stay } from '../live/log.ts'

export type { Actor, Addressee, ChannelSignal, Directory, Door, Ephemeral, ErrorCode, Floor, Listed, Login, MessageState }
export type { Person, RefreshCookie, RevocationReason, RoomEvent, RoomKey, Stay, UserEvent }
export { brief, faultsOf, roomFrame, userFrame }

/**
 * What happened, in the words of one dialect: called once per event however many sockets listen, and only where some do. Null: this
 * dialect says nothing of it.
 */
export type Encoder = {
  room(event: RoomEvent): string | null
  user(event: UserEvent): string | null
  ephemeral(signal: Ephemeral): string | null
  /** Whether the acting person's own sockets are left out; absent: never. */
  spares?(signal: Ephemeral): boolean
  /** What was said in a channel of this door; doors without channels leave it out. */
  channel?(signal: ChannelSignal): string | null
  /** Messages of a room disappeared; for dialects that can say so. */
  floor?(floor: Floor): string | null
  presence(user: string, status: 'online' | 'offline' | 'unknown'): string | null
  /** The heads of rooms whose events do not come by themselves. */
  heads(heads: { room: RoomKey; seq: number; n: number }[]): string | null
}

/** How a socket stands in a room: `heads` gets only its head, `live` its durable events, `open` the ephemeral ones too. */
export type Mode = 'heads' | 'live' | 'open'

/** A stretch of a room's log for one reader. */
export type Stretch = { room: RoomKey; after: number; upto: number; floor: number; events: RoomEvent[] }

/** A stretch of a user's own log. */
export type OwnStretch = { after: number; upto: number; events: UserEvent[] }

/** What a conversation hears from its seat besides published text. */
export type Listener = {
  /** Part of the log that came before the live events; called in order, before the room goes live. The next waits for the promise: pacing. */
  log(stretch: Stretch): void | Promise<void>
  /** The room is live from this position on: called in the same step, before the first live event. */
  live?(room: RoomKey, position: number): void
  /** A stretch of the user's own log that was written while the socket was away. */
  ownLog(stretch: OwnStretch): void
  /** A fact of the user's own log, in order. */
  user(event: UserEvent): void
  /** The person's stay in a room ended, after the last event of it was sent. */
  gone(room: RoomKey): void
  /** Everything this person has open here ends: the session or the user is no longer welcome. */
  revoked(reason: RevocationReason): void
}

/** Who has a room open, and whether they were told that this person came: not so where the person was there already, or in a crowd. */
export type Company = { people: Person[]; told: boolean }

/** How to open a room: with `after`, what came since is told through `log` first; with `here`, the answer says who is there. */
export type OpenOptions = { mode: Mode; after?: number; here?: boolean }

/** `here` is of the moment from which arrivals and departures are told. */
export type Attached = { stay: Stay; seq: number; n: number; here?: Company }

/** A name that no room has, as far as the reader may know. `fresh`: the room was made with it. */
export type Awaited = { name: string; told: (room: RoomKey, fresh: boolean) => void }

/** A signed-in socket's place in the hub; the one way onto a topic. */
export interface Seat {
  /** Identity of the database: positions of another epoch mean nothing here. */
  readonly epoch: string
  /**
   * Stands in every room of the person, as `live` (large ones as `heads`), with what came after the given positions told first, page by
   * page. After the last page the facts of the own log follow; the answer of the iteration is the position in it. `isLost`: the own log is
   * shorter than the peer believes, so that none of its positions was taken for true.
   */
  enter(resume: Resume | null): AsyncGenerator<EnterPage, { useq: number; isLost: boolean }, void>
  /**
   * Stands in one room; null if the person may not read it. Calls are carried out one after the other.
   */
  open(room: string | number, options: OpenOptions): Promise<Attached | null>
  /** Back from `open` to where membership puts it, or out of a room that is not the person's. */
  shut(room: string): Promise<void>
  /**
   * Listens in a channel of this door besides any room, in place of the former one, which is left at once; null in none. With `awaited`
   * it is told, too, once a room gets that name. Settles once everything said from now on is heard.
   */
  tune(channel: string | null, awaited?: Awaited): Promise<void>
  /** Tells transitions of these people's presence from now on; replaces the former list. People one does not share a room with are left out. */
  watch(users: readonly string[]): Promise<void>
  /** Positions of the rooms the socket has open, and of the own log. */
  openHeads(): { rooms: { room: RoomKey; seq: number; n: number }[]; useq: number }
  leave(): void
}

/** Where a returning client stands. `useq` -1: it knows nothing of its own log. */
export type Resume = { useq: number; rooms: Map<string, number> }
export type RoomHead = { room: string; seq: number; n: number; read: number }
/** One page of `enter`: these rooms are live now; those in `reset` have lost what the client believes to know. */
export type EnterPage = { heads: RoomHead[]; reset: string[] }

/**
 * Something to be said in a channel of this door: a name of at most 300 characters, and words of its own. It draws on the person's budget
 * for what may be lost, unless `isPaid`: then it goes with an operation that drew on another.
 */
export type Cast = Pick<ChannelSignal, 'to' | 'what' | 'data'> & { channel: string; isPaid: boolean }

/** What the transport lends to a conversation. Text goes out in the order of the calls. */
export interface DoorSocket {
  /** Name of this connection in logs. */
  readonly id: string
  /** Wall time (ms). */
  now(): number
  send(text: string): void
  /** The answer to something the peer asked. In order with other answers and before whatever is sent later; events may overtake it. */
  reply(text: string): void
  /** Settles when the peer has taken most of what was sent; at once if it has. */
  drained(): Promise<void>
  /** Settles after `ms`, or when the socket has ended. */
  wait(ms: number): Promise<void>
  close(code: number, reason: string): void
  /** The peer is up to date; for the figures. */
  resumed(mode: 'heads' | 'resumed' | 'reset'): void
  authenticate(token: string): Promise<Login>
  /** One operation through the gate, in the order of the calls of this socket. */
  call<N extends OperationName>(actor: Actor, name: N, input: unknown): Promise<OutputOf<N>>
  /** Sends a message like `call`, and keeps with it whom it is for. */
  sendTo(actor: Actor, addressee: Addressee, input: unknown): Promise<OutputOf<'messages.send'>>
  /** Says something in a channel; rejects like an operation. */
  cast(actor: Actor, cast: Cast): Promise<void>
  /** Draws on the person's budget for reading, for what is no operation and makes the server read. Throws where it is spent. */
  spend(actor: Actor): void
  /** Told of the length of an answer (characters), as large ones draw on the same budget. */
  answered(actor: Actor, length: number): void
  readonly directory: Directory
  /** Who has a room open at any door, which the person may read; nobody where they may not. */
  company(actor: Actor, room: string): Promise<Person[]>
  /** Takes the place of the person in the hub; a socket has one seat at most. Unproven until then, it is closed after a deadline. */
  sit(actor: Actor, listener: Listener): Seat
  /** The person has a newer proof: the socket lives until it expires, or until the time given (ms since 1970). */
  prolong(actor: Actor, until?: number): void
}

/** One socket's talk in one dialect. */
export interface Conversation {
  frame(data: string | Uint8Array): void
  /** At least every 25 seconds: say something. */
  heartbeat(): void
  /** The server ends the socket; say goodbye in the dialect's words, then close. */
  end(code: number, reason: string): void
  /** The peer is gone. Where there is a promise the seat is left when it settles: once what was said before is done. */
  closed(): void | Promise<void>
}

/** A WebSocket request before it is accepted. */
export type Handshake = { path: string; query: URLSearchParams; headers: Headers; address: string }

/** An accepted request: how to talk once the socket is open. A refusal is an HTTP status; `retryMs` says when to come back. */
export type Admission = { accept: (socket: DoorSocket) => Conversation; subprotocol?: string } | { refuse: number; retryMs?: number }

/** Tokens and names as a dialect's handshake needs them, before there is a socket. */
export type Lobby = {
  authenticate(token: string): Promise<Login>
  call<N extends OperationName>(actor: Actor, name: N, input: unknown): Promise<OutputOf<N>>
  directory: Directory
  /** The `dia` claim of a token we signed, even an expired one; null for others. */
  dialectOf(token: string): string | null
}

/** A dialect's part in the path `/ws/chat/{x}/`, which the older APIs share. */
export type RoomPath = {
  /** What {x} can be here. */
  x: RegExp
  /** Whether the token may come in the header Authorization. */
  header: boolean
  /** Whether a handshake without any token can be meant: to be accepted, or to be refused because no other would know {x}. */
  tokenless: boolean
  /** {x} is the id or the number of a room, which tells who is meant; so does the look of {x} where the token proves nobody. */
  room: 'id' | 'number' | null
}

export type SocketDoor = {
  /** Absent: this dialect does not claim the shared path. */
  roomPath?: RoomPath
  /** Null: the path or what it carries is not meant for this door, so the next one is asked. */
  admit(handshake: Handshake, lobby: Lobby): Admission | null | Promise<Admission | null>
}

/**
 * One REST request in neutral terms; `path` is the one that was asked for, escapes and a dialect's prefix included. Both ways to the body
 * parse on demand: `content` is any JSON value, or a form as it came (undefined where there is no body); `body` is an object, or a
 * ChatError for what cannot be one.
 */
export type RestCall = {
  method: string
  path: string
  params: Record<string, string>
  query: URLSearchParams
  headers: Headers
  body: () => Promise<Record<string, unknown>>
  content: () => Promise<unknown>
  cookie: RefreshCookie
  /** Settles after `ms`. */
  wait(ms: number): Promise<void>
  authenticate(token: string): Promise<Login>
  call<N extends OperationName>(actor: Actor | null, name: N, input: InputOf<N> | Record<string, unknown>): Promise<OutputOf<N>>
  /** Sends a message like `call`, and keeps with it whom it is for. */
  sendTo(actor: Actor, addressee: Addressee, input: InputOf<'messages.send'>): Promise<OutputOf<'messages.send'>>
  directory: Directory
}

/**
 * `body` goes out as JSON, a string as it is. `pieces` are the JSON text of a long answer, asked for as fast as the client takes them; what
 * they throw breaks the connection off, so that half an answer never looks like a whole one. A `talk` is a stream.
 */
export type RestAnswer = { status: number; headers?: Record<string, string> } & (
  | { body: unknown }
  | { pieces: AsyncIterable<string> }
  | { talk: Talk }
)

/**
 * An answer that does not end: a conversation in which only the server speaks, in the words of the encoder of that name. The actor was
 * authenticated by the request; the talk lives until that proof expires.
 */
export type Talk = { actor: Actor; encoder: string; accept: (socket: DoorSocket) => Conversation }

/**
 * `path` in the router's notation: `/rooms/:room`. The method `*` answers what no other route of the path does. A door that shares a path
 * with another says by `claims` whether a body is meant for it. A dialect whose errors all name the methods of the path gives them in
 * `allow`.
 */
export type RestRoute = {
  method: Method | '*'
  path: string
  handle: (call: RestCall) => Promise<RestAnswer>
  claims?: (body: Record<string, unknown>) => boolean
  allow?: readonly string[]
}

/** `allow`: the methods the path answers, where the method was wrong or the route says so. */
export type FailedCall = { method: string; path: string; requestId: string; allow: readonly string[] }

/** A page that shows an OpenAPI document interactively; the document itself is at the same path with `?format=openapi`. */
export type Reference = { path: string; title: string; document: () => object }

/** One language the server speaks: pure shapes and declared habits. */
export type Dialect = {
  name: string
  door: Door
  routes: RestRoute[]
  /** Turns anything thrown into this dialect's error answer. */
  failure: (error: unknown, call: FailedCall) => RestAnswer
  /** Whether pages of other origins may send credentials: such answers name the origin, others say `*`. */
  credentials: boolean
  socket: SocketDoor | null
  encoder: Encoder
  /** The encoders of its streams, by names of their own; `epoch` is that of the database. */
  streams?: (epoch: string) => Record<string, Encoder>
  /** Whether a slow socket may lose ephemeral signals and stay, or is always cut. */
  lossy: boolean
  /** Whether a peer may send thousands of frames at once, as its conversation bounds what waits of them; else they end the socket. */
  takesFloods?: true
  reference?: Reference
}

/** What tells of rooms and of nothing else. */
export const onlyRooms = (room: Encoder['room']): Encoder => ({
  room,
  user: () => null,
  ephemeral: () => null,
  presence: () => null,
  heads: () => null,
})
