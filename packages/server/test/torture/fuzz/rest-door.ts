import { type ErrorCode, fieldPlaces, findOperation, type Operation, type OperationName } from '@parlance/protocol'
import type { Rest } from '../../harness/rest.ts'
import type { Random } from '../random.ts'
import type { Tally } from './tally.ts'

export type RestAsk = {
  op: OperationName
  input: unknown
  token: string | null
  /** Spoils the body's bytes on the way; what has no body is left alone. */
  spoil?: (body: string) => Uint8Array<ArrayBuffer>
}

/** Asks over HTTP. The harness's client has checked every answer that comes back from `raw`. */
export async function askRest(rest: Rest, tally: Tally, ask: RestAsk): Promise<unknown> {
  const spec = findOperation(ask.op)
  if (spec === undefined) throw new Error(`no operation ${ask.op}`)
  const { path, body } = requestOf(spec, ask.input)
  const what = `${spec.method} ${path.slice(0, 200)} ${body?.slice(0, 200) ?? ''}`
  const spoilt = body === undefined || ask.spoil === undefined ? body : ask.spoil(body)
  try {
    const response = await rest.raw(spec.method, `/api/v1${path}`, {
      headers: {
        ...(ask.token !== null && { authorization: `Bearer ${ask.token}` }),
        ...(spoilt !== undefined && { 'content-type': 'application/json' }),
      },
      ...(spoilt !== undefined && { body: spoilt }),
    })
    const text = await response.text()
    if (response.ok) {
      tally.count(ask.op, true)
      return text === '' ? null : JSON.parse(text)
    }
    if (response.status >= 500) tally.fail(`${what} was answered with ${response.status}: ${text.slice(0, 300)}`)
    tally.refused(ask.op, codeOf(text), what)
  } catch (error) {
    tally.count(ask.op, false)
    tally.fail(`${what}: ${String(error)}`)
  }
  return undefined
}

function codeOf(text: string): ErrorCode {
  const { code } = JSON.parse(text) as { code: ErrorCode }
  return code
}

/** Fields go where the published rule puts them; those that nobody published go along with the others. */
function requestOf(spec: Operation, input: unknown): { path: string; body: string | undefined } {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  const fields = isObject ? Object.entries(input) : []
  const inPath = new Set(fieldPlaces(spec).path)
  const path = spec.path.replace(/\{(\w+)\}/g, (_, name: string) => encode(fields.find(([key]) => key === name)?.[1]))
  const rest = fields.filter(([key]) => !inPath.has(key))
  if (spec.method === 'GET' || spec.method === 'DELETE') {
    const query = rest.map(([key, value]) => `${encode(key)}=${encode(Array.isArray(value) ? value.join(',') : value)}`).join('&')
    return { path: query === '' ? path : `${path}?${query}`, body: undefined }
  }
  const remaining: object = Object.defineProperties({}, Object.fromEntries(rest.map(([key, value]) => [key, { value, enumerable: true }])))
  return { path, body: JSON.stringify(isObject ? remaining : input) }
}

/** Lone surrogates have no form in a URL. */
const encode = (value: unknown): string =>
  encodeURIComponent((typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed())

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']
const paths = [
  '/',
  '/nope',
  '/rooms/%',
  '/rooms/%00',
  '/rooms//messages',
  '/me?limit=%ZZ',
  '/users?limit=1&limit=2',
  '/rooms/..%2f..',
  `/rooms/${'x'.repeat(3_000)}`,
  '/auth/login',
]
const types = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/json; charset=utf-16',
  'application/JSON',
  '',
]
const bearers = ['Bearer', 'Bearer ', 'Basic YTpi', `Bearer ${'x'.repeat(3_000)}`, 'Bearer a.b.c', 'bearer null']

/** Requests that are nobody's operation: paths, methods and headers that do not belong together. */
export async function askNonsense(rest: Rest, tally: Tally, random: Random): Promise<void> {
  const method = random.pick(methods)
  const path = `/api/v1${random.pick(paths)}`
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const headers = { 'content-type': random.pick(types), authorization: random.pick(bearers) }
  try {
    const response = await rest.raw(method, path, { headers, ...(hasBody && { body: random.pick(['{}', 'a=b', '', '--x', 'null']) }) })
    tally.count('a request of another kind', response.ok)
    if (response.status >= 500) tally.fail(`${method} ${path} was answered with ${response.status}`)
  } catch (error) {
    tally.count('a request of another kind', false)
    tally.fail(`${method} ${path} ${JSON.stringify(headers)}: ${String(error)}`)
  }
}
