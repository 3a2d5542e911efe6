import type { RestAnswer } from '../dialects/dialect.ts'

/** What the runtime tells of a request besides the request. */
export type Env = { Bindings: { address: string }; Variables: { requestId: string } }

/** An answer of ours as the runtime's. What is somebody's is nobody's cache's. */
export function toResponse({ status, body, headers }: RestAnswer): Response {
  const all = { 'cache-control': 'no-store', ...headers }
  if (status === 204 || status === 304) return new Response(null, { status, headers: all })
  if (typeof body === 'string') return new Response(body, { status, headers: all })
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...all } })
}
