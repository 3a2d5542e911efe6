import { describe, expect, test } from 'bun:test'
import type { Policy, Role } from '@parlance/protocol'
import {
  type Action,
  isSlowed,
  joinsByPosting,
  may,
  mayBan,
  mayChangeRole,
  mayMute,
  mayRemove,
  mayTransfer,
  type Position,
  refusal,
} from '../../src/rules/permissions.ts'
import { directPolicy, policyFor } from '../../src/rules/room-kinds.ts'

const standings = ['owner', 'admin', 'member', null] as const

const free = { deleted: false, archived: false, banned: false, muted: false }

function positionIn(kind: 'direct' | 'group' | 'public', wish: Partial<Policy> = {}): (role: Role | null) => Position {
  if (kind === 'direct') return (role) => ({ kind, policy: { ...directPolicy, ...wish }, role, ...free })
  const chosen = policyFor({ kind, ownerless: false, wish: {} })
  if ('faults' in chosen) throw new Error('the defaults have faults')
  return (role) => ({ kind, policy: { ...chosen.policy, ...wish }, role, ...free })
}

/** Who of owner, admin, member and outsider may; `+` and `-` in that order. */
const marks = (allowed: (role: Role | null) => boolean): string => standings.map((role) => (allowed(role) ? '+' : '-')).join('')

describe('who may do what (owner, admin, member, outsider)', () => {
  const cases: [kind: 'direct' | 'group' | 'public', action: Action, who: string, wish?: Partial<Policy>][] = [
    ['direct', 'read', '+++-'],
    ['direct', 'post', '+++-'],
    ['direct', 'join', '+++-'],
    ['direct', 'add', '----'],
    ['direct', 'add', '----', { add: 'users' }],
    ['direct', 'attend', '----', { add: 'users' }],
    ['direct', 'remove', '----', { remove: 'members' }],
    ['direct', 'manage', '----', { manage: 'members' }],
    ['direct', 'leave', '----'],
    ['direct', 'govern', '----'],
    ['direct', 'grant', '----'],
    ['direct', 'moderate', '----'],
    ['direct', 'react', '+++-'],
    ['direct', 'pin', '+++-'],
    ['direct', 'expire', '+++-'],
    ['group', 'react', '+++-'],
    ['group', 'pin', '++--'],
    ['group', 'pin', '++--', { manage: 'nobody' }],
    ['group', 'pin', '+++-', { manage: 'members' }],
    ['group', 'expire', '++--'],
    ['group', 'expire', '+---', { manage: 'owner' }],
    ['group', 'expire', '----', { manage: 'nobody' }],
    ['public', 'react', '+++-'],
    ['public', 'pin', '++--'],
    ['group', 'read', '+++-'],
    ['group', 'join', '+++-'],
    ['group', 'post', '+++-'],
    ['group', 'post', '++--', { post: 'admins' }],
    ['group', 'post', '+---', { post: 'owner' }],
    ['group', 'post', '----', { post: 'nobody' }],
    ['group', 'add', '++--'],
    ['group', 'add', '+++-', { add: 'members' }],
    ['group', 'attend', '++--'],
    ['group', 'attend', '+++-', { add: 'members' }],
    ['group', 'remove', '++--'],
    ['group', 'remove', '+---', { remove: 'owner' }],
    ['group', 'manage', '++--'],
    ['group', 'leave', '+++-'],
    ['group', 'govern', '+---'],
    ['group', 'govern', '+---', { manage: 'members' }],
    ['group', 'grant', '+---'],
    ['group', 'moderate', '++--'],
    ['public', 'read', '++++'],
    ['public', 'join', '++++'],
    ['public', 'post', '++++'],
    ['public', 'post', '++++', { post: 'members' }],
    ['public', 'post', '++--', { post: 'admins' }],
    ['public', 'add', '++--'],
    ['public', 'leave', '+++-'],
    ['public', 'moderate', '++--'],
  ]
  for (const [kind, action, who, wish] of cases) {
    test(`${action} in a ${kind} room${wish ? ` with ${JSON.stringify(wish)}` : ''}: ${who}`, () => {
      const at = positionIn(kind, wish)
      expect(marks((role) => may(at(role), action))).toBe(who)
    })
  }
})

describe('whom one may remove (owner, admin, member, outsider removing)', () => {
  const cases: [target: Role, who: string, wish?: Partial<Policy>][] = [
    ['owner', '----'],
    ['owner', '----', { remove: 'members' }],
    ['admin', '+---'],
    ['admin', '+---', { remove: 'members' }],
    ['member', '++--'],
    ['member', '+++-', { remove: 'members' }],
    ['member', '+---', { remove: 'owner' }],
    ['member', '----', { remove: 'nobody' }],
  ]
  for (const [target, who, wish] of cases) {
    test(`${target}${wish ? ` with ${JSON.stringify(wish)}` : ''}: ${who}`, () => {
      const at = positionIn('group', wish)
      expect(marks((role) => mayRemove(at(role), target))).toBe(who)
    })
  }
})

