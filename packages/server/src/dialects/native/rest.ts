import {
  ChatError,
  type FieldPlaces,
  fieldPlaces,
  type Operation,
  type OperationName,
  operationList,
  problemOf,
  takesCid,
} from '@parlance/protocol'
import type { FailedCall, RestAnswer, RestCall, RestRoute } from '../dialect.ts'
import { base, bearer, queryOf } from './request.ts'

/** Every operation of the catalog at its own method and path. */
export const routes: RestRoute[] = operationList().map(([name, spec]) => {
  const places = fieldPlaces(spec)
  return {
    method: spec.method,
    path: base + spec.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    handle: (call) => answer(name, { spec, places }, call),
  }
})

/** The path of the socket, for whoever comes without asking for one: most often because a proxy in between dropped the question. */
export const socketRoute: RestRoute = {
  method: '*',
  path: '/ws',
  handle: () => Promise.reject(new ChatError('upgrade_required')),
}

async function answer(
  name: OperationName,
  { spec, places }: { spec: Operation; places: FieldPlaces },
  call: RestCall,
): Promise<RestAnswer> {
  const actor = spec.auth === 'none' ? null : await call.authenticate(bearer(call.headers))
  const fields = places.body.length > 0 || hasBody(call) ? { ...(await bodyOf(call, places)) } : queryOf(call.query, spec)
  const input = { ...fields, ...call.params }
  const out = await call.call(actor, name, takesCid(spec) ? withKey(input, call.headers.get('idempotency-key')) : input)
  if (spec.status === 204) return { status: 204, body: null }
  const repeated = typeof out === 'object' && out !== null && 'dup' in out && out.dup === true
  return { status: repeated ? 200 : spec.status, body: out }
}

const hasBody = ({ method, headers }: RestCall): boolean =>
  method !== 'GET' && method !== 'DELETE' && (headers.get('content-length') ?? '0') !== '0'

async function bodyOf(call: RestCall, places: FieldPlaces): Promise<Record<string, unknown>> {
  if ((call.headers.get('content-length') ?? '') === '0') return {}
  if (!/^(identity)?$/i.test(call.headers.get('content-encoding') ?? ''))
    throw new ChatError('unsupported_media_type', { detail: 'Send the body as it is, without a Content-Encoding.' })
  const type = call.headers.get('content-type')
  if (type !== null && !/^application\/json\s*(;|$)/i.test(type)) throw new ChatError('unsupported_media_type')
  const body = await call.body()
  const doubled = places.path.filter((name) => Object.hasOwn(body, name))
  if (doubled.length > 0) {
    throw new ChatError('invalid_input', {
      errors: doubled.map((name) => ({ path: `/${name}`, code: 'place', message: 'stands in the path' })),
    })
  }
  return body
}

/** `Idempotency-Key` stands for `cid`; both together must agree. */
function withKey(input: Record<string, unknown>, key: string | null): Record<string, unknown> {
  if (key === null) return input
  if (input.cid !== undefined && input.cid !== key) {
    throw new ChatError('invalid_input', {
      errors: [{ path: '/cid', code: 'conflict', message: 'differs from the header Idempotency-Key' }],
    })
  }
  return { ...input, cid: key }
}

/** Anything thrown as `application/problem+json`; what is not ours is `internal` and stays in the log. */
export function problem(error: unknown, { requestId, allow }: FailedCall): RestAnswer {
  const known = error instanceof ChatError ? error : new ChatError('internal')
  const { status, retryMs } = known
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' }
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  if (status === 426) headers.upgrade = 'websocket'
  if (retryMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryMs / 1000)))
  if (allow.length > 0) headers.allow = allow.join(', ')
  return { status, body: problemOf(known, requestId), headers }
}
