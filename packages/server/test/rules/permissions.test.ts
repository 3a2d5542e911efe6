import { describe, expect, test } from 'bun:test'
import type { Policy, Role } from '@parlance/protocol'
import { type Action, joinsByPosting, may, mayChangeRole, mayRemove, type Position } from '../../src/rules/permissions.ts'
import { directPolicy, policyFor } from '../../src/rules/room-kinds.ts'

const standings = ['owner', 'admin', 'member', null] as const

function positionIn(kind: 'direct' | 'group' | 'public', wish: Partial<Policy> = {}): (role: Role | null) => Position {
  if (kind === 'direct') return (role) => ({ kind, policy: { ...directPolicy, ...wish }, role, deleted: false })
  const chosen = policyFor({ kind, ownerless: false, wish: {} })
  if ('faults' in chosen) throw new Error('the defaults have faults')
  return (role) => ({ kind, policy: { ...chosen.policy, ...wish }, role, deleted: false })
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
