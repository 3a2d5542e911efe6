import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChatError, type ErrorCode, type InputOf, type OperationName, type OutputOf, operations } from '@parlance/protocol'
import { createLinks } from '../../src/auth/links.ts'
import { createPasswords } from '../../src/auth/passwords.ts'
import { createTokens } from '../../src/auth/tokens.ts'
import { createIds, printId } from '../../src/base/ids.ts'
import { createLogger } from '../../src/base/log.ts'
import { ManualClock } from '../../src/base/manual-clock.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { systemRandom } from '../../src/base/random.ts'
import { Semaphore } from '../../src/base/semaphore.ts'
import type { Actor, Call, Door, Handlers } from '../../src/dispatch.ts'
import type { RoomEvent, Signal } from '../../src/live/bus.ts'
import type { Log } from '../../src/live/log.ts'
import { memoryBus } from '../../src/live/memory/bus.ts'
import { memoryHere } from '../../src/live/memory/here.ts'
import { memoryPresence } from '../../src/live/memory/presence.ts'
import { usernameKey } from '../../src/rules/usernames.ts'
import { createAccounts } from '../../src/services/accounts.ts'
import { assemble, type Deps, type Given } from '../../src/services/deps.ts'
import { createExpiry } from '../../src/services/expiry.ts'
import { createInvites } from '../../src/services/invites.ts'
import { createLog } from '../../src/services/log.ts'
import { createLogs } from '../../src/services/logs.ts'
import { createMembers } from '../../src/services/members.ts'
import { createMessages } from '../../src/services/messages.ts'
import { createPins } from '../../src/services/pins.ts'
import { createPresence } from '../../src/services/presence.ts'
import { createRecovery } from '../../src/services/recovery.ts'
import { createReactions } from '../../src/services/reactions.ts'
import { createRequests } from '../../src/services/requests.ts'
import { createRooms } from '../../src/services/rooms.ts'
import { createSanctions } from '../../src/services/sanctions.ts'
import { createSessions } from '../../src/services/sessions.ts'
import { createUsers } from '../../src/services/users.ts'
import { openSqlite } from '../../src/store/open.ts'
import { cheapHashes } from '../harness/hashes.ts'
import { checkAgainst } from '../harness/schemas.ts'

export const native: Door = {
  dia: 'native',
  passwordMin: 8,
  sharedEmail: false,
  anyUsername: false,
  tokens: { access: 900, refresh: 86_400 },
}
export const older: Door = { dia: 'older', passwordMin: 1, sharedEmail: true, anyUsername: true, tokens: { access: 300, refresh: 3600 } }

/** Somebody who acts. Every answer is checked against the published schema. */
export type Somebody = {
  actor: Actor
  ask<N extends OperationName>(name: N, input: InputOf<N>, call?: Partial<Call>): Promise<OutputOf<N>>
  /** The code of the refusal; an answer is an error. */
  refused<N extends OperationName>(name: N, input: InputOf<N>, call?: Partial<Call>): Promise<ErrorCode>
}

export type World = AsyncDisposable & {
  deps: Deps
  log: Log
  clock: ManualClock
  /** The database, for what no operation does yet. */
  file: string
  /** Everything that came over the bus, in order. */
  heard: Signal[]
  /** What happened in a room, by its id. */
  eventsOf(room: string): RoomEvent[]
  somebody(username: string): Promise<Somebody>
  nobody: Omit<Somebody, 'actor'>
  /** Whoever is signed in. */
  of(actor: Actor): Somebody
  /** The same person at another node: the same database, and nothing remembered in common. */
  elsewhere(somebody: Somebody): Somebody
}

