import type { ErrorCode, Policy, Role, RoomKind } from '@parlance/protocol'

/** Where somebody stands in a room; `role` is null without membership. */
export type Position = {
  kind: RoomKind
  policy: Policy
  role: Role | null
  deleted: boolean
  archived: boolean
  /** Kept out, and therefore no member. */
  banned: boolean
  muted: boolean
}

export type Action =
  | 'read'
  | 'join'
  | 'post'
  | 'add'
  | 'attend'
  | 'remove'
  | 'manage'
  | 'govern'
  | 'leave'
  | 'grant'
  | 'moderate'
  | 'react'
  | 'pin'
  | 'expire'

type Who = Policy['post']

/** Whether a role is among those a policy names; each word includes the ones before it. */
const includes: Record<Who, (role: Role | null) => boolean> = {
  nobody: () => false,
  owner: (role) => role === 'owner',
  admins: (role) => role === 'owner' || role === 'admin',
  members: (role) => role !== null,
  users: () => true,
}

const table: Record<Action, (at: Position) => boolean> = {
  // Members always read; others where the room is open to every signed-in user.
  read: ({ policy, role }) => role !== null || policy.read === 'users',
  // Whoever is inside has nothing left to join, so asking again is granted and changes nothing.
  join: ({ policy, role }) => role !== null || policy.join === 'users',
  // Who may join unasked posts as the member the post makes of them.
  post: ({ policy, role }) => (role !== null || policy.join === 'users') && includes[policy.post](role ?? 'member'),
  // The pair of a direct room is its identity: nobody is ever added, whatever the policy says.
  add: ({ kind, policy, role }) => kind !== 'direct' && includes[policy.add](role),
  // Seeing and declining what others ask for is theirs who could grant it, in an archived room too, where nothing is granted.
  attend: ({ kind, policy, role }) => kind !== 'direct' && includes[policy.add](role),
  // Nobody is removed from a direct room, for the same reason as nobody is added. Whom one may remove is `mayRemove`.
  remove: ({ kind, policy, role }) => kind !== 'direct' && includes[policy.remove](role),
  // The room's own facts: name, title, description.
  manage: ({ kind, policy, role }) => kind !== 'direct' && includes[policy.manage](role),
  // Who may do what, and whether there is a room at all: with these an admin could put himself above the owner.
  govern: ({ kind, role }) => kind !== 'direct' && role === 'owner',
  // Everybody may go, except from a direct room. That the last owner stays is decided under the lock, where others are counted.
  leave: ({ kind, role }) => kind !== 'direct' && role !== null,
  // Making and unmaking admins is the owner's alone, so that admins cannot multiply or depose each other.
  grant: ({ kind, role }) => kind !== 'direct' && role === 'owner',
  // A guest of a public room reads; whoever leaves a mark is a member.
  react: ({ role }) => role !== null,
  // Those who moderate a room or manage its facts; in a direct room there is nobody above the two.
  pin: ({ kind, policy, role }) => role !== null && (kind === 'direct' || includes.admins(role) || includes[policy.manage](role)),
  // Taking what others wrote from everybody is the managers' alone.
  expire: ({ kind, policy, role }) => role !== null && (kind === 'direct' || includes[policy.manage](role)),
  // Deleting what others wrote.
  moderate: ({ kind, role }) => kind !== 'direct' && includes.admins(role),
}

const closedByArchive: ReadonlySet<Action> = new Set(['join', 'post', 'add', 'react'])

export type Refusal = Extract<ErrorCode, 'not_found' | 'forbidden' | 'banned' | 'room_archived' | 'muted'>

/** Why somebody may not do something, or null if they may. Of what is not theirs to see, people learn nothing but that it is not there. */
export function refusal(at: Position, action: Action): Refusal | null {
  if (at.deleted) return 'not_found'
  if (at.banned && at.policy.read === 'users') return 'banned'
  if (at.banned || !table.read(at)) return 'not_found'
  if (!table[action](at)) return 'forbidden'
  // Whoever is inside has joined already, whatever the room is now.
  if (at.archived && closedByArchive.has(action) && !(action === 'join' && at.role !== null)) return 'room_archived'
  return at.muted && (action === 'post' || action === 'react') ? 'muted' : null
}

export const may = (at: Position, action: Action): boolean => refusal(at, action) === null

/** Why somebody may not ask to join, or null if they may. A room that takes requests is no secret to those who name it. */
export function askRefusal(at: Position): Refusal | null {
  if (at.deleted) return 'not_found'
  if (at.policy.join !== 'request') return refusal(at, 'read') ?? 'forbidden'
  if (at.banned) return 'banned'
  if (at.role !== null) return 'forbidden'
  return at.archived ? 'room_archived' : null
}

/** Whether the post of somebody who stands here makes a member of them first. */
export const joinsByPosting = (at: Position): boolean => at.role === null && at.policy.join === 'users'

/** Removing somebody else. An owner is removed by nobody, an admin only by an owner, a member by whoever the policy names. */
export function mayRemove(at: Position, target: Role): boolean {
  if (!may(at, 'remove') || target === 'owner') return false
  return target === 'member' || at.role === 'owner'
}

/** Bringing somebody in, by hand or by a link. Only who may make admins brings one. */
export const mayBring = (at: Position, role: Exclude<Role, 'owner'>): boolean => may(at, 'add') && (role === 'member' || may(at, 'grant'))

/** Changing somebody's role, oneself included: an owner stays one until they leave. */
export const mayChangeRole = (at: Position, target: Role): boolean => may(at, 'grant') && target !== 'owner'

/** Keeping somebody out: what removing asks, and besides the standing of those who run the room. `target` is null for an outsider. */
export const mayBan = (at: Position, target: Role | null): boolean =>
  may(at, 'moderate') && (target === null ? may(at, 'remove') : mayRemove(at, target))

/** Silencing somebody: an owner nobody, an admin only an owner. */
export const mayMute = (at: Position, target: Role | null): boolean =>
  may(at, 'moderate') && target !== 'owner' && (target !== 'admin' || at.role === 'owner')

/** Handing the room over to another member. */
export const mayTransfer = (at: Position, target: Role): boolean => may(at, 'grant') && target !== 'owner'

/** Whether the room's slow mode counts for somebody: not for those who run it. */
export const isSlowed = ({ role }: Position): boolean => !includes.admins(role)
