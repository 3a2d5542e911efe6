import { operation } from './define.ts'
import { limits } from './limits.ts'
import { Member } from './members.ts'
import { Closed, Id, Nullable, Page, pageInput, RoomRef, type Static, Text, Timestamp, Type, UserBrief, UserRef } from './schema.ts'

/** That somebody asks to become a member of a room whose policy says `join: request`. A person has one open request a room. */
export const JoinRequest = Closed({ room: Id, user: UserBrief, message: Nullable(Type.String()), at: Timestamp })
export type JoinRequest = Static<typeof JoinRequest>

const one = { room: RoomRef, user: UserRef }

export const requests = {
  'requests.create': operation({
    summary: 'Ask to become a member of a room',
    description:
      'For rooms that take requests; a group that does answers everybody who knows its id or name, all others are `not_found`. Asking again changes nothing.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/rooms/{room}/requests',
    status: 200,
    in: Closed({ room: RoomRef, message: Type.Optional(Text(limits.request_chars, { min: 1, description: 'For those who decide.' })) }),
    out: JoinRequest,
    errors: ['not_found', 'forbidden', 'list_full'],
  }),
  'requests.withdraw': operation({
    summary: 'Take your request back',
    auth: 'user',
    rate: 'write',
    method: 'DELETE',
    path: '/rooms/{room}/requests',
    status: 204,
    in: Closed({ room: RoomRef }),
    out: Type.Null(),
    errors: ['not_found'],
  }),
  'requests.list': operation({
    summary: 'Who asks to become a member of a room',
    description: 'The oldest first; for those who may add members.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/requests',
    status: 200,
    in: Closed({ room: RoomRef, ...pageInput }),
    out: Page(JoinRequest),
    errors: ['not_found', 'forbidden', 'invalid_cursor'],
  }),
  'requests.mine': operation({
    summary: 'Your open requests',
    description: 'The oldest first.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/me/requests',
    status: 200,
    in: Closed(pageInput),
    out: Page(JoinRequest),
    errors: ['invalid_cursor'],
  }),
  'requests.accept': operation({
    summary: 'Let somebody in who asked',
    description: 'However many accept at once, the person joins once.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/rooms/{room}/requests/{user}/accept',
    status: 200,
    in: Closed(one),
    out: Member,
    errors: ['not_found', 'forbidden', 'room_full', 'too_many_rooms'],
  }),
  'requests.decline': operation({
    summary: 'Decline a request',
    description: 'The person is told, and may ask again. A ban keeps somebody from asking.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/rooms/{room}/requests/{user}/decline',
    status: 204,
    in: Closed(one),
    out: Type.Null(),
    errors: ['not_found', 'forbidden'],
  }),
}