/** The services on a database file of their own. */
export async function openWorld(given: Partial<Given> = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'parlance-services-'))
  const clock = new ManualClock()
  const ids = createIds({ clock, random: systemRandom })
  const newId = () => printId(ids.next())
  const log = createLogger({ level: 'error', format: 'json', write: () => {}, now: () => clock.now() })
  const fail = (error: unknown) => {
    throw error
  }
  const file = join(directory, 'test.db')
  const store = await openSqlite(file, { clock, newId, log, metrics: createMetrics(), fatal: fail })
  const presence = memoryPresence({ clock })
  const bus = memoryBus(fail)
  const deps = assemble({
    store,
    bus,
    presence,
    here: memoryHere({ bus, clock, max: 3 }),
    clock,
    log,
    passwords: createPasswords(new Semaphore({ slots: 2, waiting: 100 }), cheapHashes),
    tokens: createTokens({ master: new Uint8Array(32).fill(7), random: systemRandom.bytes }),
    newId,
    digestKey: new Uint8Array(32).fill(9),
    registration: 'open',
    issuer: null,
    links: createLinks(systemRandom.bytes),
    mailer: null,
    publicUrl: 'https://chat.example.org',
    ...given,
  })
  const heard: Signal[] = []
  deps.bus.listen((signal) => void heard.push(signal))
  for (let number = 1; number <= 300; number += 1) {
    await deps.bus.subscribe({ room: number })
    await deps.bus.subscribe({ user: number })
  }
  const caller = callerOf(handlersOf(deps))
  const callerElsewhere = callerOf(handlersOf(assemble(deps)))
  return {
    deps,
    log: createLog(deps),
    clock,
    file,
    heard,
    eventsOf: (room) => heard.filter((signal): signal is RoomEvent => signal.kind === 'room' && signal.room.id === room),
    nobody: caller(null),
    of: (actor) => ({ actor, ...caller(actor) }),
    elsewhere: ({ actor }) => ({ actor, ...callerElsewhere(actor) }),
    async somebody(username) {
      const actor = await createUser(deps, username)
      return { actor, ...caller(actor) }
    },
    async [Symbol.asyncDispose]() {
      presence[Symbol.dispose]()
      await deps.purge[Symbol.asyncDispose]()
      await deps.deletions[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}

const handlersOf = (deps: Deps): Handlers => ({
  ...createAccounts(deps),
  ...createRecovery(deps),
  ...createSessions(deps),
  ...createUsers(deps),
  ...createRooms(deps),
  ...createMembers(deps),
  ...createInvites(deps),
  ...createSanctions(deps),
  ...createRequests(deps),
  ...createMessages(deps),
  ...createReactions(deps),
  ...createPins(deps),
  ...createExpiry(deps),
  ...createLogs(deps),
  ...createPresence(deps),
})

function callerOf(handlers: Handlers): (actor: Actor | null) => Omit<Somebody, 'actor'> {
  return (actor) => {
    const ask: Somebody['ask'] = async (name, input, call = {}) => {
      checkAgainst(operations[name].in, input, `the input of ${name}`)
      const output = await handlers[name]({ actor, lane: null, door: native, requestId: 'test', address: 'test', ...call }, input)
      checkAgainst(operations[name].out, JSON.parse(JSON.stringify(output)), `the answer of ${name}`)
      return output
    }
    return {
      ask,
      async refused(name, input, call) {
        const answer = await codeOf(ask(name, input, call))
        if (typeof answer !== 'string') throw new Error(`${name} answered ${JSON.stringify(answer.answer)}`)
        return answer
      },
    }
  }
}

/** The code a promise is refused with, or its answer. */
export async function codeOf<T>(promise: Promise<T>): Promise<ErrorCode | { answer: T }> {
  try {
    return { answer: await promise }
  } catch (error) {
    if (error instanceof ChatError) return error.code
    throw error
  }
}

/** The places of the faults a promise is refused with. */
export async function faultsOf(promise: Promise<unknown>): Promise<string[]> {
  try {
    await promise
  } catch (error) {
    if (error instanceof ChatError && error.code === 'invalid_input') return (error.faults ?? []).map(({ path }) => path)
    throw error
  }
  throw new Error('the promise was kept')
}

/** Straight into the store: a registration pays for a password hash, which most tests have no use for. */
async function createUser({ store, newId, clock }: Deps, username: string): Promise<Actor> {
  const plain = { username, name_key: usernameKey(username), email: '', owned_email: null, password: null, first_name: '', last_name: '' }
  const user = { ...plain, id: newId(), admin: false, created_at: clock.now() }
  const outcome = await store.queue.write('users.create', { user, session: null })
  if (outcome.status !== 'created') throw new Error(`${username} is there already`)
  return { number: outcome.user.number, id: outcome.user.id, username, session: newId(), expiresAt: clock.now() + 3_600_000 }
}
