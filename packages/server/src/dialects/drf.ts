import { ChatError, type ErrorCode, errors, type Fault, limits, type Method } from '@parlance/protocol'
import type { Actor, FailedCall, RestAnswer, RestCall, RestRoute } from './dialect.ts'
import { slowed } from './patience.ts'

/** What the views of Django REST framework have in common: how they ask who is calling, read fields, and word their refusals. */

/** `who` is what `enter` answered. The body is one for the framework's parsers: `content` of this file. */
export type Handler<Who> = (call: RestCall, who: Who) => Promise<RestAnswer>

export type View<Who> = {
  /** The documented path, its slash at the end included. */
  path: string
  /** What OPTIONS calls it. */
  name: string
  /** The header Allow, on whatever this view answers. */
  allow: readonly string[]
  /** Who may come in. Asked before the method is looked at, so that 401 comes before 405. */
  enter: (call: RestCall) => Promise<Who>
  methods: Partial<Record<Method, Handler<Who>>>
  claims?: (body: Record<string, unknown>) => boolean
}

/** The routes of a view. A GET without the slash is sent to the path with it; other methods are answered there as well. */
export function routesOf<Who>({ path, name, allow, enter, methods, claims }: View<Who>): RestRoute[] {
  const shared = { allow, ...(claims !== undefined && { claims }) }
  const routes = Object.entries(methods).map(([method, handle]) => ({
    ...shared,
    method: method as Method,
    path,
    handle: async (call: RestCall) => allowing(allow, await handle(slowed(call), await enter(call))),
  }))
  const rest: RestRoute = {
    ...shared,
    method: '*',
    path,
    async handle(call) {
      await enter(call)
      if (call.method !== 'OPTIONS') throw new ChatError('method_not_allowed')
      return allowing(allow, { status: 200, body: { name, description: '', renders: ['application/json'], parses: parsed } })
    },
  }
  const bare = path.slice(0, -1)
  const doubles = [...routes.filter(({ method }) => method !== 'GET'), rest].map((route) => ({ ...route, path: bare }))
  return [...routes, rest, ...doubles, { method: 'GET', path: bare, handle: toSlash }]
}

const parsed = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data']

const allowing = (allow: readonly string[], answer: RestAnswer): RestAnswer => ({
  ...answer,
  headers: { ...answer.headers, allow: allow.join(', ') },
})

function toSlash({ path, query }: RestCall): Promise<RestAnswer> {
  const search = query.size > 0 ? `?${query.toString()}` : ''
  return Promise.resolve({ status: 301, body: '', headers: { 'content-type': 'text/html; charset=utf-8', location: `${path}/${search}` } })
}

/** A refusal whose body is more than the words of its code. */
export class Refused extends ChatError {
  readonly body: object

  constructor(code: ErrorCode, body: object) {
    super(code)
    this.body = body
  }
}

/** Views that do not look at the Authorization header. */
export const unasked = (): Promise<null> => Promise.resolve(null)

/** Views for everybody: a bad token is refused all the same. */
export async function anybody(call: RestCall): Promise<Actor | null> {
  const token = bearer(call.headers)
  if (token === null) return null
  try {
    return await call.authenticate(token)
  } catch (error) {
    if (!(error instanceof ChatError) || error.status >= 500) throw error
    throw new Refused('unauthenticated', error.code === 'suspended' ? inactive : notValid)
  }
}

/** Views for the signed-in. */
export async function signedIn(call: RestCall): Promise<Actor> {
  const actor = await anybody(call)
  if (actor === null) throw new Refused('unauthenticated', { detail: 'Authentication credentials were not provided.' })
  return actor
}

const notValid = {
  detail: 'Given token not valid for any token type',
  code: 'token_not_valid',
  messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid or expired' }],
}
const inactive = { detail: 'User is inactive', code: 'user_inactive' }
const notTwo = { detail: 'Authorization header must contain two space-delimited values', code: 'bad_authorization_header' }

