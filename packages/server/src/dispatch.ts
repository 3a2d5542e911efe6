import {
  ChatError,
  type ErrorCode,
  type Fault,
  findOperation,
  type InputOf,
  type Operation,
  type OperationName,
  type OutputOf,
  type RateClass,
} from '@parlance/protocol'
import { Compile, type Validator } from 'typebox/compile'
import type { Clock } from './base/clock.ts'
import type { Limiter } from './base/limiter.ts'
import type { Logger } from './base/log.ts'
import type { Metrics } from './base/metrics.ts'

/** Somebody signed in: the person and the login that proves it. */
export type Actor = {
  number: number
  id: string
  username: string
  session: string
  /** ms since 1970 */
  expiresAt: number
}

/** A person who just proved a login. Sockets of older clients live as long as the login itself, which may outlast its access token. */
export type Login = Actor & { /** ms since 1970 */ sessionEndsAt: number }

/**
 * What a door differs in, as data. `dia` marks sessions and tokens made here (`native` for our own); `passwordMin` characters;
 * `sharedEmail` accepts an address that another account owns; `tokens` are lifetimes in seconds; where they `rotate`, using a refresh
 * token of this door brings a new one, and where they `blacklist`, the one used dies.
 */
export type Door = {
  dia: string
  passwordMin: number
  sharedEmail: boolean
  anyUsername: boolean
  tokens: { access: number; refresh: number; rotate?: boolean; blacklist?: boolean }
}

/** Where a REST door keeps a refresh token out of scripts' reach. `value` is what the browser sent, null where it may not be used. */
export type RefreshCookie = { value: string | null; set(token: string, maxAgeSeconds: number): void; clear(): void }

/** Whom an older door says a message is for, and how it wrote that. */
export type Addressee = { person: { number: number; id: string; username: string }; as: string | number }

/** The circumstances of one call. `lane`: calls with the same one (a socket) keep their order in the log. */
export type Call = {
  actor: Actor | null
  lane: object | null
  /** Asked by a command on this machine, which may do what admins may. */
  operator?: true
  door: Door
  requestId: string
  /** The address the request came from, for limits on signed-out work. */
  address: string
  /** What the client calls itself (User-Agent), as it came. */
  agent?: string
  /** There where the door can set cookies. */
  cookie?: RefreshCookie
  /** Kept with the message that this call sends. */
  addressee?: Addressee
}

export type SignedIn = Call & { actor: Actor }

/** What services offer: a handler for every operation of the catalog; those open to everybody get a call without an actor. */
export type Handlers = { [N in OperationName]: (call: Call, input: InputOf<N>) => Promise<OutputOf<N>> }

/** A person as older doors show them. `email` is empty where the reader may not see it. */
export type Listed = { number: number; id: string; username: string; first_name: string; last_name: string; email: string }

/** What of a message its own operations do not show. */
export type Numbered = { number: number; sender: number; addressee: Addressee['person'] | null }

/**
 * The numbers by which older doors name what has an id here. A translation and no verdict: whether the reader may know of a room or do
 * something to a person is for the operation to say that is asked with the id.
 */
export interface Directory {
  /** Those there are of the people with these ids or numbers, by number. By their ids deleted ones, too: what they wrote is still theirs. */
  people(reader: Actor, refs: readonly (string | number)[]): Promise<Listed[]>
  /** Those there are of the rooms with these ids or numbers, in no order. */
  rooms(reader: Actor, refs: readonly (string | number)[]): Promise<{ number: number; id: string }[]>
  /** The members of the rooms the reader may read, by the room's id; of each room so many at most, those who came first, by number. */
  members(reader: Actor, rooms: readonly string[], max: number): Promise<Map<string, Listed[]>>
  /** The messages with these ordinals in a room that the reader may read, by ordinal. */
  messages(reader: Actor, room: string, ns: readonly number[]): Promise<Map<number, Numbered>>
  /** The id of the oldest room, public ones left out, whose members are exactly the reader and that person; null where there is none. */
  roomOfTwo(reader: Actor, other: number): Promise<string | null>
  /** Those of the people who are members of a room that the reader may read. */
  present(reader: Actor, room: string, people: readonly number[]): Promise<number[]>
  /** The id of the one-to-one room of the reader and another, null where there is none yet. */
  direct(reader: Actor, other: number): Promise<string | null>
  /** The id of the room a message is in, null where there is no such message. */
  roomOfMessage(reader: Actor, message: string): Promise<string | null>
}