test('in a deleted room nobody may do anything', () => {
  const at = (role: Role | null): Position => ({ ...positionIn('public')(role), deleted: true })
  for (const action of ['read', 'join', 'post', 'add', 'remove', 'manage', 'govern', 'leave', 'grant', 'moderate'] as const)
    expect([action, marks((role) => may(at(role), action))]).toEqual([action, '----'])
})

describe('why somebody may not', () => {
  const cases: [what: string, at: Position, action: Action, why: ReturnType<typeof refusal>][] = [
    ['a stranger of a group reads nothing', positionIn('group')(null), 'read', 'not_found'],
    ['nor posts there', positionIn('group')(null), 'post', 'not_found'],
    ['a reader of a public room manages nothing', positionIn('public')(null), 'manage', 'forbidden'],
    ['the banned are told where everybody else reads', { ...positionIn('public')(null), banned: true }, 'read', 'banned'],
    ['and nothing of rooms that are not theirs', { ...positionIn('group')(null), banned: true }, 'read', 'not_found'],
    ['nobody posts in an archived room', { ...positionIn('group')('owner'), archived: true }, 'post', 'room_archived'],
    ['or joins one', { ...positionIn('public')(null), archived: true }, 'join', 'room_archived'],
    ['or is added to one', { ...positionIn('group')('owner'), archived: true }, 'add', 'room_archived'],
    ['but requests to join it are still attended to', { ...positionIn('group')('owner'), archived: true }, 'attend', null],
    ['whoever is in it has joined', { ...positionIn('public')('member'), archived: true }, 'join', null],
    ['or reacts', { ...positionIn('group')('member'), archived: true }, 'react', 'room_archived'],
    ['and reads', { ...positionIn('group')('member'), archived: true }, 'read', null],
    [
      'the archive says nothing to whom the policy bars',
      { ...positionIn('group', { post: 'owner' })('member'), archived: true },
      'post',
      'forbidden',
    ],
    ['a muted member does not post', { ...positionIn('group')('member'), muted: true }, 'post', 'muted'],
    ['or react', { ...positionIn('group')('member'), muted: true }, 'react', 'muted'],
    ['and reads', { ...positionIn('group')('member'), muted: true }, 'read', null],
  ]
  for (const [what, at, action, why] of cases) test(what, () => expect(refusal(at, action)).toBe(why))
})

describe('whom one may ban, and mute (owner, admin, member, outsider doing it)', () => {
  const cases: [target: Role | null, ban: string, mute: string, wish?: Partial<Policy>][] = [
    [null, '++--', '++--'],
    ['member', '++--', '++--'],
    ['admin', '+---', '+---'],
    ['owner', '----', '----'],
    // Where any member removes, keeping out is still for those who run the room.
    ['member', '++--', '++--', { remove: 'members' }],
    ['member', '+---', '++--', { remove: 'owner' }],
    [null, '----', '++--', { remove: 'nobody' }],
  ]
  for (const [target, ban, mute, wish] of cases) {
    test(`${target}${wish ? ` with ${JSON.stringify(wish)}` : ''}: ${ban} ${mute}`, () => {
      const at = positionIn('group', wish)
      expect([marks((role) => mayBan(at(role), target)), marks((role) => mayMute(at(role), target))]).toEqual([ban, mute])
    })
  }
})

test('only an owner hands a room over, and to nobody who owns it', () => {
  const at = positionIn('group')
  expect((['member', 'admin', 'owner'] as const).map((target) => marks((role) => mayTransfer(at(role), target)))).toEqual([
    '+---',
    '+---',
    '----',
  ])
})

test('slow mode counts for all but those who run the room', () => {
  expect(marks((role) => isSlowed(positionIn('public')(role)))).toBe('--++')
})

test('only an owner changes roles, and nobody changes that of an owner', () => {
  const at = positionIn('group')
  expect(marks((role) => mayChangeRole(at(role), 'member'))).toBe('+---')
  expect(marks((role) => mayChangeRole(at(role), 'admin'))).toBe('+---')
  expect(marks((role) => mayChangeRole(at(role), 'owner'))).toBe('----')
})

test('only an outsider of a room that any user may join becomes a member by posting', () => {
  expect(marks((role) => joinsByPosting(positionIn('public')(role)))).toBe('---+')
  expect(marks((role) => joinsByPosting(positionIn('group')(role)))).toBe('----')
})
