import { event, operation } from './define.ts'
import { limits } from './limits.ts'
import { Closed, Id, Page, Position, pageInput, type Static, Text, Type, UserRef } from './schema.ts'

/** A user as others see them. */
export const User = Closed({ id: Id, username: Type.String(), first_name: Type.String(), last_name: Type.String() })
export type User = Static<typeof User>

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
  'room.read': event({
    scope: 'user',
    summary: 'You read a room up to a message, here or elsewhere.',
    data: Closed({ ...fact, read: Position('Your marker.') }),
  }),
  'session.ended': event({ scope: 'user', summary: 'One of your sessions ended.', data: Closed({ session: Id }) }),
}
