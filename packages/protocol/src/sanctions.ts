import { event, operation } from './define.ts'
import { limits } from './limits.ts'
import { Closed, Nullable, Page, pageInput, RoomRef, type Static, Text, Timestamp, Type, UserBrief, UserRef } from './schema.ts'

const until = Nullable(Timestamp)

/** That somebody is kept out of a room, or silent in it, until a time or until it is lifted. */
export const Sanction = Closed({
  user: UserBrief,
  by: Nullable(UserBrief),
  reason: Nullable(Type.String()),
  at: Timestamp,
  until,
})
export type Sanction = Static<typeof Sanction>

const one = { room: RoomRef, user: UserRef }
const terms = {
  reason: Type.Optional(Text(limits.reason_chars, { min: 1, description: 'For those who run the room; it stands in no event.' })),
  for_s: Type.Optional(
    Type.Integer({ minimum: 1, maximum: limits.sanction_s, description: 'Ends by itself after so many seconds; without it, when lifted.' }),
  ),
}

/** Who is kept out of rooms, and who is silent in them. Owners and admins see and change both; whom one may not remove, one may not touch. */
export const sanctions = {
  'bans.set': operation({
    summary: 'Ban a user from a room',
    description:
      'Ends the stay of a member, and bars reading, joining and being added from then on. A user who is no member can be banned as well. The same again changes nothing; other terms replace the former.',
    auth: 'user',
    rate: 'write',
    method: 'PUT',
    path: '/rooms/{room}/bans/{user}',
    status: 200,
    in: Closed({ ...one, ...terms }),
    out: Sanction,
    errors: ['not_found', 'forbidden', 'list_full'],
  }),
  'bans.lift': operation({
    summary: 'Lift a ban',
    description: 'The user may come again, and is no member by that. Lifting what is not there is `not_found`.',
    auth: 'user',
    rate: 'write',
    method: 'DELETE',
    path: '/rooms/{room}/bans/{user}',
    status: 204,
    in: Closed(one),
    out: Type.Null(),
    errors: ['not_found', 'forbidden'],
  }),
  'bans.list': operation({
    summary: 'Who is banned from a room',
    description: 'The latest first, without those that have ended.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/bans',
    status: 200,
    in: Closed({ room: RoomRef, ...pageInput }),
    out: Page(Sanction),
    errors: ['not_found', 'forbidden', 'invalid_cursor'],
  }),
  'mutes.set': operation({
    summary: 'Mute a user in a room',
    description:
      'The user reads on, and neither posts, edits nor types there; leaving and joining again changes nothing. The same again changes nothing; other terms replace the former.',
    auth: 'user',
    rate: 'write',
    method: 'PUT',
    path: '/rooms/{room}/mutes/{user}',
    status: 200,
    in: Closed({ ...one, ...terms }),
    out: Sanction,
    errors: ['not_found', 'forbidden', 'list_full'],
  }),
  'mutes.lift': operation({
    summary: 'Lift a mute',
    description: 'Lifting what is not there is `not_found`.',
    auth: 'user',
    rate: 'write',
    method: 'DELETE',
    path: '/rooms/{room}/mutes/{user}',
    status: 204,
    in: Closed(one),
    out: Type.Null(),
    errors: ['not_found', 'forbidden'],
  }),
  'mutes.list': operation({
    summary: 'Who is muted in a room',
    description: 'The latest first, without those that have ended.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/mutes',
    status: 200,
    in: Closed({ room: RoomRef, ...pageInput }),
    out: Page(Sanction),
    errors: ['not_found', 'forbidden', 'invalid_cursor'],
  }),
}

const whom = { user: UserBrief, by: Nullable(UserBrief) }

export const sanctionEvents = {
  'member.banned': event({
    scope: 'room',
    summary: 'Somebody was banned; of a member `member.left` follows.',
    data: Closed({ ...whom, until }),
  }),
  'member.unbanned': event({ scope: 'room', summary: 'A ban was lifted.', data: Closed(whom) }),
  'member.muted': event({ scope: 'room', summary: 'Somebody may not post until then.', data: Closed({ ...whom, until }) }),
  'member.unmuted': event({ scope: 'room', summary: 'A mute was lifted.', data: Closed(whom) }),
}
