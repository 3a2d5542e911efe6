import { Hono } from 'hono'
import type { Clock } from '../base/clock.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Env } from './answer.ts'
import { linkPages } from './link-pages.ts'

export type PagesDeps = {
  metrics: Metrics
  /** Null: only loopback may read the metrics. */
  metricsToken: string | null
  /** Rejects while the database cannot be read. */
  ping: () => Promise<void>
  clock: Clock
  draining: () => boolean
}

/** A balancer that asks has its own patience, and it is short. */
const answersWithinMs = 1_000

/** Whether the database answers in time. Those who ask while one question is on its way share its answer, so that none pile up. */
function patientPing({ ping, clock }: Pick<PagesDeps, 'ping' | 'clock'>): () => Promise<boolean> {
  let asking: Promise<boolean> | null = null
  const ask = (): Promise<boolean> =>
    ping()
      .then(
        () => true,
        () => false,
      )
      .finally(() => (asking = null))
  return async () => {
    asking ??= ask()
    const { promise: late, resolve } = Promise.withResolvers<boolean>()
    const timer = clock.setTimeout(() => resolve(false), answersWithinMs)
    return await Promise.race([asking, late]).finally(() => timer.cancel())
  }
}

const loopback = /^(127\.|::1$|0:0:0:0$)/

/** What operators and their machines ask: alive, ready, and the figures; and the pages that links lead people to. */
export function createPages({ metrics, metricsToken, ping, clock, draining }: PagesDeps): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  const answers = patientPing({ ping, clock })
  app.get('/readyz', async (c) => {
    if (draining()) return c.json({ status: 'draining' }, 503)
    return (await answers()) ? c.json({ status: 'ok' }) : c.json({ status: 'database unavailable' }, 503)
  })
  app.get('/metrics', async (c) => {
    // A local proxy makes strangers look local, but it says so.
    const local = loopback.test(c.env.address) && c.req.header('x-forwarded-for') === undefined
    const allowed = metricsToken === null ? local : c.req.header('authorization') === `Bearer ${metricsToken}`
    if (!allowed) return c.json({ status: 'forbidden' }, 403)
    return c.text(await metrics.text(), 200, { 'content-type': metrics.contentType })
  })
  app.route('/', linkPages())
  return app
}
