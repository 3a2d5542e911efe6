import type { BlockList } from 'node:net'
import type { Admission, Dialect, DoorSocket, Handshake, Lobby } from '../dialects/dialect.ts'
import type { Gate } from '../dispatch.ts'
import { clientAddress } from './address.ts'
import type { UnprovenSockets } from './unproven-sockets.ts'
import type { SocketData, SocketServer } from './websocket.ts'

export type MountDeps = {
  gate: Gate
  /** In the order in which they are asked. */
  dialects: readonly Dialect[]
  dialectOf: Lobby['dialectOf']
  http: (request: Request, address: string) => Response | Promise<Response>
  trusted: BlockList
  /** Null: any origin may open a socket. */
  allowedOrigins: readonly string[] | null
  unproven: UnprovenSockets
  newId: () => string
  draining: () => boolean
}

type Refusal = { status: number; retryMs?: number }
type Meant = { dialect: Dialect; admission: Extract<Admission, { accept: (socket: DoorSocket) => unknown }> } | Refusal

/** The server's front: tells sockets from requests and gives each to its door. */
export function createMount(deps: MountDeps): (request: Request, server: SocketServer) => Promise<Response | undefined> {
  return async (request, server) => {
    const address = clientAddress(server.requestIP(request)?.address ?? '', request.headers, deps.trusted)
    if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return deps.http(request, address)
    if (deps.draining()) return new Response(null, { status: 503, headers: { 'retry-after': '1' } })
    if (!originAllowed(request.headers.get('origin'), deps.allowedOrigins)) return new Response(null, { status: 403 })
    const url = new URL(request.url)
    const meant = await admit(deps, { path: url.pathname, query: url.searchParams, headers: request.headers, address })
    return 'status' in meant ? refuse(meant) : upgrade(deps, { request, server, address, meant })
  }
}

async function admit(deps: MountDeps, handshake: Handshake): Promise<Meant> {
  for (const dialect of deps.dialects) {
    const lobby: Lobby = {
      authenticate: (token) => deps.gate.authenticate(token),
      call: (actor, name, input) =>
        deps.gate.call(name, { actor, lane: null, door: dialect.door, requestId: deps.newId(), address: handshake.address }, input),
      directory: deps.gate.directory,
      dialectOf: deps.dialectOf,
    }
    const admission = await dialect.socket?.admit(ownPath(handshake, dialect.name), lobby)
    if (admission === null || admission === undefined) continue
    return 'refuse' in admission ? { status: admission.refuse, retryMs: admission.retryMs } : { dialect, admission }
  }
  return { status: 404 }
}

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
  const data: SocketData = {
    id: newId(),
    address,
    dialect,
    accept: admission.accept,
    connection: null,
    proven: () => unproven.closed(data, address),
  }
  if (!unproven.admit(data, address)) return new Response(null, { status: 429, headers: { 'retry-after': '5' } })
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
  const { subprotocol } = admission
  const headers = subprotocol !== undefined && offered.includes(subprotocol) ? { 'sec-websocket-protocol': subprotocol } : undefined
  if (server.upgrade(request, { data, headers })) return undefined
  unproven.closed(data, address)
  return new Response(null, { status: 400 })
}

function refuse({ status, retryMs }: Refusal): Response {
  const headers = retryMs === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryMs / 1000))) }
  return new Response(null, { status, headers })
}

/** Browsers always send an Origin; other clients need not. */
const originAllowed = (origin: string | null, allowed: readonly string[] | null): boolean =>
  allowed === null || origin === null || allowed.includes(origin)
