import { ChatError, limits } from '@parlance/protocol'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Clock } from '../base/clock.ts'
import { isRecord, MalformedJson, parseJson } from '../base/json.ts'
import type { Logger } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Dialect, RefreshCookie, RestCall, RestRoute } from '../dialects/dialect.ts'
import type { Gate } from '../dispatch.ts'
import { type Env, toResponse } from './answer.ts'

export type RestDeps = {
  gate: Gate
  clock: Clock
  log: Logger
  metrics: Metrics
  /** Whether an Origin may use the refresh cookie: our own, or one that the configuration adds. */
  cookieOrigin: (origin: string, host: string) => boolean
}

type Offer = { dialect: Dialect; route: RestRoute }

const cookieName = 'parlance_refresh'
const cookiePath = '/api/v1/auth'

/** Answers one path: finds the dialect that is meant, and turns what it throws into that dialect's own error. */
export function restHandler(offers: readonly Offer[], deps: RestDeps): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    const method = c.req.method === 'HEAD' ? 'GET' : c.req.method
    const parse = bodyParser(c)
    const fitting = offers.filter(({ route }) => route.method === method)
    const { dialect, route } = (await meant(fitting, parse)) ?? { dialect: offers[0]?.dialect, route: undefined }
    if (dialect === undefined) throw new ChatError('not_found')
    try {
      if (route === undefined) throw new ChatError('method_not_allowed')
      return toResponse(await route.handle(callOf(c, { dialect, method, body: parse }, deps)))
    } catch (error) {
      const failed = {
        method: c.req.method,
        path: c.req.path,
        requestId: c.get('requestId'),
        allow: route === undefined ? [...new Set(offers.map((offer) => offer.route.method))] : [],
      }
      note(error, failed, deps)
      return toResponse(dialect.failure(error, failed))
    }
  }
}

function note(error: unknown, { method, path, requestId }: { method: string; path: string; requestId: string }, deps: RestDeps): void {
  deps.metrics.errors.inc({ code: error instanceof ChatError ? error.code : 'internal' })
  if (!(error instanceof ChatError)) deps.log.error('a request failed', { request: requestId, method, path, error })
}

/** Where several dialects share a path the body tells; a body that is nobody's, or none, goes to the first. */
async function meant(offers: readonly Offer[], parse: () => Promise<Record<string, unknown>>): Promise<Offer | undefined> {
  if (offers.length <= 1) return offers[0]
  const body = await parse().catch(() => ({}))
  return offers.find(({ route }) => route.claims?.(body) === true) ?? offers[0]
}

function callOf(c: Context<Env>, { dialect, method, body }: { dialect: Dialect; method: string; body: RestCall['body'] }, { gate, cookieOrigin }: RestDeps): RestCall {
  const cookie = refreshCookie(c, cookieOrigin)
  const circumstances = { lane: null, door: dialect.door, requestId: c.get('requestId'), address: c.env.address, cookie }
  return {
    method,
    path: c.req.path,
    params: c.req.param() as Record<string, string>,
    query: new URL(c.req.url).searchParams,
    headers: c.req.raw.headers,
    body,
    cookie,
    authenticate: (token) => gate.authenticate(token),
    call: (actor, name, input) => gate.call(name, { ...circumstances, actor }, input),
  }
}

/** Reads and parses the body once, whoever asks first. JSON, or a form with repeated keys as lists. */
function bodyParser(c: Context<Env>): () => Promise<Record<string, unknown>> {
  let parsed: Promise<Record<string, unknown>> | null = null
  return () => {
    parsed ??= parseBody(c)
    return parsed
  }
}

async function parseBody(c: Context<Env>): Promise<Record<string, unknown>> {
  const type = c.req.header('content-type') ?? ''
  if (/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) return formBody(c)
  const bytes = await c.req.arrayBuffer()
  if (bytes.byteLength === 0) return {}
  let value: unknown
  try {
    value = parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes), limits.json_depth)
  } catch (error) {
    throw new ChatError('malformed', { detail: error instanceof MalformedJson ? error.message : 'not UTF-8' })
  }
  if (!isRecord(value)) throw new ChatError('invalid_input', { errors: [{ path: '', code: 'type', message: 'must be object' }] })
  return value
}

async function formBody(c: Context<Env>): Promise<Record<string, unknown>> {
  let form: FormData
  try {
    form = await c.req.formData()
  } catch {
    throw new ChatError('malformed', { detail: 'not a well-formed form' })
  }
  const fields: Record<string, unknown> = {}
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name)
    fields[name] = values.length > 1 ? values : values[0]
  }
  return fields
}

function refreshCookie(c: Context<Env>, allowed: RestDeps['cookieOrigin']): RefreshCookie {
  const origin = c.req.header('origin')
  const usable = origin === undefined || allowed(origin, c.req.header('host') ?? '')
  const secure = c.req.header('x-forwarded-proto') === 'https' || c.req.url.startsWith('https:')
  const options = { path: cookiePath, httpOnly: true, sameSite: 'Strict', secure } as const
  return {
    value: usable ? (getCookie(c, cookieName) ?? null) : null,
    set: (token, maxAge) => {
      if (usable) setCookie(c, cookieName, token, { ...options, maxAge })
    },
    clear: () => {
      deleteCookie(c, cookieName, options)
    },
  }
}
