import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { systemClock } from './base/clock.ts'
import type { Logger } from './base/log.ts'
import { type House, olderTokens, openHouse, operatorGate, ownTokens } from './boot/house.ts'
import { keepDoing } from './boot/rounds.ts'
import { readCertificate } from './boot/certificate.ts'
import { createOperator } from './boot/operator.ts'
import type { Config } from './config.ts'
import type { Dialect, Encoder } from './dialects/dialect.ts'
import { dialectsFor } from './dialects/index.ts'
import { native } from './dialects/native/native.ts'
import { retireExpired } from './services/expiry.ts'
import { sweepPassing } from './services/passing.ts'
import { trustedProxies } from './transport/address.ts'
import type { Connection } from './transport/connection.ts'
import { openControl } from './transport/control.ts'
import { type Certificate, Front } from './transport/front.ts'
import { createHttp } from './transport/http.ts'
import { Hub } from './transport/hub.ts'
import { createMount } from './transport/mount.ts'
import { outboundOf } from './transport/outbound.ts'
import { bunOutbound } from './transport/outbound-bun.ts'
import { StreamOutbound } from './transport/outbound-stream.ts'
import { createPages } from './transport/pages.ts'
import { reference } from './transport/reference.ts'
import { createStreams } from './transport/streams.ts'
import { StrangeProxies } from './transport/strange-proxies.ts'
import { Sweep } from './transport/sweep.ts'
import { UnderWay } from './transport/under-way.ts'
import { UnprovenSockets } from './transport/unproven-sockets.ts'
import { type SocketServer, socketHandler } from './transport/websocket.ts'

/** A server that listens. Disposing it drains first: no acknowledged write is lost, sockets are told when to come back. */
export type Running = AsyncDisposable & {
  house: House
  port: number
  url: string
  /** Reads the certificate's files again; new connections get what they hold now. Throws, and the former stays, where it cannot be used. */
  renewCertificate(): void
}

/** Opens the house and its doors. */
export async function boot(config: Config, log: Logger): Promise<Running> {
  const house = await openHouse(config, log)
  try {
    return await listen(house)
  } catch (error) {
    await house[Symbol.asyncDispose]()
    throw error
  }
}

/** How often rooms that forget are looked at: what is due disappears about so much later. */
const retireEveryMs = 1000

/**
 * A body above the published bound is answered with the typed error, and the rest of it is read and thrown away up to this. Beyond it the
 * runtime answers bare and cuts the connection, which a proxy that is still sending takes for a failure of ours (502).
 */
const refusedBodyBytes = 16 * 1024 * 1024

