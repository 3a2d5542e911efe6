import { describe, expect, test } from 'bun:test'
import type { Policy } from '@parlance/protocol'
import { isReservedName, type PolicyRequest, policyFor } from '../../src/rules/room-kinds.ts'

const chosen = (kind: PolicyRequest['kind'], wish: Partial<Policy> = {}, ownerless = false) => policyFor({ kind, ownerless, wish })

test('a group is for its members, who post; admins add, remove and manage', () => {
  expect(chosen('group')).toEqual({
    policy: {
      read: 'members',
      join: 'nobody',
      post: 'members',
      add: 'admins',
      remove: 'admins',
      manage: 'admins',
      history: 'open',
      listed: 'members',
    },
  })
})

test('a public room is read, joined and written in by everybody signed in', () => {
  expect(chosen('public')).toEqual({
    policy: {
      read: 'users',
      join: 'users',
      post: 'users',
      add: 'admins',
      remove: 'admins',
      manage: 'admins',
      history: 'open',
      listed: 'users',
    },
  })
})

test('in a public room without an owner nobody adds, removes or manages, in a group everybody does', () => {
  expect(chosen('public', {}, true)).toMatchObject({ policy: { add: 'nobody', remove: 'nobody', manage: 'nobody', post: 'users' } })
  expect(chosen('group', {}, true)).toMatchObject({ policy: { add: 'members', remove: 'members', manage: 'members', post: 'members' } })
})

describe('the maker chooses', () => {
  const sane: [PolicyRequest['kind'], Partial<Policy>, ownerless?: boolean][] = [
    ['group', { add: 'members', remove: 'members' }],
    ['group', { add: 'owner', remove: 'owner' }],
    ['group', { history: 'hidden', post: 'admins' }],
    ['group', { read: 'members', join: 'nobody', listed: 'members' }],
    ['public', { listed: 'anyone' }],
    ['public', { listed: 'members' }],
    ['public', { post: 'members' }],
    ['public', { listed: 'users', manage: 'nobody' }, true],
  ]
  for (const [kind, wish, ownerless] of sane) {
    test(`${JSON.stringify(wish)} for a ${kind}${ownerless ? ' without an owner' : ''}`, () => {
      expect(chosen(kind, wish, ownerless)).toMatchObject({ policy: wish })
    })
  }
})

describe('what would make another kind of room of it is refused, each at its place', () => {
  const faulty: [PolicyRequest['kind'], Partial<Policy>, paths: string[], ownerless?: boolean][] = [
    ['group', { read: 'users' }, ['/policy/read']],
    ['group', { join: 'users', listed: 'anyone' }, ['/policy/join', '/policy/listed']],
    ['group', { post: 'users' }, ['/policy/post']],
    ['group', { add: 'users', remove: 'users', manage: 'users' }, ['/policy/add', '/policy/remove', '/policy/manage']],
    ['public', { read: 'members' }, ['/policy/read']],
    ['public', { join: 'nobody' }, ['/policy/join']],
    ['public', { history: 'hidden' }, ['/policy/history']],
    ['public', { remove: 'users' }, ['/policy/remove']],
    ['public', { add: 'admins' }, ['/policy/add'], true],
    ['public', { add: 'members' }, ['/policy/add'], true],
    ['group', { manage: 'owner' }, ['/policy/manage'], true],
  ]
  for (const [kind, wish, paths, ownerless] of faulty) {
    test(`${JSON.stringify(wish)} for a ${kind}${ownerless ? ' without an owner' : ''}`, () => {
      const result = chosen(kind, wish, ownerless)
      expect('faults' in result && result.faults.map(({ path }) => path)).toEqual(paths)
    })
  }
})

test('the names of direct rooms are reserved', () => {
  expect(['dm_ada_bob', 'dm_', 'dms', 'admin', 'xdm_'].map(isReservedName)).toEqual([true, true, false, false, false])
})
