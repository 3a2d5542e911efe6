import type { SQL } from 'bun'
import { Kysely } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { assembleStore, type StoreDeps } from '../assemble.ts'
import { isSameRequest } from '../digests.ts'
import { runWrite } from '../named-writes.ts'
import type { Tables } from '../schema.ts'
import type { MessageReads, Store } from '../store.ts'
import { messageReads } from '../tables/messages.ts'
import { react } from '../tables/reaction-writes.ts'
import type { Driver, Failure, Intent, NamedWrite, Outcome, ReactWrite } from './driver.ts'
import { createPool, createPostgresDialect } from './postgres-dialect.ts'
import { classify, isUniqueConflict } from './postgres-errors.ts'
import { migratePostgres } from './postgres-migrate.ts'
import { partsOf, writeParts } from './postgres-parts.ts'
import { Reach, readRefused } from './postgres-reach.ts'
import { type HotWrite, writePart, type Written } from './postgres-send.ts'
import { Transactions } from './postgres-transactions.ts'

const readers = 8
const writesBeside = 3
/** The server ends a read after this time. */
const readMs = 10_000
/** How long a batch waits for one lock; and with several of them and its own work, which is milliseconds, in all. */
const lockMs = 2_000
const writeMs = 4_000
/** What the server ends by itself has been answered this much later: a connection that is still silent is lost. */
const slackMs = 1_000
/** A unique conflict is found by the second look; more than a few mean that it is no person's but ours. */
const looks = 3

/** Opens a PostgreSQL database, its schema made and migrated as needed. Any number of nodes may have it open at once. */
export async function openPostgres(url: string, deps: StoreDeps): Promise<Store> {
  const driver = new PostgresDriver(url, deps)
  try {
    return await assembleStore(driver, deps)
  } catch (error) {
    await driver.close()
    throw error
  }
}

/** A database that many nodes write at once. What one of them remembers of it may be old: everything is looked at under its lock. */
export class PostgresDriver implements Driver {
  readonly engine = 'postgres'
  readonly writesBeside = writesBeside
  readonly read: Kysely<Tables>
  readonly #pools: SQL[]
  readonly #writing: Kysely<Tables>
  readonly #transactions: Transactions
  readonly #messages: MessageReads
  readonly #url: string
  readonly #log: Pick<Logger, 'info' | 'warn'> | undefined

  constructor(url: string, { clock, log }: { clock: Clock; log?: Pick<Logger, 'info' | 'warn'> }) {
    // Readers have connections of their own, so that no number of them keeps a commit waiting. A server that restarts leaves a pool of lost
    // ones, found one by one.
    const reading = createPool({ url, max: readers, statementMs: readMs, lockMs })
    const writing = createPool({ url, max: 1 + writesBeside, statementMs: writeMs, lockMs })
    this.#pools = [reading, writing]
    const patience = (ms: number) => ({ clock, silenceMs: ms + slackMs })
    const reach = new Reach(clock, log)
    const lone = { pool: reading, reach, patience: patience(readMs), turns: readers + 1 }
    this.read = new Kysely({ dialect: createPostgresDialect({ ...lone, refused: readRefused }) })
    this.#writing = new Kysely({ dialect: createPostgresDialect({ pool: writing, reach, patience: patience(writeMs) }) })
    this.#transactions = new Transactions(this.#writing, clock)
    // Part of a write, whose failure is judged as one.
    this.#messages = messageReads(new Kysely({ dialect: createPostgresDialect(lone) }))
    this.#url = url
    this.#log = log
  }

  migrate(fresh: string): Promise<string> {
    return migratePostgres(this.#url, fresh, (migration) => this.#log?.info('the database was migrated', { migration }))
  }

  async commit(batch: readonly Intent[]): Promise<Outcome[]> {
    const [first] = batch
    if (batch.length === 1 && first?.kind === 'write') return [await this.#writeNamed(first)]
    const hot = batch.filter((intent) => intent.kind !== 'write')
    if (hot.length < batch.length) throw new Error('a rarer write is a batch of its own')
    const reactions = hot.filter((intent) => intent.kind === 'react')
    const writes = hot.filter((intent) => intent.kind !== 'react')
    return reactions.length === 0 ? await this.#writeHot(writes) : await this.#writeAll(hot, writes, reactions)
  }

  classify(error: unknown): Failure {
    return classify(error)
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close({ timeout: writeMs / 1000 })))
  }

  async #writeHot(batch: readonly HotWrite[]): Promise<Outcome[]> {
    const parts = partsOf(batch)
    const atOnce = parts.every(({ apart }) => !apart) && parts.length < 2
    const written = atOnce ? await writePart(this.#writing, batch) : await this.#transactions.run((tx) => writeParts(tx, parts))
    return await Promise.all(written.map((one, index) => this.#answer(one, batch[index])))
  }

  /** A batch with reactions: they come behind the rest of it, in the same transaction. */
  async #writeAll(
    batch: readonly (HotWrite | ReactWrite)[],
    writes: readonly HotWrite[],
    reactions: readonly ReactWrite[],
  ): Promise<Outcome[]> {
    const done = await this.#transactions.run(async (tx) => {
      const intents = reactions.map((write) => write.react)
      const written = await writeParts(
        tx,
        partsOf(writes),
        intents.map(({ room }) => room),
      )
      return { written, reacted: await react(tx, intents) }
    })
    const written = (await Promise.all(done.written.map((one, index) => this.#answer(one, writes[index])))).values()
    const reacted = done.reacted.map((outcome): Outcome => ({ kind: 'react', outcome })).values()
    return batch.map(({ kind }) => (kind === 'react' ? reacted : written).next().value ?? missing())
  }

  /** What is looked at after the commit cannot be lost by it: were this to fail, the batch runs again and finds itself written. */
  async #answer(written: Written, write: HotWrite | undefined): Promise<Outcome> {
    if (written.kind === 'read') return written
    const { kind, outcome } = written
    if (outcome.status !== 'held') return { kind, outcome }
    if (write?.kind !== 'send' || write.send.cid === null) throw new Error('a message is held by a cid that nobody sent')
    const { room, sender, cid, digest } = write.send
    const held = await this.#messages.byCid(room, sender, cid)
    if (held === undefined) throw new Error(`the message ${cid} of user ${sender} in room ${room} was there and is not`)
    return { kind, outcome: isSameRequest(held.digest, digest) ? { status: 'known', message: held.message } : { status: 'conflict' } }
  }

  async #writeNamed({ name, input }: NamedWrite): Promise<Outcome> {
    for (let look = 1; ; look += 1) {
      try {
        return { kind: 'write', outcome: await this.#transactions.run((tx) => runWrite(tx, name, input)) }
      } catch (error) {
        if (isUniqueConflict(error) && look < looks) continue
        if (classify(error) !== 'definite') throw error
        return { kind: 'failed', error }
      }
    }
  }
}

function missing(): never {
  throw new Error('a batch was answered by fewer outcomes than it has writes')
}
