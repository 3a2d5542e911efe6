import { ChatError, limits } from '@parlance/protocol'
import type { Talk } from '../dialects/dialect.ts'
import type { Door, Gate } from '../dispatch.ts'
import { Connection } from './connection.ts'
import type { Hub } from './hub.ts'
import { type StreamOutbound, StreamWire } from './outbound-stream.ts'
import { Replies } from './replies.ts'

export type StreamsDeps = {
  gate: Gate
  hub: Hub
  /** Everything open at any door, for the sweep and for draining. */
  connections: Set<Connection>
  outbound: StreamOutbound
  draining: () => boolean
}

/** The circumstances of the request that becomes a stream. */
export type Asked = { id: string; address: string; door: Door }

/** Opens a stream: the body of an answer that ends when the talk does. */
export type OpenStream = (talk: Talk, asked: Asked) => ReadableStream<Uint8Array>

/** A stream is a connection like a socket, on another wire and with nothing coming in. */
export function createStreams({ gate, hub, connections, outbound, draining }: StreamsDeps): OpenStream {
  const replies = new Replies()
  const byUser = new Map<number, number>()
  const { metrics } = hub.deps

  return (talk, { id, address, door }) => {
    if (draining()) throw new ChatError('draining', { retry_ms: 1000 })
    const user = talk.actor.number
    const open = byUser.get(user) ?? 0
    if (open >= limits.user_streams)
      throw new ChatError('rate_limited', { detail: `at most ${limits.user_streams} streams may be open`, retry_ms: 5000 })
    byUser.set(user, open + 1)
    metrics.streamConnections.inc()
    const wire = new StreamWire(outbound, {
      drained: () => connection.drain(),
      closed: () => {
        connection.closed()
      },
    })
    const connection = new Connection({
      origin: {
        id,
        address,
        proven: () => undefined,
        ended: () => {
          connections.delete(connection)
          const left = (byUser.get(user) ?? 1) - 1
          if (left === 0) byUser.delete(user)
          else byUser.set(user, left)
          metrics.streamConnections.dec()
        },
      },
      wire,
      deps: {
        dialect: { name: talk.encoder, door, lossy: true },
        gate,
        hub,
        replies,
        heartbeatMs: limits.stream_comment_ms - 500,
        maxFrames: Number.POSITIVE_INFINITY,
      },
    })
    connections.add(connection)
    connection.prolong(talk.actor)
    connection.start(talk.accept(connection))
    return wire.body()
  }
}
