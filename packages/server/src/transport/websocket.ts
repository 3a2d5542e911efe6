import { limits } from '@parlance/protocol'
import type { Server, ServerWebSocket, WebSocketHandler } from 'bun'
import type { DoorSocket, Conversation, Dialect } from '../dialects/dialect.ts'
import type { Gate } from '../dispatch.ts'
import { Connection, type ConnectionDeps, type Origin } from './connection.ts'
import type { Hub } from './hub.ts'
import { BunWire } from './outbound-bun.ts'
import { Replies } from './replies.ts'
import type { UnprovenSockets } from './unproven-sockets.ts'

/** A socket from its request on; `connection` is there once it is open. */
export class SocketData implements Origin {
  readonly id: string
  readonly address: string
  readonly dialect: Dialect
  /** Makes its conversation; null once that is made, as what it holds of the handshake is not needed again. */
  accept: ((socket: DoorSocket) => Conversation) | null
  connection: Connection | null = null
  readonly #unproven: UnprovenSockets

  constructor({ id, address, dialect, accept, unproven }: SocketOptions) {
    this.id = id
    this.address = address
    this.dialect = dialect
    this.accept = accept
    this.#unproven = unproven
  }

  proven(): void {
    this.#unproven.closed(this, this.address)
  }

  /** The runtime tells when a socket closed. */
  ended(): void {}
}

type SocketOptions = {
  id: string
  address: string
  dialect: Dialect
  accept: (socket: DoorSocket) => Conversation
  unproven: UnprovenSockets
}

const heartbeatMs = limits.heartbeat_ms - 2500

/** Past this the runtime would drop what is published and keep the socket; so it closes it. */
const hardLimitBytes = 1024 * 1024

/** A peer may close with any number; only so many become series of their own. */
const knownCode = (code: number): string =>
  (code >= 1000 && code <= 1015) || (code >= 4400 && code < 4600) || code === 4001 ? String(code) : 'other'

export type SocketServer = Server<SocketData>

/** The runtime's WebSocket events, handed to the connection they belong to. */
export function socketHandler({
  gate,
  hub,
  connections,
  maxFrames,
}: {
  gate: Gate
  hub: Hub
  connections: Set<Connection>
  /** Frames of one socket in a quarter of a second. */
  maxFrames: number
}): WebSocketHandler<SocketData> {
  const { metrics } = hub.deps
  const replies = new Replies()
  const byDialect = new Map<Dialect, ConnectionDeps>()
  const depsOf = (dialect: Dialect): ConnectionDeps => {
    const most = dialect.takesFloods ? Number.POSITIVE_INFINITY : maxFrames
    const deps = byDialect.get(dialect) ?? { dialect, gate, hub, replies, heartbeatMs, maxFrames: most }
    byDialect.set(dialect, deps)
    return deps
  }
  return {
    maxPayloadLength: limits.frame_bytes,
    backpressureLimit: hardLimitBytes,
    closeOnBackpressureLimit: true,
    // Silence is noticed by the connection, which asks the peer in time; this is for what has none yet.
    idleTimeout: limits.silence_ms / 1000,
    sendPings: false,
    perMessageDeflate: false,
    open(socket: ServerWebSocket<SocketData>) {
      const { data } = socket
      const { accept, dialect } = data
      if (accept === null) throw new Error('a socket opens once')
      data.accept = null
      const connection = new Connection({ origin: data, wire: new BunWire(socket), deps: depsOf(dialect) })
      data.connection = connection
      connections.add(connection)
      metrics.socketConnections.inc({ dialect: dialect.name })
      connection.start(accept(connection))
    },
    message(socket, data) {
      socket.data.connection?.frame(data)
    },
    ping(socket) {
      socket.data.connection?.heard()
    },
    pong(socket) {
      socket.data.connection?.heard()
    },
    drain(socket) {
      socket.data.connection?.drain()
    },
    close(socket, code) {
      const { connection, dialect } = socket.data
      socket.data.proven()
      if (connection === null) return
      connections.delete(connection)
      metrics.socketConnections.dec({ dialect: dialect.name })
      metrics.socketCloses.inc({ dialect: dialect.name, code: knownCode(code) })
      connection.closed()
    },
  }
}
