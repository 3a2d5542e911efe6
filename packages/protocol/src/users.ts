import { afterDeletion, password } from './accounts.ts'
import { event, operation } from './define.ts'
import { limits } from './limits.ts'
import { Closed, Id, OneOf, Page, Position, pageInput, type Static, Text, Timestamp, Type, UserRef } from './schema.ts'

/** A user as others see them. */
export const User = Closed({ id: Id, username: Type.String(), first_name: Type.String(), last_name: Type.String() })
export type User = Static<typeof User>

/** An account as admins see it. The name and addresses of a deleted one are gone. */
export const Account = Closed({
  ...User.properties,
  email: Type.String(),
  state: OneOf(['active', 'suspended', 'deleted']),
  admin: Type.Boolean(),
  created_at: Timestamp,
})
export type Account = Static<typeof Account>

export const users = {
  'users.get': operation({
    summary: 'One user',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/users/{user}',
    status: 200,
    in: Closed({ user: UserRef }),
    out: User,
    errors: ['not_found'],
  }),
  'users.search': operation({
    summary: 'Find users by a part of their username or names',
    description: 'In the order of usernames (compared without case). Without `query`: everybody.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/users',
    status: 200,
    in: Closed({ query: Type.Optional(Text(limits.username_chars)), ...pageInput }),
    out: Page(User),
    errors: ['invalid_cursor'],
  }),
  'users.list': operation({
    summary: 'Every account of the server',
    description: 'For admins: suspended and deleted ones too, in the order they were made.',
    auth: 'admin',
    rate: 'read',
    method: 'GET',
    path: '/admin/users',
    status: 200,
    in: Closed({
      query: Type.Optional(Text(limits.username_chars, { description: 'A part of the username or names.' })),
      ...pageInput,
    }),
    out: Page(Account),
    errors: ['invalid_cursor'],
  }),
  'users.set_password': operation({
    summary: "Set somebody's password",
    description:
      'For admins. Every session of the account ends. Nobody sets their own this way: `accounts.password` asks for the current one.',
    auth: 'admin',
    rate: 'auth',
    method: 'PUT',
    path: '/admin/users/{user}/password',
    status: 204,
    in: Closed({ user: UserRef, password }),
    out: Type.Null(),
    errors: ['not_found', 'forbidden', 'invalid_input'],
  }),
  'users.reset_link': operation({
    summary: 'Make a link for somebody who forgot the password',
    description:
      'For admins. The link is good once, for an hour; one made before is not any more. Nobody makes one for themselves this way.',
    auth: 'admin',
    rate: 'auth',
    method: 'POST',
    path: '/admin/users/{user}/reset-link',
    status: 200,
    in: Closed({ user: UserRef }),
    out: Closed({ url: Type.String(), expires_at: Timestamp }),
    errors: ['not_found', 'forbidden'],
  }),
  'users.delete': operation({
    summary: "Delete somebody's account",
    description: 'For admins; everything is as when the person deletes it, without the password. Nobody deletes themselves this way.',
    auth: 'admin',
    rate: 'write',
    method: 'POST',
    path: '/admin/users/{user}/delete',
    status: 204,
    in: Closed({ user: UserRef, messages: afterDeletion }),
    out: Type.Null(),
    errors: ['not_found', 'forbidden'],
  }),
  'users.suspend': operation({
    summary: 'Suspend a user',
    description:
      'For admins. Every session, socket and token of the person ends within a second, at every door, and nobody signs in as them until they are restored. What they wrote stays. Suspending twice changes nothing; nobody suspends themselves.',
    auth: 'admin',
    rate: 'write',
    method: 'POST',
    path: '/admin/users/{user}/suspend',
    status: 204,
    in: Closed({ user: UserRef }),
    out: Type.Null(),
    errors: ['not_found', 'forbidden'],
  }),
  'users.restore': operation({
    summary: 'Let a suspended user in again',
    description: 'For admins. The person signs in anew: what was open before the suspension stays closed. Restoring twice changes nothing.',
    auth: 'admin',
    rate: 'write',
    method: 'POST',
    path: '/admin/users/{user}/restore',
    status: 204,
    in: Closed({ user: UserRef }),
    out: Type.Null(),
    errors: ['not_found', 'forbidden'],
  }),
}

const fact = { room: Id }

/** Facts of the user's own log. */
export const userEvents = {
  'room.joined': event({
    scope: 'user',
    summary: 'You are a member of a room.',
    data: Closed({ ...fact, seq: Position('Position of your join in the room.') }),
  }),
  'room.left': event({
    scope: 'user',
    summary: 'You are no longer a member of a room.',
    data: Closed({ ...fact, seq: Position('Position of the departure in the room.') }),
  }),
  'room.gone': event({
    scope: 'user',
    summary: 'A room of yours was deleted.',
    data: Closed({ ...fact, seq: Position('Position of the deletion in the room: its last event.') }),
  }),
  'room.requested': event({
    scope: 'user',
    summary: 'Somebody asks to become a member of a room that you run.',
    data: Closed({ ...fact, open: Position('How many requests are open.') }),
  }),
  'request.declined': event({ scope: 'user', summary: 'Your request to join a room was declined.', data: Closed(fact) }),
  'room.read': event({
    scope: 'user',
    summary: 'You read a room up to a message, here or elsewhere.',
    data: Closed({ ...fact, read: Position('Your marker.') }),
  }),
  'session.ended': event({ scope: 'user', summary: 'One of your sessions ended.', data: Closed({ session: Id }) }),
  'user.suspended': event({ scope: 'user', summary: 'You were suspended; all your sessions ended.', data: Closed({}) }),
  'user.restored': event({ scope: 'user', summary: 'You may sign in again.', data: Closed({}) }),
}
