import { Hono } from 'hono'
import type { Metrics } from '../base/metrics.ts'
import type { Env } from './answer.ts'
import { linkPages } from './link-pages.ts'

export type PagesDeps = {
  metrics: Metrics
  /** Null: only loopback may read the metrics. */
  metricsToken: string | null
  /** Rejects while the database cannot be read. */
  ping: () => Promise<void>
  draining: () => boolean
}

const loopback = /^(127\.|::1$|0:0:0:0$)/

/** What operators and their machines ask: alive, ready, and the figures; and the pages that links lead people to. */
export function createPages({ metrics, metricsToken, ping, draining }: PagesDeps): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/readyz', async (c) => {
    if (draining()) return c.json({ status: 'draining' }, 503)
    try {
      await ping()
      return c.json({ status: 'ok' })
    } catch {
      return c.json({ status: 'database unavailable' }, 503)
    }
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
