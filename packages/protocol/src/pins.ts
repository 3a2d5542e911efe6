import { event, operation } from './define.ts'
import { limits } from './limits.ts'
import { changed, Message } from './messages.ts'
import { Closed, Id, RoomRef, Type, UserBrief } from './schema.ts'

const one = { room: RoomRef, message: Id }

export const pins = {
  'pins.add': operation({
    summary: 'Pin a message',
    description:
      'For owners and admins, for whom the policy lets manage the room, and for both in a direct room. Pinning again changes nothing.',
    auth: 'user',
    rate: 'write',
    method: 'PUT',
    path: '/rooms/{room}/pins/{message}',
    status: 200,
    in: Closed(one),
    out: Message,
    errors: ['not_found', 'forbidden', 'message_deleted', 'too_many_pins'],
  }),
  'pins.remove': operation({
    summary: 'Unpin a message',
    description: 'For those who may pin. What is not pinned stays so.',
    auth: 'user',
    rate: 'write',
    method: 'DELETE',
    path: '/rooms/{room}/pins/{message}',
    status: 200,
    in: Closed(one),
    out: Message,
    errors: ['not_found', 'forbidden', 'message_deleted'],
  }),
  'pins.list': operation({
    summary: 'The pinned messages of a room',
    description: 'Those you may read, the latest pinned first, all at once.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/pins',
    status: 200,
    in: Closed({ room: RoomRef }),
    out: Closed({ items: Type.Array(Message, { maxItems: limits.pins }) }),
    errors: ['not_found'],
  }),
}

const pin = Closed({ ...changed, by: UserBrief })

export const pinEvents = {
  'message.pinned': event({ scope: 'room', summary: 'A message was pinned, at the time of the event.', data: pin }),
  'message.unpinned': event({ scope: 'room', summary: 'A message was unpinned.', data: pin }),
}
