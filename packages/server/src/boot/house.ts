import { mkdirSync, statfsSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { limits, protocolVersion, type RateClass } from '@parlance/protocol'
import { deriveKey, loadMaster } from '../auth/keys.ts'
import { createLinks } from '../auth/links.ts'
import { createPasswords } from '../auth/passwords.ts'
import { createTokens } from '../auth/tokens.ts'
import { systemClock } from '../base/clock.ts'
import { createIds, printId } from '../base/ids.ts'
import { createLimiter, type Limiter, unlimited } from '../base/limiter.ts'
import type { Logger } from '../base/log.ts'
import { createMetrics, type Metrics, type Sizes } from '../base/metrics.ts'
import { randomToken, systemRandom } from '../base/random.ts'
import { Semaphore } from '../base/semaphore.ts'
import { type Config, dialectNames } from '../config.ts'
import type { Limits } from '../config/limits.ts'
import { dialectsFor } from '../dialects/index.ts'
import { createGate, type Directory, type Door, type Gate, type GateDeps, type Handlers } from '../dispatch.ts'
import { openIssuer } from './issuer.ts'
import { memoryBus } from '../live/memory/bus.ts'
import { memoryHere } from '../live/memory/here.ts'
import { memoryPresence } from '../live/memory/presence.ts'
import type { Bus } from '../live/bus.ts'
import type { Here } from '../live/here.ts'
import type { Log } from '../live/log.ts'
import type { Presence } from '../live/presence.ts'
import { smtpMailer } from '../mail/smtp.ts'
import { createAccounts } from '../services/accounts.ts'
import { assemble, type Deps } from '../services/deps.ts'
import { createDirectory } from '../services/directory.ts'
import { createExpiry } from '../services/expiry.ts'
import { createInvites } from '../services/invites.ts'
import { createLog } from '../services/log.ts'
import { createLogs } from '../services/logs.ts'
import { createMembers } from '../services/members.ts'
import { createMessages } from '../services/messages.ts'
import { createPins } from '../services/pins.ts'
import { createPresence } from '../services/presence.ts'
import { createRecovery } from '../services/recovery.ts'
import { createReactions } from '../services/reactions.ts'
import { createRequests } from '../services/requests.ts'
import { createRooms } from '../services/rooms.ts'
import { createSanctions } from '../services/sanctions.ts'
import { createSessions } from '../services/sessions.ts'
import { createUsers } from '../services/users.ts'
import { lockDataDir } from '../store/drivers/data-lock.ts'
import { openPostgres } from '../store/drivers/postgres.ts'
import { openSqlite } from '../store/open.ts'
import type { Store } from '../store/store.ts'

/** Everything below the doors, ready and not yet listening. */
export type House = AsyncDisposable & {
  config: Config
  log: Logger
  metrics: Metrics
  store: Store
  bus: Bus
  presence: Presence
  here: Here
  feed: Log
  services: Deps
  handlers: Handlers
  directory: Directory
  gate: Gate
  newId: () => string
}

/** Opens the data directory and the database and wires the services. Refuses a directory that another server has. */
export async function openHouse(config: Config, log: Logger): Promise<House> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const lock = lockDataDir(config.dataDir, `process ${process.pid} since ${new Date(systemClock.now()).toISOString()}`)
  try {
    let isNewSecret = false
    const master = loadMaster({
      path: join(config.dataDir, 'secret'),
      secretKey: config.secretKey,
      fresh: randomToken(systemRandom),
      made: () => (isNewSecret = true),
    })
    const metrics = createMetrics(sizesOf(config))
    const ids = createIds({ clock: systemClock, random: systemRandom })
    const newId = () => printId(ids.next())
    const fatal = (error: unknown) => {
      // What was not acknowledged may be lost; what was must not be: no further write may pretend to succeed.
      log.error('the database failed to make a write durable; the server ends', { error })
      process.exit(70)
    }
    const storeDeps = { clock: systemClock, newId, metrics, log, fatal }
    const store =
      config.database.engine === 'sqlite'
        ? await openSqlite(config.database.file, storeDeps)
        : await openPostgres(config.database.url, storeDeps)
    if (isNewSecret && (await store.users.list('', { after: null, limit: 1 })).length > 0)
      log.warn('DATA_DIR had no secret, so a new one was made: everybody who was signed in is not any more', { data: config.dataDir })
    metrics.build.set({ protocol: protocolVersion, engine: store.engine, runtime: `bun ${Bun.version}` }, 1)
    const bus = memoryBus((error) => log.error('a listener of the bus failed', { error }))
    const presence = memoryPresence({ clock: systemClock })
    const here = memoryHere({ bus, clock: systemClock, max: limits.people_here })
    const mailer = config.mail === null ? null : smtpMailer({ ...config.mail, clock: systemClock, log })
    const services = assemble({
      store,
      bus,
      presence,
      here,
      clock: systemClock,
      log,
      passwords: createPasswords(hashTurns(config.limits), config.limits.hashCost),
      tokens: createTokens({ master, random: (size) => systemRandom.bytes(size) }),
      newId,
      digestKey: deriveKey(master, 'message digest'),
      accessSeconds: accessSeconds(config),
      registration: config.registration,
      issuer: config.issuer && openIssuer(config.issuer, { clock: systemClock, log }),
      links: createLinks((size) => systemRandom.bytes(size)),
      mailer,
      publicUrl: config.publicUrl ?? `http://localhost:${config.port}`,
    })
    const handlers: Handlers = {
      ...createAccounts(services),
      ...createRecovery(services),
      ...createSessions(services),
      ...createUsers(services),
      ...createRooms(services),
      ...createMembers(services),
      ...createInvites(services),
      ...createSanctions(services),
      ...createRequests(services),
      ...createMessages(services),
      ...createReactions(services),
      ...createPins(services),
      ...createExpiry(services),
      ...createLogs(services),
      ...createPresence(services),
    }
    services.purge.resume()
    services.deletions.resume()
    const feed = createLog(services)
    const directory = createDirectory({ ...services, showEmails: config.showEmails })
    const gate = createGate({
      handlers,
      directory,
      limits: budgets(config),
      clock: systemClock,
      log,
      metrics,
      slowMs: config.limits.slowOperationMs,
      ...sessionsOf(services),
    })
    if (config.redisUrl !== null) log.warn('REDIS_URL is set but not used yet: this build runs as one node')
    return {
      config,
      log,
      metrics,
      store,
      bus,
      presence,
      here,
      feed,
      services,
      handlers,
      directory,
      gate,
      newId,
      async [Symbol.asyncDispose]() {
        presence[Symbol.dispose]()
        await services.purge[Symbol.asyncDispose]()
        await services.deletions[Symbol.asyncDispose]()
        await mailer?.[Symbol.asyncDispose]()
        await store[Symbol.asyncDispose]()
        lock[Symbol.dispose]()
      },
    }
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

const sessionsOf = ({ sessions }: Deps): Pick<GateDeps, 'authenticate' | 'alive' | 'isAdmin'> => ({
  authenticate: (token) => sessions.authenticate(token),
  alive: (actor) => sessions.alive(actor),
  isAdmin: (actor) => sessions.isAdmin(actor),
})

function sizesOf({ database, dataDir }: Config): Sizes {
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return {
    databaseBytes: () => (database.engine === 'sqlite' ? sizeOf(database.file) + sizeOf(`${database.file}-wal`) : 0),
    diskFreeBytes: () => {
      const { bavail, bsize } = statfsSync(dataDir)
      return bavail * bsize
    },
  }
}

/** The same operations for commands on this machine: nobody's session is asked and no budget is drawn on. */
export function operatorGate({ handlers, directory, log, metrics, services }: House): Gate {
  return createGate({
    handlers,
    directory,
    limits: { user: everyClass(() => unlimited), address: unlimited },
    clock: systemClock,
    log,
    metrics,
    slowMs: 10_000,
    ...sessionsOf(services),
    alive: () => undefined,
  })
}

const everyClass = (make: (rate: RateClass) => Limiter): Record<RateClass, Limiter> => ({
  auth: make('auth'),
  read: make('read'),
  write: make('write'),
  send: make('send'),
  ephemeral: make('ephemeral'),
})

function budgets(config: Config): GateDeps['limits'] {
  if (!config.rateLimit) return { user: everyClass(() => unlimited), address: unlimited }
  const { ratesPerUser, signedOutPerAddress } = config.limits
  const limiter = ({ burst, perMinute }: { burst: number; perMinute: number }) =>
    createLimiter({ clock: systemClock, burst, perSecond: perMinute / 60 })
  return { user: everyClass((rate) => limiter(ratesPerUser[rate])), address: limiter(signedOutPerAddress) }
}

/** A core stays with those who are signed in, where there is more than one: a hash takes one whole. */
const hashTurns = ({ hashesAtOnce, hashesWaiting }: Limits): Semaphore =>
  new Semaphore({ slots: Math.max(1, Math.min(hashesAtOnce, availableParallelism() - 1)), waiting: hashesWaiting })

/** How our own API differs from the older doors. */
export const ownTokens = ({ limits }: Config): Door['tokens'] => ({
  access: limits.accessTokenSeconds,
  refresh: limits.refreshTokenDays * 86_400,
})

/** How long access tokens live, by the door they are of: switched off or not, as there may be logins of before. */
const accessSeconds = (config: Config): Map<string, number> =>
  new Map(
    dialectsFor({ enabled: dialectNames, ownTokens: ownTokens(config), olderTokens: olderTokens(config) }).map(({ door }) => [
      door.dia,
      door.tokens.access,
    ]),
  )

/** What the environment decides of the tokens that older doors issue, by the name of the API. */
export const olderTokens = ({ dialectTokens }: Config): Record<string, Door['tokens']> =>
  Object.fromEntries(
    Object.entries(dialectTokens).map(([name, { accessSeconds, refreshSeconds, rotate, blacklist }]) => [
      name,
      { access: accessSeconds, refresh: refreshSeconds, rotate, blacklist },
    ]),
  )
