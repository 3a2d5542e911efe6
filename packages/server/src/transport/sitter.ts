import type { Seat } from '../dialects/dialect.ts'
import type { Actor } from '../dispatch.ts'
import type { Person, RevocationReason, UserEvent } from '../live/bus.ts'
import type { Wire } from './outbound.ts'
import type { RoomChannel } from './room-channel.ts'
import type { SeatRooms } from './seat-rooms.ts'

/** Throws or rejects where a login is not welcome any more. */
export type Confirm = (login: Pick<Actor, 'number' | 'session'>) => void | Promise<void>

/** What a fact of the person's own log says of their login: so the log tells what a lost notice of the bus would have told. */
export function endingOf({ type, session }: UserEvent, login: string): RevocationReason | null {
  if (type === 'user.suspended') return 'suspended'
  return type === 'session.ended' && session === login ? 'ended' : null
}

/** A seat as the hub sees it. */
export interface Sitter {
  readonly dialect: string
  readonly person: number
  readonly who: Person
  readonly session: string
  readonly wire: Wire
  readonly rooms: SeatRooms<RoomChannel>
  /** It is to stand nowhere any more. */
  readonly hasLeft: boolean
  user(event: UserEvent): void
  /** The stay ended: the hub has taken the seat off the room, and its hold with it. */
  gone(channel: RoomChannel): void
  revoked(reason: RevocationReason): void
}

/** The rooms a seat has open, with their positions. */
export function openRoomsOf(rooms: SeatRooms<RoomChannel>): ReturnType<Seat['openHeads']>['rooms'] {
  const open: ReturnType<Seat['openHeads']>['rooms'] = []
  for (const [channel, standing] of rooms.entries()) {
    if (channel.key !== null && (standing === 'open' || standing === 'guest'))
      open.push({ room: channel.key, seq: channel.position, n: channel.n })
  }
  return open
}
