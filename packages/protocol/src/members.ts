import { event, operation } from './define.ts'
import { Role } from './room-shapes.ts'
import {
  Closed,
  Id,
  Nullable,
  OneOf,
  Page,
  Position,
  pageInput,
  RoomRef,
  type Static,
  Timestamp,
  Type,
  UserBrief,
  UserRef,
} from './schema.ts'

export const Member = Closed({
  user: Closed({ id: Id, username: Type.String(), first_name: Type.String(), last_name: Type.String() }),
  role: Role,
  joined_at: Timestamp,
  read: Position('Read up to this message.'),
})
export type Member = Static<typeof Member>

const target = { room: RoomRef, user: UserRef }

export const members = {
  'members.list': operation({
    summary: 'The members of a room',
    description: 'In the order they joined.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/members',
    status: 200,
    in: Closed({ room: RoomRef, ...pageInput }),
    out: Page(Member),
    errors: ['not_found', 'invalid_cursor'],
  }),
  'members.add': operation({
    summary: 'Add a user to a room',
    description: 'Adding a member again changes nothing. Only an owner gives a role above `member`.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/rooms/{room}/members',
    status: 200,
    in: Closed({ ...target, role: Type.Optional(OneOf(['admin', 'member'])) }),
    out: Member,
    errors: ['not_found', 'forbidden', 'room_full', 'too_many_rooms'],
  }),
  'members.update': operation({
    summary: 'Make a member an admin, or an admin a member',
    auth: 'user',
    rate: 'write',
    method: 'PATCH',
    path: '/rooms/{room}/members/{user}',
    status: 200,
    in: Closed({ ...target, role: OneOf(['admin', 'member']) }),
    out: Member,
    errors: ['not_found', 'forbidden'],
  }),
  'members.transfer': operation({
    summary: 'Hand your ownership to another member',
    description: 'The member becomes the owner and you an admin, in one step.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/rooms/{room}/members/{user}/transfer',
    status: 200,
    in: Closed(target),
    out: Member,
    errors: ['not_found', 'forbidden'],
  }),
  'members.remove': operation({
    summary: 'Remove a member',
    description: 'From the position of the removal on the member receives nothing more. Removing a non-member is `not_found`.',
    auth: 'user',
    rate: 'write',
    method: 'DELETE',
    path: '/rooms/{room}/members/{user}',
    status: 204,
    in: Closed(target),
    out: Type.Null(),
    errors: ['not_found', 'forbidden', 'last_owner'],
  }),
}

/** Present only when the event changed it: the room became large, or stopped being so. */
const large = Type.Optional(Type.Boolean({ description: 'The room became large (true) or stopped being large (false).' }))

export const memberEvents = {
  'member.joined': event({
    scope: 'room',
    summary: 'Somebody became a member, alone or added by `by`.',
    data: Closed({ user: UserBrief, role: Role, by: Nullable(UserBrief), large }),
  }),
  'member.updated': event({
    scope: 'room',
    summary: "A member's role changed.",
    data: Closed({ user: UserBrief, role: Role, by: Nullable(UserBrief) }),
  }),
  'member.left': event({
    scope: 'room',
    summary: 'Somebody left, or was removed by `by`.',
    data: Closed({ user: UserBrief, by: Nullable(UserBrief), large }),
  }),
}
export type MemberJoined = Static<(typeof memberEvents)['member.joined']['data']>
