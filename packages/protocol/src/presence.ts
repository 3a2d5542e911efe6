import { event, operation } from './define.ts'
import { limits } from './limits.ts'
import { Closed, Id, OneOf, RoomRef, type Static, Type, UserBrief } from './schema.ts'

/** Whether somebody is connected now, at any door; `unknown` while the nodes cannot tell. */
export const Presence = Closed({ user: Id, status: OneOf(['online', 'offline', 'unknown']) })
export type Presence = Static<typeof Presence>

export const presence = {
  'presence.get': operation({
    summary: 'Whether users are online',
    description: 'Answers for users with whom you share a room; others are left out.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/presence',
    status: 200,
    in: Closed({ users: Type.Array(Id, { maxItems: limits.watch, description: 'In REST: `users=<id>,<id>`.' }) }),
    out: Closed({ items: Type.Array(Presence) }),
    errors: [],
  }),
  'presence.here': operation({
    summary: 'Who has a room open now',
    description: `At any door, in the order they came; the first ${limits.people_here} of them. Several sockets of one person are one.`,
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/here',
    status: 200,
    in: Closed({ room: RoomRef }),
    out: Closed({ items: Type.Array(UserBrief, { maxItems: limits.people_here }) }),
    errors: ['not_found'],
  }),
}

export const presenceEphemera = {
  presence: event({ scope: 'ephemeral', summary: 'A watched user came or went (after a grace of 10 seconds).', data: Presence }),
}
