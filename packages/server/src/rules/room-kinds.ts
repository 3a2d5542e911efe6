import type { Fault, Policy, RoomKind } from '@parlance/protocol'

/** The policy of every one-to-one room. */
export const directPolicy: Policy = {
  read: 'members',
  join: 'nobody',
  post: 'members',
  add: 'nobody',
  remove: 'nobody',
  manage: 'nobody',
  history: 'open',
  listed: 'members',
}

const groupPolicy: Policy = { ...directPolicy, add: 'admins', remove: 'admins', manage: 'admins' }
const publicPolicy: Policy = { ...groupPolicy, read: 'users', join: 'users', post: 'users', listed: 'users' }
/** Where nobody is above the others a public room is nobody's to change, and a group everybody's in it. */
const unowned: Record<'group' | 'public', Partial<Policy>> = {
  group: { add: 'members', remove: 'members', manage: 'members' },
  public: { add: 'nobody', remove: 'nobody', manage: 'nobody' },
}

type Allowed = { [K in keyof Policy]?: readonly Policy[K][] }

const insiders = ['nobody', 'owner', 'admins', 'members'] as const

// A group that outsiders could read, join or find would not be one; a public room that they could not would be a group.
const sane: Record<'group' | 'public', Allowed> = {
  group: {
    read: ['members'],
    join: ['nobody', 'request'],
    post: insiders,
    add: insiders,
    remove: insiders,
    manage: insiders,
    listed: ['members'],
  },
  public: { read: ['users'], join: ['request', 'users'], add: insiders, remove: insiders, manage: insiders, history: ['open'] },
}

/** Where nobody adds, nobody could accept a request. */
const alone: Record<'group' | 'public', Allowed> = { group: {}, public: { join: ['users'] } }
const equals = { group: ['nobody', 'members'], public: ['nobody'] } as const

/** `ownerless`: nobody is above the others. `present`: the policy that is changed, where there is one. */
export type PolicyRequest = { kind: Exclude<RoomKind, 'direct'>; ownerless: boolean; wish: Partial<Policy>; present?: Policy }

/** The policy of a room: the present one, or the defaults of its kind, under the wishes; or what is wrong with these. */
export function policyFor({ kind, ownerless, wish, present }: PolicyRequest): { policy: Policy } | { faults: Fault[] } {
  const faults = Object.entries(wish).flatMap(([key, value]) => {
    const allowed = ownerless
      ? { ...sane[kind], ...alone[kind], add: equals[kind], remove: equals[kind], manage: equals[kind] }
      : sane[kind]
    const values: readonly string[] | undefined = allowed[key as keyof Policy]
    if (values === undefined || values.includes(value)) return []
    const whose = ownerless ? 'A room without an owner' : kind === 'group' ? 'A group' : 'A public room'
    return [{ path: `/policy/${key}`, code: 'policy', message: `${whose} can have only: ${values.join(', ')}.` }]
  })
  if (faults.length > 0) return { faults }
  const usual = kind === 'group' ? groupPolicy : publicPolicy
  return { policy: { ...(present ?? { ...usual, ...(ownerless && unowned[kind]) }), ...wish } }
}

/** Names of direct rooms at one of the doors are derived from this, so no room may bear such a name. */
const reservedPrefix = 'dm_'

export const isReservedName = (name: string): boolean => name.startsWith(reservedPrefix)
