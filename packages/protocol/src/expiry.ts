import { event, operation } from './define.ts'
import { Room } from './room-shapes.ts'
import { Closed, Id, Nullable, Position, RoomRef, Ttl, UserBrief } from './schema.ts'

export const expiry = {
  'rooms.expiry': operation({
    summary: 'Let messages disappear after a time, or no longer',
    description:
      'For those who may manage the room, and both in a direct room. It holds for all messages there are: what is older than `ttl_s` goes for good within seconds, with its reactions and reads and the events of that time, and `floor_seq` and `floor_n` of the room rise. Null: nothing disappears any more.',
    auth: 'user',
    rate: 'write',
    method: 'PUT',
    path: '/rooms/{room}/expiry',
    status: 200,
    in: Closed({ room: RoomRef, ttl_s: Nullable(Ttl) }),
    out: Room,
    errors: ['not_found', 'forbidden'],
  }),
}

export const expiryEvents = {
  'expiry.set': event({
    scope: 'room',
    summary: 'Messages disappear after `ttl_s` from now on; null: no longer.',
    data: Closed({ by: UserBrief, ttl_s: Nullable(Ttl) }),
  }),
}

export const expiryEphemera = {
  floor: event({
    scope: 'ephemeral',
    summary: 'Messages disappeared: those up to `n` are gone, and events up to `seq` are retired.',
    data: Closed({ room: Id, seq: Position('`floor_seq` of the room.'), n: Position('`floor_n` of the room.') }),
  }),
}
