import { limits } from '@parlance/protocol'
import type { Server, ServerWebSocket, WebSocketHandler } from 'bun'
import type { DoorSocket, Conversation, Dialect } from '../dialects/dialect.ts'
import type { Gate } from '../dispatch.ts'
import { Connection } from './connection.ts'
import type { Hub } from './hub.ts'
import { BunWire } from './outbound-bun.ts'
import { Replies } from './replies.ts'
import type { UnprovenSockets } from './unproven-sockets.ts'

/** What is known of a socket between its request and its opening; `connection` is there once it is open. */
export type SocketData = {
  id: string
  address: string
  dialect: Dialect
  accept: (socket: DoorSocket) => Conversation
  connection: Connection | null
  proven: () => void
}

const heartbeatMs = limits.heartbeat_ms - 2500

/** Past this the runtime would drop what is published and keep the socket; so it closes it. */
const hardLimitBytes = 1024 * 1024

/** A peer may close with any number; only so many become series of their own. */
const knownCode = (code: number): string =>
  (code >= 1000 && code <= 1015) || (code >= 4400 && code < 4600) || code === 4001 ? String(code) : 'other'

const nothing = () => undefined

/** A socket opens once. */
function taken(): never {
  throw new Error('this socket was taken before')
}

export type SocketServer = Server<SocketData>

/** The runtime's WebSocket events, handed to the connection they belong to. */
export function socketHandler({
  gate,
  hub,
  connections,
  unproven,
}: {
  gate: Gate
  hub: Hub
  connections: Set<Connection>
  unproven: UnprovenSockets
}): WebSocketHandler<SocketData> {
  const { metrics } = hub.deps
  const replies = new Replies()
  return {
    maxPayloadLength: limits.frame_bytes,
    backpressureLimit: hardLimitBytes,
    closeOnBackpressureLimit: true,
    idleTimeout: limits.silence_ms / 1000,
    sendPings: true,
    perMessageDeflate: false,
    open(socket: ServerWebSocket<SocketData>) {
      const { id, address, dialect, accept, proven } = socket.data
      const connection = new Connection({
        id,
        address,
        dialect,
        gate,
        hub,
        wire: new BunWire(socket),
        replies,
        heartbeatMs,
        proven,
        ended: nothing,
      })
      socket.data.connection = connection
      connections.add(connection)
      metrics.socketConnections.inc({ dialect: dialect.name })
      connection.start(accept(connection))
      // What it holds of the handshake is not needed again.
      socket.data.accept = taken
    },
    message(socket, data) {
      socket.data.connection?.frame(data)
    },
    drain(socket) {
      socket.data.connection?.drain()
    },
    close(socket, code) {
      const { connection, address, dialect } = socket.data
      unproven.closed(socket.data, address)
      if (connection === null) return
      connections.delete(connection)
      metrics.socketConnections.dec({ dialect: dialect.name })
      metrics.socketCloses.inc({ dialect: dialect.name, code: knownCode(code) })
      connection.closed()
    },
  }
}
