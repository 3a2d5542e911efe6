import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RoomEventFrame, RoomLog } from '@parlance/protocol'
import { createLinks } from '../../src/auth/links.ts'
import { createPasswords } from '../../src/auth/passwords.ts'
import { createTokens } from '../../src/auth/tokens.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createIds, printId } from '../../src/base/ids.ts'
import { createLogger } from '../../src/base/log.ts'
import { ManualClock } from '../../src/base/manual-clock.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { Semaphore } from '../../src/base/semaphore.ts'
import type { Listener } from '../../src/dialects/dialect.ts'
import { native } from '../../src/dialects/native/native.ts'
import { encoder, logFrame } from '../../src/dialects/native/shapes.ts'
import type { Actor, SignedIn } from '../../src/dispatch.ts'
import { memoryHere } from '../../src/live/memory/here.ts'
import { memoryPresence } from '../../src/live/memory/presence.ts'
import { assemble } from '../../src/services/deps.ts'
import { createExpiry, retireExpired } from '../../src/services/expiry.ts'
import { createLog } from '../../src/services/log.ts'
import { createMembers } from '../../src/services/members.ts'
import { createMessages } from '../../src/services/messages.ts'
import { createReactions } from '../../src/services/reactions.ts'
import { createRooms } from '../../src/services/rooms.ts'
import { openSqlite } from '../../src/store/open.ts'
import { Hub } from '../../src/transport/hub.ts'
import { MemoryOutbound, MemoryWire } from '../../src/transport/outbound-memory.ts'
import type { Confirm } from '../../src/transport/sitter.ts'
import { HubSeat } from '../../src/transport/seat.ts'
import { cheapHashes } from '../harness/hashes.ts'
import { type Faults, FaultyBus } from './faulty-bus.ts'

/** How a viewer hears of the end of its login, what it is told when it asks, and the dialect it hears events in. */
export type Viewing = { revoked?: Listener['revoked']; confirm?: Confirm; dialect?: string }

/** `applied`: the positions a client would have applied of a room, and the live frames that came out of order. */
export type Viewer = { wire: MemoryWire; seat: HubSeat; applied(room: string): { seqs: number[]; gaps: number[] } }

/** The real services, store and hub with a bus that misbehaves and sockets in memory; time passes only when told to. */
export async function openNode(seed: number, faults: Faults) {
  const directory = mkdtempSync(join(tmpdir(), 'parlance-sim-'))
  const random: Random = seededRandom(seed)
  const clock = new ManualClock()
  const metrics = createMetrics()
  const failures: string[] = []
  const log = createLogger({ level: 'error', format: 'json', write: (line) => failures.push(line), now: () => clock.now() })
  const ids = createIds({ clock, random })
  const newId = () => printId(ids.next())
  const fatal = (error: unknown) => {
    throw error
  }
  const store = await openSqlite(join(directory, 'db'), { clock: systemClock, newId, metrics, log, fatal })
  const bus = new FaultyBus(random, faults)
  const presence = memoryPresence({ clock })
  const here = memoryHere({ bus, clock, max: 1000 })
  const services = assemble({
    store,
    bus,
    presence,
    here,
    clock,
    log,
    newId,
    passwords: createPasswords(new Semaphore({ slots: 1, waiting: 10 }), cheapHashes),
    tokens: createTokens({ master: new Uint8Array(32), random: (size) => random.bytes(size) }),
    digestKey: new Uint8Array(32),
    issuer: null,
    registration: 'open',
    links: createLinks((size) => random.bytes(size)),
    mailer: null,
    publicUrl: 'http://localhost',
  })
  const handlers = {
    ...createRooms(services),
    ...createMembers(services),
    ...createMessages(services),
    ...createReactions(services),
    ...createExpiry(services),
  }
  const outbound = new MemoryOutbound()
  const hub = new Hub({
    bus,
    presence,
    here,
    outbound,
    clock,
    metrics,
    log: createLog(services),
    encoders: new Map([['native', encoder]]),
    logger: log,
  })
  const { door } = native({ access: 60, refresh: 60 })
  const callBy = (actor: Actor): SignedIn => ({ actor, lane: null, door, requestId: 'sim', address: 'sim' })

  return {
    random,
    clock,
    bus,
    outbound,
    hub,
    handlers,
    failures,
    store,
    async person(username: string): Promise<SignedIn> {
      const user = {
        id: newId(),
        username,
        name_key: username,
        email: '',
        owned_email: null,
        password: null,
        first_name: '',
        last_name: '',
        admin: false,
        created_at: 0,
      }
      const outcome = await store.queue.write('users.create', { user, session: null })
      if (outcome.status !== 'created') throw new Error(outcome.status)
      return callBy({ number: outcome.user.number, id: outcome.user.id, username, session: newId(), expiresAt: Number.MAX_SAFE_INTEGER })
    },
    /** Retires what is due by now. */
    retire: () => retireExpired(services),
    /** A socket of this person that has entered all of their rooms, from the positions it had in them. */
    async view({ actor }: SignedIn, rooms: Record<string, number> | null = null, viewing: Viewing = {}): Promise<Viewer> {
      const { revoked = () => undefined, confirm = () => Promise.resolve(), dialect = 'native' } = viewing
      const wire = new MemoryWire(outbound)
      const listener: Listener = {
        log: (stretch) => wire.send(logFrame(stretch)),
        ownLog: () => undefined,
        user: () => undefined,
        gone: () => undefined,
        revoked,
      }
      const seat = new HubSeat({ hub, wire, dialect, actor, listener, confirm })
      const pages = seat.enter(rooms && { useq: -1, rooms: new Map(Object.entries(rooms)) })
      while ((await pages.next()).done !== true);
      return { wire, seat, applied: (room) => apply(wire.received, room) }
    },
    /** Everything delayed arrives, gaps are found and filled. */
    async heal(): Promise<void> {
      bus.flush()
      for (let round = 0; round < 3; round++) {
        await hub.compareHeads()
        await clock.advance(1000)
      }
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      presence[Symbol.dispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
/** The published rules of applying: the next position is applied, an older one dropped, and a log page may begin a new stretch. */
function apply(received: readonly string[], room: string): { seqs: number[]; gaps: number[] } {
  const seqs: number[] = []
  const gaps: number[] = []
  let local = 0
  const take = (seq: number) => {
    if (seq > local) seqs.push(seq)
    local = Math.max(local, seq)
  }
  for (const text of received) {
    const frame = JSON.parse(text) as Partial<RoomEventFrame> & { log?: RoomLog }
    if (frame.log?.room === room) {
      for (const { seq } of frame.log.events) take(seq)
      local = Math.max(local, frame.log.upto)
    } else if (frame.ev !== undefined && frame.room === room && frame.seq !== undefined) {
      if (seqs.length > 0 && frame.seq > local + 1) gaps.push(frame.seq)
      take(frame.seq)
    }
  }
  return { seqs, gaps }
}

export type Node = Awaited<ReturnType<typeof openNode>>