export type GateDeps = {
  handlers: Handlers
  authenticate: (token: string) => Promise<Login>
  directory: Directory
  /** Throws or rejects once the session or the user is no longer welcome; at most a second late. */
  alive: (login: Pick<Actor, 'number' | 'session'>) => void | Promise<void>
  isAdmin: (actor: Actor) => Promise<boolean>
  /** Budgets of a signed-in user by rate class, and of an address that is not signed in. */
  limits: { user: Record<RateClass, Limiter>; address: Limiter }
  clock: Clock
  log: Logger
  metrics: Metrics
  /** Operations that took longer are logged (ms). */
  slowMs: number
}

/** The one way in: every door turns its input into an operation of the catalog and hands it over here. */
export interface Gate {
  authenticate(token: string): Promise<Login>
  /** Throws or rejects once the session or the user is no longer welcome; at most a second late. */
  alive(login: Pick<Actor, 'number' | 'session'>): void | Promise<void>
  /** Validates, limits, authorises the session and calls the service. Rejects with a ChatError; anything else thrown is logged and `internal`. */
  call<N extends OperationName>(name: N, call: Call, input: unknown): Promise<OutputOf<N>>
  /** Asking draws on the reader's budget for reading. */
  readonly directory: Directory
  /** Draws on the person's budget and asks for their session, for what is no operation. Throws or rejects like a call. */
  admit(rate: RateClass, actor: Actor): void | Promise<void>
  /** Draws on the person's budget alone, where the session is known to stand. Throws where it is spent. */
  spend(rate: RateClass, actor: Actor): void
  /** What an answer of this length (characters) costs besides the question: large ones draw on the person's budget for reading. */
  answered(actor: Pick<Actor, 'number'>, length: number): void
}

const maxFaults = 20

/** An answer costs as much as a question for each of so many characters that it has. Most have fewer. */
const answerUnit = 64 * 1024

type Outcome = 'ok' | 'failed' | ErrorCode

/** Counts operations. What a name needs of the registry is looked up once: it stands in the way of every send. */
function createMeasures({
  operations,
  operationsDone,
  operationSeconds,
}: Metrics): (name: OperationName, outcome: Outcome, ms: number) => void {
  const seconds = new Map<string, { observe(value: number): void }>()
  const done = new Map<string, { inc(): void }>()
  return (name, outcome, ms) => {
    let one = seconds.get(name)
    let ok = done.get(name)
    if (one === undefined || ok === undefined) {
      one = operationSeconds.labels(findOperation(name)?.rate ?? 'read')
      ok = operationsDone(name)
      seconds.set(name, one)
      done.set(name, ok)
    }
    one.observe(ms / 1000)
    if (outcome === 'ok') ok.inc()
    else operations.inc({ operation: name, outcome: outcome === 'failed' ? 'failed' : 'refused' })
  }
}

