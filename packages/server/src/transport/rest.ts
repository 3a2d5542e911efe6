import { ChatError, limits } from '@parlance/protocol'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { type Clock, sleep } from '../base/clock.ts'
import { isRecord, MalformedJson, parseJson } from '../base/json.ts'
import type { Logger } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Dialect, FailedCall, RefreshCookie, RestAnswer, RestCall, RestRoute } from '../dialects/dialect.ts'
import type { Gate, Login } from '../dispatch.ts'
import { type Env, toResponse } from './answer.ts'
import type { OpenStream } from './streams.ts'

export type RestDeps = {
  gate: Gate
  clock: Clock
  log: Logger
  metrics: Metrics
  openStream: OpenStream
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
    const content = once(() => parseContent(c))
    const body = () => content().then(objectOf)
    const fitting = ofMethod(offers, method)
    const { dialect, route } = (await meant(fitting, body)) ?? { dialect: offers[0]?.dialect, route: undefined }
    if (dialect === undefined) throw new ChatError('not_found')
    const failed = {
      method: c.req.method,
      path: c.req.path,
      requestId: c.get('requestId'),
      allow: route === undefined ? [...new Set(offers.map((offer) => offer.route.method))] : (route.allow ?? []),
    }
    try {
      if (route === undefined) throw new ChatError('method_not_allowed')
      let asking: Login | null = null
      const call = callOf(c, { dialect, method, body, content }, deps)
      const authenticate = async (token: string) => (asking = await call.authenticate(token))
      const answer = await route.handle({ ...call, authenticate })
      if ('talk' in answer) return streamResponse(c, { dialect, answer }, deps)
      const told = (length: number) => asking && deps.gate.answered(asking, length)
      return toResponse('pieces' in answer ? { ...answer, pieces: noted(answer.pieces, { failed, deps, told }) } : answer, told)
    } catch (error) {
      note(error, failed, deps)
      return toResponse(dialect.failure(error, failed))
    }
  }
}

function streamResponse(
  c: Context<Env>,
  { dialect, answer }: { dialect: Dialect; answer: Extract<RestAnswer, { talk: unknown }> },
  { openStream }: RestDeps,
): Response {
  const { status, headers = {} } = answer
  if (c.req.method === 'HEAD') return new Response(null, { status, headers })
  const body = openStream(answer.talk, { id: c.get('requestId'), address: c.env.address, door: dialect.door })
  return new Response(body, { status, headers })
}

/** Those that name the method, or else those that take any. */
function ofMethod(offers: readonly Offer[], method: string): Offer[] {
  const fitting = offers.filter(({ route }) => route.method === method)
  return fitting.length > 0 ? fitting : offers.filter(({ route }) => route.method === '*')
}

/** The answer has begun, so that an error can only be noted. */
async function* noted(
  pieces: AsyncIterable<string>,
  { failed, deps, told }: { failed: FailedCall; deps: RestDeps; told: (length: number) => void },
): AsyncGenerator<string> {
  let length = 0
  try {
    for await (const piece of pieces) {
      length += piece.length
      yield piece
    }
  } catch (error) {
    note(error, failed, deps)
    throw error
  } finally {
    told(length)
  }
}

function note(error: unknown, { method, path, requestId }: FailedCall, deps: RestDeps): void {
  deps.metrics.errors.inc({ code: error instanceof ChatError ? error.code : 'internal' })
  if (!(error instanceof ChatError)) deps.log.error('a request failed', { request: requestId, method, path, error })
}

/** Where several dialects share a path the body tells; a body that is nobody's, or none, goes to the first. */
async function meant(offers: readonly Offer[], parse: () => Promise<Record<string, unknown>>): Promise<Offer | undefined> {
  if (offers.length <= 1) return offers[0]
  const body = await parse().catch(() => ({}))
  return offers.find(({ route }) => route.claims?.(body) === true) ?? offers[0]
}

type Asked = Pick<RestCall, 'method' | 'body' | 'content'> & { dialect: Dialect }

function callOf(c: Context<Env>, { dialect, ...asked }: Asked, { gate, clock, cookieOrigin }: RestDeps): RestCall {
  const cookie = refreshCookie(c, cookieOrigin)
  const agent = c.req.header('user-agent')
  const asking = { lane: null, door: dialect.door, requestId: c.get('requestId'), address: c.env.address, cookie }
  const circumstances = { ...asking, ...(agent !== undefined && { agent }) }
  const url = new URL(c.req.url)
  return {
    ...asked,
    path: url.pathname,
    params: c.req.param() as Record<string, string>,
    query: url.searchParams,
    headers: c.req.raw.headers,
    cookie,
    wait: (ms) => sleep(clock, ms),
    directory: gate.directory,
    authenticate: (token) => gate.authenticate(token),
    call: (actor, name, input) => gate.call(name, { ...circumstances, actor }, input),
    sendTo: (actor, addressee, input) => gate.call('messages.send', { ...circumstances, actor, addressee }, input),
  }
}

/** A body can be read only once, whoever asks first. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null
  return () => {
    result ??= work()
    return result
  }
}

async function parseContent(c: Context<Env>): Promise<unknown> {
  const bytes = await c.req.arrayBuffer().catch((error: unknown) => {
    // Whoever sent it is gone, or was too slow: nobody is left to be answered, and nothing of ours has failed.
    throw new ChatError('malformed', { detail: 'the body was broken off', cause: error })
  })
  if (bytes.byteLength === 0) return undefined
  const type = c.req.header('content-type') ?? ''
  if (/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) return parseForm(bytes, type)
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes), limits.json_depth)
  } catch (error) {
    throw new ChatError('malformed', { detail: error instanceof MalformedJson ? error.message : 'not UTF-8' })
  }
}

async function parseForm(bytes: ArrayBuffer, type: string): Promise<unknown> {
  try {
    return await new Response(bytes, { headers: { 'content-type': type } }).formData()
  } catch {
    throw new ChatError('malformed', { detail: 'not a well-formed form' })
  }
}

/** The fields of a body; those that a form repeats are lists. */
function objectOf(content: unknown): Record<string, unknown> {
  if (content instanceof FormData) return fieldsOf(content)
  const value = content === undefined ? {} : content
  if (!isRecord(value)) throw new ChatError('invalid_input', { errors: [{ path: '', code: 'type', message: 'must be object' }] })
  return value
}

function fieldsOf(form: FormData): Record<string, unknown> {
  const names = [...new Set(form.keys())]
  return Object.fromEntries(
    names.map((name) => {
      const values = form.getAll(name)
      return [name, values.length > 1 ? values : values[0]]
    }),
  )
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
