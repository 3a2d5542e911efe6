import type { BlockList } from 'node:net'
import { ChatError, problemOf } from '@parlance/protocol'
import type { Admission, Dialect, Door, DoorSocket, Handshake, Lobby } from '../dialects/dialect.ts'
import type { Gate } from '../dispatch.ts'
import { clientAddress, isTrusted } from './address.ts'
import { meantFor, sharedRoom } from './arbitration.ts'
import { addressOf, hostAllowed } from './hosts.ts'
import type { StrangeProxies } from './strange-proxies.ts'
import type { UnderWay } from './under-way.ts'
import type { UnprovenSockets } from './unproven-sockets.ts'
import { SocketData, type SocketServer } from './websocket.ts'

export type MountDeps = {
  gate: Gate
  /** In the order in which they are asked. */
  dialects: readonly Dialect[]
  dialectOf: Lobby['dialectOf']
  http: (request: Request, address: string) => Response | Promise<Response>
  trusted: BlockList
  strangers: StrangeProxies
  /** Null: any. */
  allowedHosts: readonly string[] | null
  /** Null: any origin may open a socket. */
  allowedOrigins: readonly string[] | null
  unproven: UnprovenSockets
  underWay: UnderWay
  newId: () => string
  draining: () => boolean
}

type Refusal = { status: number; retryMs?: number }
type Meant = { dialect: Dialect; admission: Extract<Admission, { accept: (socket: DoorSocket) => unknown }> } | Refusal

/** The server's front: tells sockets from requests and gives each to its door. */
export function createMount(deps: MountDeps): (request: Request, server: SocketServer) => Promise<Response | undefined> {
  return async (request, server) => {
    const peer = server.requestIP(request)?.address ?? ''
    const address = clientAddress(peer, request.headers, deps.trusted)
    if (!isTrusted(peer, deps.trusted)) deps.strangers.note(peer, request.headers)
    const url = addressOf(request)
    if (url === null) return problem(deps, new ChatError('host_not_allowed', { detail: 'The Host header names no host.' }))
    if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket')
      return await answer(deps, request.url.startsWith('/') ? new Request(url.href, request) : request, address)
    if (!hostAllowed(request.headers.get('host') ?? '', deps.allowedHosts)) return problem(deps, new ChatError('host_not_allowed'))
    if (deps.draining()) return new Response(null, { status: 503, headers: { 'retry-after': '1' } })
    if (!originAllowed(request.headers.get('origin'), deps.allowedOrigins)) return new Response(null, { status: 403 })
    const meant = await admit(deps, { path: url.pathname, query: url.searchParams, headers: request.headers, address })
    return 'status' in meant ? refuse(meant) : upgrade(deps, { request, server, address, meant })
  }
}

/** What is answered before any door is asked. */
function problem({ newId }: MountDeps, error: ChatError): Response {
  const headers = { 'content-type': 'application/problem+json', ...retryAfter(error.retryMs) }
  return Response.json(problemOf(error, newId()), { status: error.status, headers })
}

/** A stream is under way no more when it begins. */
async function answer(deps: MountDeps, request: Request, address: string): Promise<Response> {
  const { http, underWay } = deps
  if (!underWay.begin(address)) return problem(deps, new ChatError('rate_limited', { retry_ms: 1000 }))
  try {
    return await http(request, address)
  } finally {
    underWay.end(address)
  }
}

async function admit(deps: MountDeps, handshake: Handshake): Promise<Meant> {
  const x = sharedRoom(handshake.path)
  if (x !== null) return await admitShared(deps, handshake, x)
  for (const dialect of deps.dialects) {
    const own = ownPath(handshake, dialect.name)
    const meant = await ask(deps, dialect, own)
    if (meant !== null) return meant
    if (own !== handshake) return { status: sharedRoom(own.path) === null ? 404 : 403 }
  }
  return { status: 404 }
}

/** One dialect is asked; what none of them can be meant by is refused like what it refuses. */
async function admitShared(deps: MountDeps, handshake: Handshake, x: string): Promise<Meant> {
  const [first] = deps.dialects
  if (first === undefined) return { status: 403 }
  try {
    const dialect = await meantFor(deps.dialects, { ...handshake, x }, lobbyOf(deps, handshake, first.door))
    return (dialect && (await ask(deps, dialect, handshake))) ?? { status: 403 }
  } catch (error) {
    if (!(error instanceof ChatError)) throw error
    return { status: error.status, retryMs: error.retryMs }
  }
}

async function ask(deps: MountDeps, dialect: Dialect, handshake: Handshake): Promise<Meant | null> {
  const admission = await dialect.socket?.admit(handshake, lobbyOf(deps, handshake, dialect.door))
  if (admission === null || admission === undefined) return null
  return 'refuse' in admission ? { status: admission.refuse, retryMs: admission.retryMs } : { dialect, admission }
}

const lobbyOf = ({ gate, newId, dialectOf }: MountDeps, { address }: Handshake, door: Door): Lobby => ({
  authenticate: (token) => gate.authenticate(token),
  call: (actor, name, input) => gate.call(name, { actor, lane: null, door, requestId: newId(), address }, input),
  directory: gate.directory,
  dialectOf,
})

/** Below its own name a dialect sees its documented paths. */
function ownPath(handshake: Handshake, name: string): Handshake {
  const prefix = `/${name}/`
  return handshake.path.startsWith(prefix) ? { ...handshake, path: handshake.path.slice(prefix.length - 1) } : handshake
}

function upgrade(
  { unproven, newId }: MountDeps,
  { request, server, address, meant }: { request: Request; server: SocketServer; address: string; meant: Exclude<Meant, Refusal> },
): Response | undefined {
  const { dialect, admission } = meant
  const data = new SocketData({ id: newId(), address, dialect, accept: admission.accept, unproven })
  if (!unproven.admit(data, address)) return new Response(null, { status: 429, headers: { 'retry-after': '5' } })
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
  const { subprotocol } = admission
  // Left to itself the runtime takes the first that is offered, whatever it is; nothing is named by an empty one.
  const headers = { 'sec-websocket-protocol': subprotocol !== undefined && offered.includes(subprotocol) ? subprotocol : '' }
  if (server.upgrade(request, { data, headers })) return undefined
  unproven.closed(data, address)
  return new Response(null, { status: 400 })
}

const refuse = ({ status, retryMs }: Refusal): Response => new Response(null, { status, headers: retryAfter(retryMs) })

const retryAfter = (ms: number | undefined): Record<string, string> =>
  ms === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) }

/** Browsers always send an Origin; other clients need not. */
const originAllowed = (origin: string | null, allowed: readonly string[] | null): boolean =>
  allowed === null || origin === null || allowed.includes(origin)
