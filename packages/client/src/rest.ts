import {
  ChatError,
  type ErrorCode,
  errors,
  fieldPlaces,
  type Fault,
  type InputOf,
  type Operation,
  type OperationName,
  type OutputOf,
  operations,
} from '@parlance/protocol'
import { ConnectionError } from './connection-error.ts'
import type { FetchAnswer, Platform } from './platform.ts'

export type RestOptions = { url: string; platform: Platform; timeout_ms: number }

/** How one request differs from others: the bearer token, and whether a cookie may travel with it. */
export type Bearer = { token?: string; cookies?: boolean; timeout_ms?: number }

/** Makes the path, query and body of an operation from its specification. */
export function requestOf(spec: Operation, input: Record<string, unknown>): { method: string; path: string; body?: string } {
  const places = fieldPlaces(spec)
  const bare = spec.path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(input[key])))
  const query = places.query
    .filter((key) => input[key] !== undefined)
    .map((key) => `${key}=${encodeURIComponent(Array.isArray(input[key]) ? input[key].join(',') : String(input[key]))}`)
  const path = query.length === 0 ? bare : `${bare}?${query.join('&')}`
  if (spec.method === 'GET' || spec.method === 'DELETE') return { method: spec.method, path }
  return { method: spec.method, path, body: JSON.stringify(Object.fromEntries(places.body.map((key) => [key, input[key]]))) }
}

/** Calls operations of the catalog over HTTP, one request each; knows tokens only as they are handed in. */
export class Rest {
  readonly #options: RestOptions

  constructor(options: RestOptions) {
    this.#options = options
  }

  /** Rejects with a ChatError, or with a ConnectionError where nothing can have been written. */
  async call<N extends OperationName>(name: N, input: InputOf<N>, bearer: Bearer = {}): Promise<OutputOf<N>> {
    const spec: Operation = operations[name]
    const { status, body } = await this.#exchange(spec, input as Record<string, unknown>, bearer)
    if (status === 204) return null as OutputOf<N>
    if (status >= 200 && status < 300 && body !== undefined) return body as OutputOf<N>
    throw problemOf(status, body) ?? unanswered(spec, new Error(`HTTP ${status} without an answer of this protocol`))
  }

  async #exchange(spec: Operation, input: Record<string, unknown>, bearer: Bearer): Promise<{ status: number; body: unknown }> {
    const { url, platform, timeout_ms } = this.#options
    const { method, path, body } = requestOf(spec, input)
    const stop = new AbortController()
    const timer = platform.setTimeout(() => stop.abort(), bearer.timeout_ms ?? timeout_ms)
    try {
      const answer = await platform.fetch(`${url}/api/v1${path}`, {
        method,
        headers: headersOf(bearer, body),
        ...(body !== undefined && { body }),
        credentials: bearer.cookies ? 'include' : 'omit',
        signal: stop.signal,
      })
      return { status: answer.status, body: await readBody(answer) }
    } catch (error) {
      throw unanswered(spec, error)
    } finally {
      platform.clearTimeout(timer)
    }
  }
}

function headersOf({ token }: Bearer, body: string | undefined): Record<string, string> {
  return {
    accept: 'application/json, application/problem+json',
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
}

/** The JSON of an answer, or undefined where something between us and the server answered in its own words. */
export async function readBody(answer: FetchAnswer): Promise<unknown> {
  const text = await answer.text()
  if (!/^application\/(problem\+)?json\b/.test(answer.headers.get('content-type') ?? '')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A write without an answer may have happened; a read is simply not there. */
function unanswered(spec: Operation, cause: unknown): Error {
  if (spec.method === 'GET') return new ConnectionError('The server could not be reached.', cause)
  return new ChatError('unknown_outcome', { detail: 'The server gave no answer: the request may or may not have happened.', cause })
}

/** The refusal in an answer, or null where it is not one of this protocol. */
export function problemOf(status: number, body: unknown): ChatError | null {
  if (typeof body !== 'object' || body === null || !('code' in body) || typeof body.code !== 'string') return null
  return chatError(body as Refusal, status)
}

/** What `err` frames and problem documents have in common. */
export type Refusal = { code: string; detail?: string; retry_ms?: number; errors?: Fault[] }

/** The error a refusal stands for. A code of a later protocol keeps its name in `detail` and reads as the nearest code known here. */
export function chatError({ code, detail, retry_ms, errors: faults }: Refusal, status?: number): ChatError {
  const known = Object.hasOwn(errors, code)
  const said = known ? detail : `${code}: ${detail ?? ''}`
  return new ChatError(known ? (code as ErrorCode) : nearestCode(status), {
    ...(said !== undefined && { detail: said }),
    ...(retry_ms !== undefined && { retry_ms }),
    ...(faults !== undefined && { errors: faults }),
  })
}

function nearestCode(status = 400): ErrorCode {
  const codes = Object.keys(errors) as ErrorCode[]
  const same = codes.find((code) => errors[code].status === status && code !== 'malformed')
  return same ?? (status >= 500 ? 'internal' : 'invalid_input')
}
