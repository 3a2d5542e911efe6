import {
  type ErrorCode,
  errors,
  errorsOf,
  fieldPlaces,
  findOperation,
  type InputOf,
  type OperationName,
  type Operation,
  operationList,
  type OutputOf,
  Problem,
} from '@parlance/protocol'
import { noteRequest, noteText } from './secrets.ts'
import { checkAgainst, Refused, Unpublished } from './schemas.ts'

/** Circumstances of one request. `key` is sent as Idempotency-Key. */
export type Asking = { token?: string; key?: string; headers?: Record<string, string> }

/** What came back: a result of the operation, or a problem. */
export type Answer<N extends OperationName> =
  | { status: number; headers: Headers; result: OutputOf<N>; problem: null }
  | { status: number; headers: Headers; result: null; problem: Problem }

/** A client of the native REST API that takes no answer on trust: each is checked against what is published, and unknown fields fail. */
export type Rest = {
  /** The result of an operation; a refusal is thrown as `Refused`. */
  call<N extends OperationName>(name: N, input: InputOf<N>, asking?: Asking): Promise<OutputOf<N>>
  /** The whole answer, a refusal too. */
  ask<N extends OperationName>(name: N, input: InputOf<N>, asking?: Asking): Promise<Answer<N>>
  /** Any request, as it is. Where method and path are those of an operation, the answer is checked like every other. */
  raw(method: string, path: string, init?: Omit<RequestInit, 'method'>): Promise<Response>
}

const base = '/api/v1'

export function createRest(url: string): Rest {
  const ask = async <N extends OperationName>(name: N, input: InputOf<N>, asking: Asking = {}): Promise<Answer<N>> => {
    const operation = findOperation(name)
    if (!operation) throw new Error(`no operation ${name}`)
    const { path, init } = request(operation, input as Record<string, unknown>, asking)
    return read(name, operation, await exchange(new URL(base + path, url), init)) as Answer<N>
  }
  return {
    ask,
    async call(name, input, asking) {
      const { result, problem } = await ask(name, input, asking)
      if (problem) throw new Refused(name, problem)
      return result
    },
    async raw(method, path, init) {
      const address = new URL(path, url)
      const answer = await exchange(address, { ...init, method, redirect: 'manual' })
      inspect(method, address.pathname, answer)
      const { status, headers, bytes } = answer
      return new Response(status === 204 || status === 304 ? null : bytes, { status, headers })
    },
  }
}

type Received = { status: number; headers: Headers; bytes: ArrayBuffer; text: string }

async function exchange(address: URL, init: RequestInit): Promise<Received> {
  noteRequest(address.href, init)
  const response = await fetch(address, init)
  const bytes = await response.arrayBuffer()
  const text = new TextDecoder().decode(bytes)
  noteText(text)
  return { status: response.status, headers: response.headers, bytes, text }
}

type Request = { path: string; init: RequestInit }

function request(operation: Operation, input: Record<string, unknown>, { token, key, headers }: Asking): Request {
  const places = fieldPlaces(operation)
  const given = (names: string[]) => names.filter((name) => input[name] !== undefined)
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(input[name])))
  const query = new URLSearchParams(Object.fromEntries(given(places.query).map((name) => [name, asText(input[name])]))).toString()
  const body = Object.fromEntries(given(places.body).map((name) => [name, input[name]]))
  const hasBody = Object.keys(body).length > 0
  return {
    path: query !== '' ? `${path}?${query}` : path,
    init: {
      method: operation.method,
      redirect: 'manual',
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(key !== undefined && { 'Idempotency-Key': key }),
        ...(hasBody && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(hasBody && { body: JSON.stringify(body) }),
    },
  }
}

const asText = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value))

/** Reads and checks the answer to an operation. */
function read(name: string, operation: Operation, received: Received): Answer<OperationName> {
  const { status, headers, text } = received
  const what = `the answer ${status} to ${name}`
  if (status >= 400) return { status, headers, result: null, problem: readProblem(what, received, errorsOf(operation)) }
  if (status === 204) {
    if (operation.status !== 204 || text !== '') throw new Unpublished(what, ['204 without a body is not published here'], text)
    return { status, headers, result: null as OutputOf<OperationName>, problem: null }
  }
  expectType(what, headers, 'application/json')
  const result = JSON.parse(text) as { dup?: boolean }
  checkAgainst(operation.out, result, what)
  const published = result.dup === true ? 200 : operation.status
  if (status !== published) throw new Unpublished(what, [`the status is published as ${published}`], result)
  return { status, headers, result: result as OutputOf<OperationName>, problem: null }
}

/** `codes`: those published where the problem came from; null where nothing is. */
function readProblem(what: string, { status, headers, text }: Received, codes: ErrorCode[] | null): Problem {
  expectType(what, headers, 'application/problem+json')
  const problem = JSON.parse(text) as Problem
  checkAgainst(Problem, problem, what)
  const { code, retry_ms } = problem
  if (problem.status !== status || errors[code].status !== status) throw new Unpublished(what, [`${code} under another status`], problem)
  if (codes && !codes.includes(code)) throw new Unpublished(what, [`${code} is not published for this operation`], problem)
  const wait = headers.get('retry-after')
  if (retry_ms !== undefined && (wait === null || !/^\d+$/.test(wait) || Number(wait) * 1000 < retry_ms)) {
    throw new Unpublished(what, [`Retry-After (${wait}) does not cover retry_ms`], problem)
  }
  return problem
}

function expectType(what: string, headers: Headers, type: string): void {
  const found = headers.get('content-type') ?? ''
  if (found.toLowerCase().replace(/;\s*charset=utf-8$/, '') !== type)
    throw new Unpublished(what, [`its content type is not ${type}`], found)
}

const templates = operationList().map(([name, operation]) => ({
  name,
  operation: operation as Operation,
  pattern: new RegExp(`^${base}${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`),
}))

/** Checks an answer of which only method and path are known. Outside of the native API only problems are looked at. */
function inspect(method: string, path: string, received: Received): void {
  const found = templates.find(({ operation, pattern }) => operation.method === method && pattern.test(path))
  if (found) {
    read(found.name, found.operation, received)
    return
  }
  const { status, headers } = received
  const refused = status >= 400 && path.startsWith(`${base}/`) && method !== 'HEAD'
  if (refused || headers.get('content-type')?.startsWith('application/problem+json')) {
    readProblem(`the answer ${status} to ${method} ${path}`, received, null)
  }
}
