import { ChatError, limits, type WireError } from '@parlance/protocol'
import { brief, type Encoder, type OwnStretch, type RoomKey, roomFrame, type Stretch, userFrame } from '../dialect.ts'

/** A stretch of a room's log as a replay page. */
export const logFrame = ({ room, after, upto, floor, events }: Stretch): string =>
  JSON.stringify({ log: { room: room.id, after, upto, floor, events: events.map(roomFrame) } })

/** A stretch of the user's own log as a replay page. */
export const ownLogFrame = ({ after, upto, events }: OwnStretch) => ({ ulog: { after, upto, events: events.map(userFrame) } })

/** Where the open rooms and the own log stand. */
export const headsFrame = (rooms: readonly { room: RoomKey; seq: number; n: number }[], useq: number) => ({
  head: rooms.map(({ room, seq, n }) => [room.id, seq, n]),
  useq,
})

export const encoder: Encoder = {
  room: (event) => JSON.stringify(roomFrame(event)),
  user: (event) => JSON.stringify(userFrame(event)),
  ephemeral(signal) {
    const user = brief(signal.user)
    // Natively one asks who is here.
    if (signal.kind === 'here') return null
    return signal.kind === 'typing'
      ? JSON.stringify({ eph: 'typing', room: signal.room.id, user, typing: signal.typing, expires_ms: limits.typing_ms })
      : JSON.stringify({ eph: 'receipt', room: signal.room.id, user, read: signal.read })
  },
  floor: ({ room, seq, n }) => JSON.stringify({ eph: 'floor', room: room.id, seq, n }),
  presence: (user, status) => JSON.stringify({ eph: 'presence', user, status }),
  heads: (heads) => JSON.stringify({ head: heads.map(({ room, seq, n }) => [room.id, seq, n]) }),
}

/** What a client is told of an error; what is not ours is `internal` and stays in the log. */
export function wireError(error: unknown): WireError {
  const known = error instanceof ChatError ? error : new ChatError('internal')
  return {
    code: known.code,
    detail: known.detail,
    ...(known.retryMs !== undefined && { retry_ms: known.retryMs }),
    ...(known.faults !== undefined && { errors: known.faults }),
  }
}

/** When a client should come back, by close code: at least `reconnect_ms`, spread over `jitter_ms`. */
const comeback: Partial<Record<number, { reconnect_ms: number; jitter_ms: number }>> = {
  4429: { reconnect_ms: 5000, jitter_ms: 5000 },
  4503: { reconnect_ms: 500, jitter_ms: 4000 },
}

/** The last word of a connection: why it ends, and when to come back. */
export const byeFrame = (code: number, reason: string): string => JSON.stringify({ bye: { code, reason, ...comeback[code] } })

/** How a connection ends whose beginning failed: close code and reason. */
export function closeCodeOf(error: unknown): [code: number, reason: string] {
  const code = error instanceof ChatError ? error.code : 'internal'
  if (code === 'unauthenticated' || code === 'token_expired') return [4401, code]
  if (code === 'suspended') return [4403, code]
  if (code === 'rate_limited' || code === 'overloaded' || code === 'issuer_unavailable') return [4429, code]
  return [1011, code]
}
