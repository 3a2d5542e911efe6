import type { Operation } from './define.ts'
import type { ErrorCode } from './errors.ts'
import { limits } from './limits.ts'
import { errorsOf } from './rest.ts'
import { Closed, Id, Position, RoomRef, type TSchema, Type } from './schema.ts'

/** A stream of server-sent events, for those who cannot open a WebSocket: what the socket pushes, over one answer that does not end. */
export type Stream = Pick<Operation, 'summary' | 'description' | 'path' | 'in' | 'errors'>

/** Where a reader of a stream left off: the `id` of the last event it got, sent back in the header `Last-Event-ID`. */
export const LastEventId = Type.String({
  pattern: '^[\\w-]{1,64}\\.\\d{1,16}$',
  description: 'The `id` of the last event received, `<epoch>.<position>`: the stream goes on behind it.',
})

const ids = (max: number, description: string): TSchema => Type.Optional(Type.Array(Id, { maxItems: max, uniqueItems: true, description }))

/** The streams of the native API by name. Each event's `data` is a frame of the socket; the last event of a stream is named `bye`. */
export const streams = {
  'rooms.stream': {
    summary: 'A room as server-sent events',
    description: [
      'Everything of one room as the socket brings it where the room is open: durable events with their position as `id`, and typing and receipts without one.',
      'With `after` or `Last-Event-ID` what came since is told first, as `log` frames; `opened` says from where on the stream is live. A position of another database, or one that the room has not reached, is answered by `reset`.',
    ].join('\n\n'),
    path: '/rooms/{room}/stream',
    in: Closed({ room: RoomRef, after: Type.Optional(Position('Replay what came after it first. `Last-Event-ID` takes precedence.')) }),
    errors: ['not_found'],
  },
  'me.stream': {
    summary: 'Your own log and all your rooms as server-sent events',
    description: [
      'What the socket brings: `welcome`, the heads of your rooms, `ready`, then the facts of your own log with their position as `id`, and, without one, the durable events of your rooms (of large ones their heads).',
      'With `Last-Event-ID` the own log goes on behind it; what rooms had meanwhile is found by their heads and `rooms.events`.',
    ].join('\n\n'),
    path: '/me/stream',
    in: Closed({
      open: ids(limits.stream_rooms, 'Rooms to have open: their typing and receipts come, in large rooms the events too.'),
      watch: ids(limits.stream_watch, 'Users whose presence is told.'),
    }),
    errors: [],
  },
} as const satisfies Record<string, Stream>

export type StreamName = keyof typeof streams
export const streamList = (): [StreamName, Stream][] => Object.entries(streams) as [StreamName, Stream][]

/** Every code a stream may be refused with before it begins. */
export const streamErrorsOf = ({ path, in: input, errors }: Stream): ErrorCode[] =>
  errorsOf({ summary: '', auth: 'user', rate: 'read', method: 'GET', path, status: 200, in: input, out: Type.Null(), errors })
