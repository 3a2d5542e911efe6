import type { ChatError, DownFrame, RoomEventFrame, RoomEventType, UserEventFrame, UserEventType } from '@parlance/protocol'
import type { Outgoing } from './outbox.ts'
import type { Session } from './session.ts'
import type { Status } from './socket.ts'

/**
 * How far a room has come and how far it is read: `unread` messages lie between. `read` is null while it is not known.
 *
 * @example
 * client.on('unread', ({ room, unread }) => badge(room, unread))
 */
export type RoomMark = { room: string; n: number; read: number | null; unread: number }

/**
 * What `client.on` can wait for: every event of the protocol by its name, and what the client itself has to say. Durable events come in
 * the order of their log, each once; `event` and `fact` are all of a kind together. `reset`: what was kept of these rooms must be
 * fetched anew. `floor`: messages of a room have disappeared. `refused`: a room asked to be open is not. `unread`: a head or a marker moved. `session`: null once signed out, with
 * the reason if nobody asked for it.
 *
 * @example
 * client.on('message.created', ({ room, n, data }) => show(room, n, data.sender.username, data.content))
 * client.on('status', (status) => { if (status.state === 'waiting') showOffline(status.retry_ms) })
 */
export type ClientEvents = {
  [T in RoomEventType]: Extract<RoomEventFrame, { ev: T }>
} & {
  [T in UserEventType]: Extract<UserEventFrame, { uev: T }>
} & {
  typing: DownFrame['typing']
  receipt: DownFrame['receipt']
  floor: DownFrame['floor']
  presence: DownFrame['presence']
  event: RoomEventFrame
  fact: UserEventFrame
  reset: { rooms: string[] | 'all' }
  refused: { room: string; error: ChatError }
  unread: RoomMark
  outbox: Outgoing
  session: { session: Session | null; error: ChatError | null }
  status: Status
}
