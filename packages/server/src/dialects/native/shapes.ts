import { ChatError, limits, type WireError } from '@parlance/protocol'
import { brief, type Encoder, roomFrame, type Stretch, userFrame } from '../dialect.ts'

/** A stretch of a room's log as a replay page. */
export const logFrame = ({ room, after, upto, floor, events }: Stretch): string =>
  JSON.stringify({ log: { room: room.id, after, upto, floor, events: events.map(roomFrame) } })

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
