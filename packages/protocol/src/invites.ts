import { operation } from './define.ts'
import { limits } from './limits.ts'
import { Room, RoomKind } from './room-shapes.ts'
import { Closed, Id, Nullable, OneOf, Page, pageInput, RoomRef, type Static, Text, Timestamp, Type, UserBrief } from './schema.ts'

/** What an invitation makes of those who come by it. */
const InviteRole = OneOf(['admin', 'member'])

const count = (description: string) => Type.Integer({ minimum: 0, description })

/** An invitation that is open. `room` and `role` are null for one to the server itself; `by` is null for one made by a command. */
export const Invite = Closed({
  id: Id,
  room: Nullable(Id),
  role: Nullable(InviteRole),
  by: Nullable(UserBrief),
  uses: count('How often it was used.'),
  max_uses: count('How often it may be used in all.'),
  created_at: Timestamp,
  expires_at: Timestamp,
})
export type Invite = Static<typeof Invite>

/** What the holder of a code may know. `registers`: it also lets somebody create an account where registration is by invitation. */
export const InvitePreview = Closed({
  room: Nullable(
    Closed({
      id: Id,
      kind: RoomKind,
      name: Nullable(Type.String()),
      title: Nullable(Type.String()),
      description: Nullable(Type.String()),
      members: count('How many members there are.'),
    }),
  ),
  role: Nullable(InviteRole),
  by: Nullable(UserBrief),
  expires_at: Timestamp,
  registers: Type.Boolean(),
})
export type InvitePreview = Static<typeof InvitePreview>

/** The secret of an invitation: 192 random bits, of which the server keeps a hash. */
export const inviteCode = Text(100, { min: 1, description: 'What stands behind the `#` of the link.' })

const day = 86_400

export const invites = {
  'invites.create': operation({
    summary: 'Make an invitation link',
    description:
      'Into a room, for whoever may add members to it (for the role `admin`: its owner); without a room, into the server, for admins. It is good as long as its maker may do this. The answer alone has the code; one that got lost is revoked and made anew.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/invites',
    status: 200,
    in: Closed({
      room: Type.Optional(RoomRef),
      role: Type.Optional(OneOf(['admin', 'member'], 'Of those who come by it. Default `member`.')),
      max_uses: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.invite_uses, default: 1 })),
      expires_in: Type.Optional(
        Type.Integer({
          minimum: 60,
          maximum: limits.invite_ms / 1000,
          default: 7 * day,
          description: 'Seconds from now. Default: a week.',
        }),
      ),
    }),
    out: Closed({ invite: Invite, code: Type.String(), url: Type.String() }),
    errors: ['not_found', 'forbidden', 'invalid_input', 'too_many_invites'],
  }),
  'invites.list': operation({
    summary: 'Open invitations',
    description:
      'Of a room: all of them for those who manage it, else your own. Without a room, for admins: those to the server. The latest first, without their codes.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/invites',
    status: 200,
    in: Closed({ room: Type.Optional(RoomRef), ...pageInput }),
    out: Page(Invite),
    errors: ['not_found', 'forbidden', 'invalid_cursor'],
  }),
  'invites.revoke': operation({
    summary: 'Take an invitation back',
    description: 'Your own, or any of a room you manage. Who came by it stays. Revoking again changes nothing.',
    auth: 'user',
    rate: 'write',
    method: 'DELETE',
    path: '/invites/{invite}',
    status: 204,
    in: Closed({ invite: Id }),
    out: Type.Null(),
    errors: ['not_found'],
  }),
  'invites.preview': operation({
    summary: 'What an invitation is for',
    description: 'For whoever has the code, signed in or not. Nothing is used up.',
    auth: 'none',
    rate: 'auth',
    method: 'POST',
    path: '/join/preview',
    status: 200,
    in: Closed({ code: inviteCode }),
    out: InvitePreview,
    errors: ['invalid_link'],
  }),
  'invites.redeem': operation({
    summary: 'Join a room by invitation',
    description: 'Members who redeem one change nothing and use nothing up.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/join',
    status: 200,
    in: Closed({ code: inviteCode }),
    out: Room,
    errors: ['banned', 'invalid_link', 'room_full', 'too_many_rooms'],
  }),
}
