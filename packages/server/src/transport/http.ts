import { ChatError, limits } from '@parlance/protocol'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { secureHeaders } from 'hono/secure-headers'
import type { Dialect } from '../dialects/dialect.ts'
import { hostAllowed } from './hosts.ts'
import type { HubDeps } from './hub.ts'
import { type Env, toResponse } from './answer.ts'
import { mountReference } from './dialect-reference.ts'
import { type RestDeps, restHandler } from './rest.ts'

export type HttpDeps = RestDeps & {
  dialects: readonly Dialect[]
  /** The dialect whose errors answer paths that are nobody's. */
  fallback: Dialect
  /** Null: any. */
  allowedHosts: readonly string[] | null
  allowedOrigins: readonly string[] | null
  newRequestId: () => string
  metrics: HubDeps['metrics']
  /** Health and metrics. */
  pages: Hono<Env>
  /** The API reference. */
  documents: Hono
}

/** Every HTTP door: the routes of all dialects at their own paths and below a prefix of their name, which always wins. */
export function createHttp(deps: HttpDeps): Hono<Env> {
  const app = new Hono<Env>()
  const refuse = (error: unknown, { method, path }: { method: string; path: string }, requestId: string): Response => {
    deps.metrics.errors.inc({ code: error instanceof ChatError ? error.code : 'internal' })
    return toResponse(deps.fallback.failure(error, { method, path, requestId, allow: [] }))
  }

  app.use(async (c, next) => {
    const started = deps.clock.monotonic()
    const requestId = saneId(c.req.header('x-request-id')) ?? deps.newRequestId()
    c.set('requestId', requestId)
    await next()
    c.header('x-request-id', requestId)
    // Told by us, as the runtime counts what it sends, which is nothing.
    if (c.req.method === 'HEAD' && c.res.body !== null) c.header('content-length', String((await c.res.clone().arrayBuffer()).byteLength))
    note(c, deps, deps.clock.monotonic() - started)
  })
  app.use(crossOrigin(deps))
  app.use(secureHeaders({ crossOriginResourcePolicy: 'cross-origin', referrerPolicy: 'no-referrer', strictTransportSecurity: false }))
  app.use(async (c, next) => {
    if (!hostAllowed(c.req.header('host') ?? '', deps.allowedHosts))
      return refuse(new ChatError('host_not_allowed'), c.req, c.get('requestId'))
    await next()
  })
  app.route('/', deps.pages)
  app.route('/', deps.documents)
  mountDialects(app, deps)
  app.notFound((c) => refuse(new ChatError('not_found', { detail: 'Nothing answers at this path.' }), c.req, c.get('requestId')))
  app.onError((error, c) => {
    if (!(error instanceof ChatError))
      deps.log.error('a request failed', { request: c.get('requestId'), method: c.req.method, path: c.req.path, error })
    return refuse(error, c.req, c.get('requestId'))
  })
  return app
}

/** An id that a proxy or a client gave the request, so that one id finds it in every log; none that could pass for something else. */
const saneId = (given: string | undefined): string | null => (given !== undefined && /^[\w.:=+/-]{1,100}$/.test(given) ? given : null)

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The pattern of the path is told and never the path itself, which may hold what is nobody's to read. */
function note(c: Context<Env>, { metrics, log }: HttpDeps, ms: number): void {
  const { status } = c.res
  const route = c.req.routePath
  const method = methods.has(c.req.method) ? c.req.method : 'other'
  metrics.httpRequests.inc({ method, route, status })
  metrics.httpSeconds.observe({ class: classOf(route) }, ms / 1000)
  if (status >= 500 && status !== 503) log.warn('request', fieldsOf())
  else if (log.tells('debug')) log.debug('request', fieldsOf())

  function fieldsOf() {
    return { request: c.get('requestId'), method, route, status, ms: Math.round(ms * 10) / 10, address: c.env.address }
  }
}

function classOf(route: string): 'api' | 'older' | 'operator' | 'documents' | 'none' {
  if (route === '/*') return 'none'
  if (/^(\/native)?\/(api\/v1\/|ws$)/.test(route)) return 'api'
  if (/^\/(healthz|readyz|metrics)$/.test(route)) return 'operator'
  return /^\/(docs|openapi|asyncapi)/.test(route) ? 'documents' : 'older'
}

/** One route for each path; which dialect is meant, and whether the method is answered, is decided behind it. */
function mountDialects(app: Hono<Env>, deps: HttpDeps): void {
  for (const { dialects, prefix } of [
    ...deps.dialects.map((dialect) => ({ dialects: [dialect], prefix: `/${dialect.name}` })),
    { dialects: deps.dialects, prefix: '' },
  ]) {
    const byPath = new Map<string, { dialect: Dialect; route: Dialect['routes'][number] }[]>()
    for (const dialect of dialects) {
      for (const route of dialect.routes) byPath.set(route.path, [...(byPath.get(route.path) ?? []), { dialect, route }])
    }
    for (const { reference } of dialects) if (reference !== undefined) mountReference(app, prefix, reference)
    for (const [path, offers] of byPath) {
      const handle = restHandler(offers, deps)
      app.all(prefix + path, bodyBound(offers[0]?.dialect ?? deps.fallback), (c) => handle(c))
    }
  }
}

/** A body above the bound is refused before it is read whole, in the words of the dialect it was meant for. */
function bodyBound(dialect: Dialect): MiddlewareHandler<Env> {
  const bounded = bodyLimit({
    maxSize: limits.body_bytes,
    onError: (c: Context<Env>) => {
      const failed = { method: c.req.method, path: c.req.path, requestId: c.get('requestId'), allow: [] }
      return toResponse(dialect.failure(new ChatError('payload_too_large'), failed))
    },
  })
  return async (c, next) => {
    let isRead = false
    try {
      return await bounded(c, () => {
        isRead = true
        return next()
      })
    } catch (error) {
      // A body without a length is read here. Whoever sent it is gone, or was too slow: nothing of ours has failed.
      throw isRead ? error : new ChatError('malformed', { detail: 'the body was broken off', cause: error })
    }
  }
}

/** Where any origin is allowed, answers to credentials name the one that asked: browsers refuse `*` then. So do those to pages that may use the cookie. */
function crossOrigin({ dialects, allowedOrigins, cookieOrigin }: HttpDeps): MiddlewareHandler<Env> {
  const shared = { exposeHeaders: ['x-request-id', 'retry-after'], maxAge: 600 }
  if (allowedOrigins !== null) return cors({ origin: [...allowedOrigins], credentials: true, ...shared })
  const any = cors({ origin: '*', ...shared })
  const asking = cors({ origin: (origin) => origin, credentials: true, ...shared })
  const paths = dialects.filter(({ credentials }) => credentials).map(pathsOf)
  return (c, next) => {
    if (!paths.some((path) => path.test(c.req.path))) {
      const origin = c.req.header('origin')
      return origin !== undefined && cookieOrigin(origin, c.req.header('host') ?? '') ? asking(c, next) : any(c, next)
    }
    // Only a preflight asks about other origins; plain OPTIONS is a question to the door.
    return c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') === undefined ? next() : asking(c, next)
  }
}

/** Every path of a dialect, with or without its prefix. */
const pathsOf = ({ name, routes }: Dialect): RegExp =>
  new RegExp(`^(?:/${name})?(?:${routes.map(({ path }) => path.replaceAll(/:\w+/g, '[^/]+')).join('|')})$`)