async function listen(house: House): Promise<Running> {
  const { config, log, gate, newId } = house
  const dialects = dialectsFor({ enabled: config.dialects, ownTokens: ownTokens(config), olderTokens: olderTokens(config) })
  const connections = new Set<Connection>()
  const unproven = new UnprovenSockets(config.rateLimit ? config.limits.unprovenSocketsPerAddress : Number.POSITIVE_INFINITY)
  let isDraining = false
  const draining = () => isDraining
  const streams = new StreamOutbound()
  const hub = new Hub({
    bus: house.bus,
    log: house.feed,
    presence: house.presence,
    here: house.here,
    outbound: outboundOf(
      bunOutbound(() => front),
      streams,
    ),
    encoders: encodersOf(dialects, house.feed.epoch),
    clock: systemClock,
    logger: log,
    metrics: house.metrics,
  })
  const http = createHttp({
    gate,
    dialects,
    fallback: native(ownTokens(config)),
    clock: systemClock,
    log,
    metrics: house.metrics,
    openStream: createStreams({ gate, hub, connections, outbound: streams, draining }),
    cookieOrigin: (origin, host) =>
      origin === config.publicUrl || config.cookieOrigins.includes(origin) || origin === `http://${host}` || origin === `https://${host}`,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    newRequestId: newId,
    pages: createPages({
      metrics: house.metrics,
      metricsToken: config.metricsToken,
      ping: () => house.store.ping(),
      clock: systemClock,
      draining,
    }),
    documents: reference(),
  })
  const strangers = new StrangeProxies((proxy) =>
    log.warn('a proxy that is not in TRUSTED_PROXIES says who its clients are: in limits they count as one', { proxy }),
  )
  const mount = createMount({
    gate,
    dialects,
    dialectOf: (token) => house.services.sessions.dialectOf(token),
    http: (request, address) => http.fetch(request, { address }),
    trusted: trustedProxies(config.trustedProxies),
    strangers,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    unproven,
    underWay: new UnderWay(config.rateLimit ? config.limits.requestsPerAddress : Number.POSITIVE_INFINITY),
    newId,
    draining,
  })
  const maxFrames = config.rateLimit ? config.limits.framesPerLook : Number.POSITIVE_INFINITY
  const sockets = socketHandler({ gate, hub, connections, maxFrames })
  const listenAt = (port: number, certificate: Certificate | null): SocketServer =>
    Bun.serve({
      port,
      ...(certificate !== null && { tls: { cert: certificate.cert, key: certificate.key } }),
      hostname: config.host,
      // Without development the runtime would share the port with any other server of this user: two databases at one address.
      reusePort: false,
      maxRequestBodySize: refusedBodyBytes,
      idleTimeout: config.limits.requestSeconds,
      development: false,
      fetch: (request, self) => mount(request, self),
      error(error) {
        log.error('a request failed before its door', { error })
        return new Response(null, { status: 500 })
      },
      websocket: sockets,
    })
  const front = new Front(listenAt, { port: config.port, certificate: config.tls && readCertificate(config.tls) })
  const sweep = new Sweep({ hub, connections, clock: systemClock, logger: log })
  const retiring = keepDoing(() => retireExpired(house.services), {
    what: 'retiring expired messages',
    everyMs: retireEveryMs,
    clock: systemClock,
    log,
  })
  const sweeping = keepDoing((stopped) => sweepPassing(house.services, config.limits.keptDays, stopped), {
    what: 'sweeping what is over',
    everyMs: config.limits.sweepEveryMs,
    clock: systemClock,
    log,
  })
  const url = `${config.tls === null ? 'http' : 'https'}://${reachableAt(config.host)}:${front.port}`
  const vital = () => ({ pid: process.pid, url, strangeProxies: strangers.all })
  const operator = createOperator(house, operatorGate(house), vital)
  const control = openControl({ path: join(config.dataDir, 'control.sock'), operator, log })
  return {
    house,
    port: front.port,
    url,
    renewCertificate() {
      if (config.tls !== null) front.renew(readCertificate(config.tls))
    },
    async [Symbol.asyncDispose]() {
      isDraining = true
      await control[Symbol.asyncDispose]()
      await drain({ front, connections, house })
      sweep[Symbol.dispose]()
      await Promise.all([retiring, sweeping].map((rounds) => rounds[Symbol.asyncDispose]()))
      await house[Symbol.asyncDispose]()
    },
  }
}

/** A host as it stands in an address: all interfaces are reached at this machine's own, and an IPv6 address stands in brackets. */
function reachableAt(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return isIPv6(host) ? `[${host}]` : host
}

/** Of every dialect the one of its sockets, under its own name, and those of its streams. */
const encodersOf = (dialects: readonly Dialect[], epoch: string): Map<string, Encoder> =>
  new Map(dialects.flatMap(({ name, encoder, streams }) => [[name, encoder] as const, ...Object.entries(streams?.(epoch) ?? {})]))

/**
 * Sockets and streams are sent away with the time to come back, requests under way are answered, everything accepted is committed, and mail
 * that waits goes out as far as its server takes it meanwhile.
 */
async function drain({ front, connections, house }: { front: Front; connections: Set<Connection>; house: House }): Promise<void> {
  for (const connection of [...connections]) connection.end(4503, 'the server is going away')
  // Once more behind the last request, which may have asked for a mail.
  const quiet = Promise.all([house.store.queue.drain(), lastMail(house), front.stop().then(() => lastMail(house))])
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = systemClock.setTimeout(resolve, house.config.limits.drainMs)
  await Promise.race([quiet, late])
  timer.cancel()
  await house.store.queue.drain()
  await front.stop(true)
}

async function lastMail({ services: { resets, mailer } }: House): Promise<void> {
  await resets.settled()
  await mailer?.hurry()
}