/** The token of the header; null where there is none or it is of another scheme. */
function bearer(headers: Headers): string | null {
  const [scheme, token, ...more] = (headers.get('authorization') ?? '').split(/\s+/).filter((part) => part !== '')
  if (scheme !== 'Bearer') return null
  if (token === undefined || more.length > 0) throw new Refused('unauthenticated', notTwo)
  return token
}

/** Anything thrown as this framework words it; what is not ours stays in the log. */
export function failure(error: unknown, { method, allow }: FailedCall): RestAnswer {
  const known = error instanceof ChatError ? error : new ChatError('internal')
  const { status } = errors[known.code]
  const headers: Record<string, string> = {}
  if (allow.length > 0) headers.allow = allow.join(', ')
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="api"'
  const seconds = Math.max(1, Math.ceil((known.retryMs ?? 0) / 1000))
  if (known.retryMs !== undefined) headers['retry-after'] = String(seconds)
  if (known instanceof Refused) return { status, headers, body: known.body }
  // A taken name is a fault of its field here.
  if (known.code === 'username_taken') return { status: 400, headers, body: { username: ['A user with that username already exists.'] } }
  if (known.code === 'invalid_input' && known.faults !== undefined) return { status, headers, body: fieldErrors(known.faults) }
  return { status, headers, body: { detail: detailOf(known, { method, seconds }) } }
}

function detailOf({ code, detail }: ChatError, { method, seconds }: { method: string; seconds: number }): string {
  switch (code) {
    case 'forbidden':
    case 'banned':
      return 'You do not have permission to perform this action.'
    case 'not_found':
      return 'Not found.'
    case 'method_not_allowed':
      return `Method "${method}" not allowed.`
    case 'rate_limited':
      return `Request was throttled. Expected available in ${seconds} second${seconds === 1 ? '' : 's'}.`
    case 'internal':
      return 'A server error occurred.'
    default:
      return detail
  }
}

type FieldErrors = { [field: string]: string[] | FieldErrors }

/** Faults as a map of fields; those of elements stand under the index, those of the whole body under `non_field_errors`. */
export function fieldErrors(faults: readonly Fault[]): FieldErrors {
  const all: FieldErrors = {}
  for (const { path, message } of faults) {
    const keys = path.split('/').slice(1)
    const last = keys.pop() ?? 'non_field_errors'
    let at = all
    for (const key of keys) at = nested(at, key)
    const texts = at[last]
    at[last] = Array.isArray(texts) ? [...texts, message] : [message]
  }
  return all
}

function nested(map: FieldErrors, key: string): FieldErrors {
  const value = map[key]
  const inner = value === undefined || Array.isArray(value) ? {} : value
  map[key] = inner
  return inner
}

/** The parsed body. Rejects with 415 for what none of the framework's parsers takes. */
export async function content({ headers, content: parse }: RestCall): Promise<unknown> {
  const type = headers.get('content-type') ?? ''
  const kind = (type.split(';')[0] ?? '').trim().toLowerCase()
  const isEmpty = (headers.get('content-length') ?? '0') === '0' && headers.get('transfer-encoding') === null
  if (!isEmpty && !parsed.includes(kind))
    throw new Refused('unsupported_media_type', { detail: `Unsupported media type "${type}" in request.` })
  try {
    return await parse()
  } catch (error) {
    if (!(error instanceof ChatError) || error.code !== 'malformed') throw error
    throw new Refused('malformed', { detail: `${kind === 'application/json' ? 'JSON' : 'Form'} parse error - ${error.detail}` })
  }
}

/** A text of a body. `check` gives the words for everything wrong with it; `optional` fields may be missing or blank. */
export type TextField = { name: string; optional?: boolean; check?: (text: string) => string[] }