export function createGate(deps: GateDeps): Gate {
  const validators = new Map<string, Validator>()

  const validator = (name: string, spec: Operation): Validator => {
    let compiled = validators.get(name)
    if (compiled === undefined) {
      compiled = Compile(spec.in)
      validators.set(name, compiled)
    }
    return compiled
  }

  /** Everything that can be refused without waiting; the promise of the session check where one is due. */
  const admit = (name: string, call: Call, input: unknown): void | Promise<void> => {
    const spec = findOperation(name)
    if (spec === undefined) throw new ChatError('unknown_operation')
    if (call.actor === null && spec.auth !== 'none' && !call.operator) throw new ChatError('unauthenticated')
    const check = validator(name, spec)
    if (!check.Check(input)) throw new ChatError('invalid_input', { errors: faultsOf(check.Errors(input)) })
    const taken = call.actor === null ? deps.limits.address.take(call.address) : deps.limits.user[spec.rate].take(String(call.actor.number))
    if (!taken.ok) throw new ChatError('rate_limited', { retry_ms: taken.retry_ms })
    if (call.actor === null) return undefined
    return spec.auth === 'admin' ? admitAdmin(call.actor) : deps.alive(call.actor)
  }

  const admitAdmin = async (actor: Actor): Promise<void> => {
    await deps.alive(actor)
    if (!(await deps.isAdmin(actor))) throw new ChatError('forbidden')
  }

  const measures = createMeasures(deps.metrics)
  const measure = (name: OperationName, { call, outcome, ms }: { call: Call; outcome: Outcome; ms: number }): void => {
    measures(name, outcome, ms)
    const fields = () => ({
      operation: name,
      outcome,
      ms: Math.round(ms * 10) / 10,
      request: call.requestId,
      ...(call.actor !== null && { user: call.actor.id }),
    })
    if (ms > deps.slowMs) deps.log.warn('slow operation', fields())
    else if (deps.log.tells('debug')) deps.log.debug('operation', fields())
  }

  const run = async <N extends OperationName>(name: N, call: Call, input: InputOf<N>): Promise<OutputOf<N>> => {
    const started = deps.clock.monotonic()
    let outcome: Outcome = 'ok'
    try {
      return await deps.handlers[name](call, input)
    } catch (error) {
      outcome = error instanceof ChatError ? error.code : 'failed'
      if (error instanceof ChatError) throw error
      deps.log.error('an operation failed', { operation: name, request: call.requestId, error })
      throw new ChatError('internal', { cause: error })
    } finally {
      measure(name, { call, outcome, ms: deps.clock.monotonic() - started })
    }
  }

  const spend = (rate: RateClass, actor: Actor): void => {
    const taken = deps.limits.user[rate].take(String(actor.number))
    if (!taken.ok) throw new ChatError('rate_limited', { retry_ms: taken.retry_ms })
  }

  /** Admits somebody signed in to what is no operation. */
  const admitTo = (rate: RateClass, actor: Actor): void | Promise<void> => {
    spend(rate, actor)
    return deps.alive(actor)
  }

  const asReader = async <T>(reader: Actor, read: () => Promise<T>): Promise<T> => {
    await admitTo('read', reader)
    return await read()
  }

  return {
    authenticate: deps.authenticate,
    alive: deps.alive,
    directory: {
      people: (reader, refs) => asReader(reader, () => deps.directory.people(reader, refs)),
      rooms: (reader, refs) => asReader(reader, () => deps.directory.rooms(reader, refs)),
      members: (reader, rooms, max) => asReader(reader, () => deps.directory.members(reader, rooms, max)),
      messages: (reader, room, ns) => asReader(reader, () => deps.directory.messages(reader, room, ns)),
      roomOfTwo: (reader, other) => asReader(reader, () => deps.directory.roomOfTwo(reader, other)),
      present: (reader, room, people) => asReader(reader, () => deps.directory.present(reader, room, people)),
      direct: (reader, other) => asReader(reader, () => deps.directory.direct(reader, other)),
      roomOfMessage: (reader, message) => asReader(reader, () => deps.directory.roomOfMessage(reader, message)),
    },
    admit: admitTo,
    spend,
    answered({ number }, length) {
      const cost = Math.floor(length / answerUnit)
      if (cost > 0) deps.limits.user.read.charge(String(number), cost)
    },
    call(name, call, input) {
      try {
        const due = admit(name, call, input)
        // Validated above against the schema the type is made from.
        const valid = input as InputOf<typeof name>
        // Calls of one socket must reach their handlers in order, so nothing waits that does not have to.
        return due === undefined ? run(name, call, valid) : due.then(() => run(name, call, valid))
      } catch (error) {
        return Promise.reject(error)
      }
    },
  }
}

type SchemaError = { keyword: string; instancePath: string; message: string; params: object }

/** The validator's errors as faults: a missing or unknown key is named by its own path. */
export function faultsOf(found: readonly SchemaError[]): Fault[] {
  const faults: Fault[] = []
  for (const { keyword, instancePath, message, params } of found) {
    // The branches of a union and the value `false` of a closed object say nothing that the error beside them does not.
    if (keyword === 'boolean' || keyword === 'const') continue
    const keys = keysOf(params)
    if (keys.length === 0) faults.push({ path: instancePath, code: keyword, message })
    for (const key of keys) faults.push({ path: `${instancePath}/${key}`, code: keyword, message })
  }
  if (faults.length === 0) faults.push({ path: '', code: 'type', message: 'is not of the published shape' })
  return faults.slice(0, maxFaults)
}

const keysOf = (params: object): string[] =>
  'requiredProperties' in params
    ? (params.requiredProperties as string[])
    : 'additionalProperties' in params
      ? (params.additionalProperties as string[])
      : []
