import type { Operation } from './define.ts'
import type { ErrorCode } from './errors.ts'

/** Where REST carries the input of an operation: field names by place, in the order of the schema. */
export type FieldPlaces = { path: string[]; query: string[]; body: string[] }

/** What the path names stands in the path; the rest in the query of GET and DELETE and in the JSON body of the others. */
export function fieldPlaces({ method, path, in: input }: Operation): FieldPlaces {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
  const properties = (input as { properties?: Record<string, unknown> }).properties ?? {}
  const others = Object.keys(properties).filter((name) => !inPath.includes(name))
  return method === 'GET' || method === 'DELETE' ? { path: inPath, query: others, body: [] } : { path: inPath, query: [], body: others }
}

/** Whether the operation may be repeated with the same `cid` (in REST also the header `Idempotency-Key`) without a second effect. */
export const takesCid = (operation: Operation): boolean => Object.hasOwn((operation.in as { properties?: object }).properties ?? {}, 'cid')

const everywhere: ErrorCode[] = ['invalid_input', 'host_not_allowed', 'rate_limited', 'internal', 'overloaded', 'draining']
const signedIn: ErrorCode[] = ['unauthenticated', 'token_expired', 'suspended', 'issuer_unavailable']
const withBody: ErrorCode[] = ['malformed', 'payload_too_large', 'unsupported_media_type']
const writing: ErrorCode[] = ['unknown_outcome', 'storage_full']

/** Whether the operation is about a room that its input names. */
export const namesRoom = (operation: Operation): boolean =>
  Object.hasOwn((operation.in as { properties?: object }).properties ?? {}, 'room')

/** What bars from a room, or from doing anything in it, bars at every operation that names one. */
const inRoom: ErrorCode[] = ['banned']
const doingInRoom: ErrorCode[] = ['room_archived', 'muted']

/** Every code REST may answer this operation with: its own and those of all operations of its sort. */
export function errorsOf(operation: Operation): ErrorCode[] {
  const changes = operation.method !== 'GET'
  const room = namesRoom(operation)
  return [
    ...new Set([
      ...operation.errors,
      ...everywhere,
      ...(operation.auth === 'none' ? [] : signedIn),
      ...(operation.auth === 'admin' ? (['forbidden'] as const) : []),
      ...(room ? inRoom : []),
      ...(room && changes ? doingInRoom : []),
      ...(changes ? [...withBody, ...writing] : []),
      ...(takesCid(operation) ? (['cid_conflict'] as const) : []),
    ]),
  ]
}

/** Every code that may stand in the `err` of this operation on the socket. */
export function socketErrorsOf(operation: Operation): ErrorCode[] {
  const http: ErrorCode[] = ['host_not_allowed', 'payload_too_large', 'unsupported_media_type', 'malformed']
  return [...errorsOf(operation).filter((code) => !http.includes(code)), 'too_many_in_flight']
}
