import type { Mode } from '../dialects/dialect.ts'
import type { Person, UserEvent } from '../live/bus.ts'
import type { DoorChannel } from './door-channels.ts'
import type { Wire } from './outbound.ts'
import type { RoomChannel } from './room-channel.ts'

/** How a seat stands in a room: a guest has it open without membership. */
export type Standing = Mode | 'guest'

/** A seat as the hub sees it. */
export interface Sitter {
  readonly dialect: string
  readonly person: number
  readonly who: Person
  readonly session: string
  readonly wire: Wire
  readonly rooms: Map<RoomChannel, Standing>
  /** The channel of its door that it listens in, beside any room. */
  channel: DoorChannel | null
  user(event: UserEvent): void
  /** The stay ended: the hub has taken the seat off the room. */
  gone(channel: RoomChannel): void
  revoked(): void
}
