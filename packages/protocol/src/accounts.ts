import { operation } from './define.ts'
import { limits } from './limits.ts'
import { Closed, Id, Nullable, OneOf, type Static, Text, Timestamp, Type } from './schema.ts'

const username = Text(limits.username_chars, {
  min: 1,
  description: 'Letters, digits and `@ . + - _`, unique without regard to case and compatible forms.',
})
export const password = Text(limits.password_bytes, {
  min: 1,
  description: 'At least 8 characters when it is chosen, at most 1,024 bytes.',
})
const email = Text(254, { description: 'An e-mail address, or empty. It signs in the first account that registered it.' })
const name = Text(150)

/** What becomes of what a deleted person wrote. */
export const afterDeletion = OneOf(
  ['keep', 'remove'],
  'Whether what the person wrote and reacted with stays, under the name of a deleted user.',
)

/** The signed-in user's own view of the account. */
export const Profile = Closed({
  id: Id,
  username: Type.String(),
  email: Type.String(),
  first_name: Type.String(),
  last_name: Type.String(),
  created_at: Timestamp,
})
export type Profile = Static<typeof Profile>

/** A token pair. `refresh_token` is null when it was put into a cookie. Times are whole seconds from now. */
export const TokenPair = {
  access_token: Type.String(),
  expires_in: Type.Integer({ description: 'Seconds until the access token expires.' }),
  refresh_token: Nullable(Type.String()),
  refresh_expires_in: Type.Integer({ description: 'Seconds until the refresh token expires if it is not used.' }),
}

/** What signing in answers. `session` names the login; its tokens end together. */
export const Session = Closed({ user: Profile, session: Id, ...TokenPair })
export type Session = Static<typeof Session>

const sessionKind = Type.Optional(
  OneOf(['token', 'cookie'], 'Where the refresh token goes: into the answer, or into an HttpOnly cookie. Default `token`.'),
)

export const accounts = {
  'accounts.register': operation({
    summary: 'Create an account and sign in',
    auth: 'none',
    rate: 'auth',
    method: 'POST',
    path: '/auth/register',
    status: 201,
    in: Closed({
      username,
      password,
      email: Type.Optional(email),
      first_name: Type.Optional(name),
      last_name: Type.Optional(name),
      invite: Type.Optional(
        Text(100, {
          min: 1,
          description:
            'The code of an invitation, needed where registration is by invitation. One into a room makes a member too; it serves if an admin of the server made it.',
        }),
      ),
      session: sessionKind,
    }),
    out: Session,
    errors: [
      'invalid_input',
      'username_taken',
      'email_taken',
      'registration_closed',
      'invite_required',
      'invalid_link',
      'room_full',
      'rate_limited',
      'overloaded',
    ],
  }),
  'accounts.login': operation({
    summary: 'Sign in with a username or an e-mail address',
    description: 'Wrong names and wrong passwords answer alike and take the same time.',
    auth: 'none',
    rate: 'auth',
    method: 'POST',
    path: '/auth/login',
    status: 200,
    in: Closed({
      username: Text(254, { min: 1, description: 'A username, or the address the account owns.' }),
      password,
      session: sessionKind,
    }),
    out: Session,
    errors: ['invalid_credentials', 'suspended', 'rate_limited', 'overloaded'],
  }),
  'accounts.refresh': operation({
    summary: 'Exchange a refresh token for a new pair',
    description:
      'The refresh token is spent and replaced. Spent in the last 30 seconds it returns the same successor, so a lost answer harms nobody; later use of a spent token ends the whole session. Without `refresh_token` the cookie is read.',
    auth: 'none',
    rate: 'auth',
    method: 'POST',
    path: '/auth/refresh',
    status: 200,
    in: Closed({ refresh_token: Type.Optional(Text(500, { min: 1 })) }),
    out: Session,
    errors: ['invalid_refresh', 'suspended', 'rate_limited'],
  }),
  'accounts.logout': operation({
    summary: 'End this session',
    description:
      'The refresh token, every access token of the session and its sockets end within a second. With `refresh_token`, one that an older API issued, that token alone is spent and the session goes on.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/auth/logout',
    status: 204,
    in: Closed({ refresh_token: Type.Optional(Text(4096, { min: 1, description: 'A refresh token issued by an older API.' })) }),
    out: Type.Null(),
    errors: ['invalid_refresh'],
  }),
  'accounts.logout_all': operation({
    summary: 'End every session of your own',
    description: 'This one too, at whichever door they were begun: log out everywhere. Their tokens and sockets end within a second.',
    auth: 'user',
    rate: 'write',
    method: 'POST',
    path: '/auth/logout-all',
    status: 204,
    in: Closed({}),
    out: Type.Null(),
    errors: [],
  }),
  'accounts.password': operation({
    summary: 'Change your password',
    description: 'Needs the current one. Every other session ends, at whichever door it was begun; this one goes on.',
    auth: 'user',
    rate: 'auth',
    method: 'PUT',
    path: '/me/password',
    status: 204,
    in: Closed({ current: password, password }),
    out: Type.Null(),
    errors: ['invalid_input', 'wrong_password'],
  }),
  'accounts.delete': operation({
    summary: 'Delete your account',
    description:
      'Needs the password; nothing brings it back. Every session ends, the address is free again, the username stays taken so that nobody passes for you. You leave every room; one that you alone own passes to its oldest admin, else its oldest member. Your messages stay under the name of a deleted user, or their texts are removed, one event after the other.',
    auth: 'user',
    rate: 'auth',
    method: 'POST',
    path: '/me/delete',
    status: 204,
    in: Closed({ password, messages: afterDeletion }),
    out: Type.Null(),
    errors: ['wrong_password'],
  }),
  'accounts.me': operation({
    summary: 'Your own account',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/me',
    status: 200,
    in: Closed({}),
    out: Profile,
    errors: [],
  }),
  'accounts.update': operation({
    summary: 'Change your own names and address',
    auth: 'user',
    rate: 'write',
    method: 'PATCH',
    path: '/me',
    status: 200,
    in: Closed({ email: Type.Optional(email), first_name: Type.Optional(name), last_name: Type.Optional(name) }),
    out: Profile,
    errors: ['invalid_input', 'email_taken'],
  }),
}