/** The texts of a body, surrounding blanks cut off; missing ones are absent. Rejects with all faults at once, in the order of the fields. */
export function readTexts(body: unknown, fields: readonly TextField[]): Map<string, string> {
  const read = fieldReader(body)
  const faults: Fault[] = []
  const texts = new Map<string, string>()
  for (const field of fields) {
    const { text, wrong } = readText(read(field.name), field)
    if (text !== undefined) texts.set(field.name, text)
    for (const message of wrong) faults.push({ path: `/${field.name}`, code: 'invalid', message })
  }
  if (faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
  return texts
}

/** The names of the fields a body has. */
export function fieldNames(body: unknown): string[] {
  if (body instanceof FormData) return [...new Set(body.keys())]
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? Object.keys(body) : []
}

/** Reads the fields of a body by name; undefined for those that are missing. Rejects what has no fields. */
export function fieldReader(body: unknown): (name: string) => unknown {
  // Of a key that a form repeats the last one counts.
  if (body instanceof FormData) return (name) => body.getAll(name).at(-1)
  if (body === undefined) return () => undefined
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    const own = new Map<string, unknown>(Object.entries(body))
    return (name) => own.get(name)
  }
  const message = body === null ? 'No data provided' : `Invalid data. Expected a dictionary, but got ${typeName(body)}.`
  throw new ChatError('invalid_input', { errors: [{ path: '', code: 'type', message }] })
}

/** What Python calls the type of a value. */
export function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'object' && value !== null && !(value instanceof File)) return 'dict'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return typeof value === 'boolean' ? 'bool' : 'str'
}

export function readText(value: unknown, { optional = false, check }: TextField): { text?: string; wrong: string[] } {
  if (value === undefined) return { wrong: optional ? [] : ['This field is required.'] }
  if (value === null) return { wrong: ['This field may not be null.'] }
  if (typeof value !== 'string' && typeof value !== 'number') return { wrong: ['Not a valid string.'] }
  const text = String(value).trim()
  if (text === '') return { text, wrong: optional ? [] : ['This field may not be blank.'] }
  return { text, wrong: [...(check?.(text) ?? []), ...unstorable(text)] }
}

function unstorable(text: string): string[] {
  const wrong = text.includes('\0') ? ['Null characters are not allowed.'] : []
  const surrogate = /\p{Surrogate}/u.exec(text)?.[0].charCodeAt(0)
  if (surrogate !== undefined) wrong.push(`Surrogate characters are not allowed: U+${surrogate.toString(16).toUpperCase()}.`)
  return wrong
}

export const atLeast = (text: string, min: number): string[] =>
  Array.from(text).length < min ? [`Ensure this field has at least ${min} characters.`] : []

export const atMost = (text: string, max: number): string[] =>
  Array.from(text).length > max ? [`Ensure this field has no more than ${max} characters.`] : []

/** A username with Django's stock rules. */
export const username: TextField = {
  name: 'username',
  check: (text) => [...(isUsername(text) ? [] : [usernameWords]), ...atMost(text, limits.username_chars)],
}

const usernameWords = 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.'
// Letters that cannot be seen (Hangul fillers) are letters to Django, but two names must not look the same.
const isUsername = (text: string): boolean => /^[\p{L}\p{N}_.@+-]+$/u.test(text) && !/\p{Default_Ignorable_Code_Point}/u.test(text)

/** An e-mail address that may be left out. */
export const email: TextField = {
  name: 'email',
  optional: true,
  check: (text) => [...atMost(text, 254), ...(isAddress(text) ? [] : ['Enter a valid email address.'])],
}

const local = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/
const label = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u

function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  const labels = text.slice(at + 1).split('.')
  return (
    at > 0 &&
    local.test(text.slice(0, at)) &&
    labels.length > 1 &&
    labels.every((part) => label.test(part)) &&
    (labels.at(-1) ?? '').length > 1
  )
}

/** A new password of at least `min` characters. */
export const newPassword = (min: number): TextField => ({
  name: 'password',
  check: (text) => [
    ...atLeast(text, min),
    ...(Buffer.byteLength(text) > limits.password_bytes ? [`Ensure this field has no more than ${limits.password_bytes} bytes.`] : []),
  ],
})

/** A time (ms since 1970, or in ISO form) as the framework prints it: UTC, microseconds, `Z`. The fraction is there even where it is zero, because
 * one in a thousand of ours is, and hardly any of the original's: a client may never have met a time without. */
export const timestamp = (at: number | string): string => new Date(at).toISOString().replace('Z', '000Z')
