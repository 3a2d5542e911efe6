import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Policy } from '@parlance/protocol'
import { openWorld, type Somebody, type World } from './world.ts'

let world: World
let owner: Somebody
let admin: Somebody
let admin2: Somebody
let member: Somebody
let member2: Somebody
let stranger: Somebody

beforeAll(async () => {
  world = await openWorld()
  const people = await Promise.all(['owner', 'admin', 'admin2', 'member', 'member2', 'stranger'].map((name) => world.somebody(name)))
  ;[owner, admin, admin2, member, member2, stranger] = people as [Somebody, Somebody, Somebody, Somebody, Somebody, Somebody]
})
afterAll(() => world[Symbol.asyncDispose]())

async function group(policy: Partial<Policy> = {}): Promise<string> {
  const members = [admin, admin2, member, member2].map(({ actor }) => actor.id)
  const { room } = await owner.ask('rooms.create', { kind: 'group', members, policy })
  for (const { actor } of [admin, admin2]) await owner.ask('members.update', { room: room.id, user: actor.id, role: 'admin' })
  return room.id
}

type Deed = { by: () => Somebody; to: () => Somebody; is: string; policy?: Partial<Policy> }

describe('who removes whom', () => {
  const cases: [string, Deed][] = [
    ['an owner removes an admin', { by: () => owner, to: () => admin, is: 'done' }],
    ['an owner removes a member', { by: () => owner, to: () => member, is: 'done' }],
    ['an admin removes a member', { by: () => admin, to: () => member, is: 'done' }],
    ['an admin does not remove an admin', { by: () => admin, to: () => admin2, is: 'forbidden' }],
    ['an admin does not remove an owner', { by: () => admin, to: () => owner, is: 'forbidden' }],
    ['a member removes nobody', { by: () => member, to: () => member2, is: 'forbidden' }],
    [
      'a member removes members where the policy says so',
      { by: () => member, to: () => member2, is: 'done', policy: { remove: 'members' } },
    ],
    ['but no admins', { by: () => member, to: () => admin, is: 'forbidden', policy: { remove: 'members' } }],
    ['and no owners', { by: () => member, to: () => owner, is: 'forbidden', policy: { remove: 'members' } }],
    ['everybody removes themselves', { by: () => member, to: () => member, is: 'done', policy: { remove: 'nobody' } }],
    ['a stranger learns nothing', { by: () => stranger, to: () => member, is: 'not_found' }],
    ['nobody removes a stranger', { by: () => owner, to: () => stranger, is: 'not_found' }],
  ]
  for (const [name, { by, to, is, policy }] of cases) {
    test(name, async () => {
      const room = await group(policy)
      const input = { room, user: to().actor.id }
      expect(is === 'done' ? await by().ask('members.remove', input) : await by().refused('members.remove', input)).toBe(
        is === 'done' ? null : (is as 'forbidden'),
      )
      const left = (await owner.ask('members.list', { room })).items.map(({ user }) => user.id)
      expect(left).toHaveLength(is === 'done' ? 4 : 5)
    })
  }
})

describe('who changes whose role', () => {
  const cases: [string, Deed & { role: 'admin' | 'member' }][] = [
    ['an owner makes an admin', { by: () => owner, to: () => member, role: 'admin', is: 'done' }],
    ['an owner unmakes an admin', { by: () => owner, to: () => admin, role: 'member', is: 'done' }],
    ['an admin makes no admin', { by: () => admin, to: () => member, role: 'admin', is: 'forbidden' }],
    ['an admin unmakes no admin', { by: () => admin, to: () => admin2, role: 'member', is: 'forbidden' }],
    ['nobody demotes an owner, the owner included', { by: () => owner, to: () => owner, role: 'member', is: 'forbidden' }],
    ['a member does nothing of the kind', { by: () => member, to: () => member2, role: 'admin', is: 'forbidden' }],
    ['a stranger has no role', { by: () => owner, to: () => stranger, role: 'admin', is: 'not_found' }],
  ]
  for (const [name, { by, to, role, is }] of cases) {
    test(name, async () => {
      const input = { room: await group(), user: to().actor.id, role }
      if (is !== 'done') return expect(await by().refused('members.update', input)).toBe(is as 'forbidden')
      expect(await by().ask('members.update', input)).toMatchObject({ role, user: { id: input.user } })
      const event = world.eventsOf(input.room).at(-1)
      expect(event).toMatchObject({ type: 'member.updated', role, actor: { id: by().actor.id }, subject: { id: input.user } })
    })
  }

  test('giving the role somebody has is no event', async () => {
    const room = await group()
    const before = world.eventsOf(room).length
    expect(await owner.ask('members.update', { room, user: 'name:admin', role: 'admin' })).toMatchObject({ role: 'admin' })
    expect(world.eventsOf(room)).toHaveLength(before)
  })
})

describe('adding', () => {
  test('is told to the room and to the one added, once', async () => {
    const room = await group()
    const before = world.heard.length
    const input = { room, user: stranger.actor.id }
    const added = await Promise.all([admin.ask('members.add', input), owner.ask('members.add', input), admin.ask('members.add', input)])
    expect(added.map(({ user, role }) => [user.username, role])).toEqual(Array.from({ length: 3 }, () => ['stranger', 'member']))
    expect(world.heard.slice(before).map((signal) => ('type' in signal ? signal.type : signal.kind))).toEqual([
      'member.joined',
      'room.joined',
    ])
    expect(world.heard.slice(before)).toMatchObject([
      { subject: { username: 'stranger' } },
      { user: stranger.actor.number, room: { id: room } },
    ])
  })

  test('is for whom the policy names', async () => {
    const user = stranger.actor.id
    expect(await member.refused('members.add', { room: await group(), user })).toBe('forbidden')
    expect(await member.ask('members.add', { room: await group({ add: 'members' }), user })).toMatchObject({ role: 'member' })
    expect(await admin.refused('members.add', { room: await group({ add: 'owner' }), user })).toBe('forbidden')
  })

  test('with a role above member is for an owner', async () => {
    const room = await group()
    expect(await admin.refused('members.add', { room, user: stranger.actor.id, role: 'admin' })).toBe('forbidden')
    expect(await owner.ask('members.add', { room, user: stranger.actor.id, role: 'admin' })).toMatchObject({ role: 'admin' })
  })

  test('finds no unknown user, and tells a stranger nothing of users', async () => {
    const room = await group()
    expect(await owner.refused('members.add', { room, user: 'name:nobody' })).toBe('not_found')
    expect(await member.refused('members.add', { room, user: 'name:nobody' })).toBe('forbidden')
  })
})

test('members are listed in the order of their joining, in pages', async () => {
  const room = await group()
  const first = await member.ask('members.list', { room, limit: 3 })
  const second = await member.ask('members.list', { room, limit: 3, cursor: first.next ?? '' })
  expect([...first.items, ...second.items].map(({ user, role }) => `${user.username} ${role}`)).toEqual([
    'owner owner',
    'admin admin',
    'admin2 admin',
    'member member',
    'member2 member',
  ])
  expect(second.next).toBeNull()
})

test('of a promotion, a demotion and a removal at once, one order holds and every answer fits it', async () => {
  for (let round = 0; round < 10; round += 1) {
    const room = await group()
    const answers = await Promise.allSettled([
      owner.ask('members.update', { room, user: member.actor.id, role: 'admin' }),
      admin.ask('members.remove', { room, user: member.actor.id }),
      owner.ask('members.update', { room, user: admin.actor.id, role: 'member' }),
    ])
    const log = world.eventsOf(room).slice(-answers.filter(({ status }) => status === 'fulfilled').length)
    const seqs = world.eventsOf(room).map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    // The admin removed the member only before the member was made an admin, and before being demoted.
    const types = log.map(({ type, subject, role }) => `${type} ${subject?.username} ${role ?? ''}`)
    const removal = types.indexOf('member.left member ')
    if (removal >= 0) {
      expect(types.slice(0, removal)).not.toContain('member.updated member admin')
      expect(types.slice(0, removal)).not.toContain('member.updated admin member')
    }
  }
})
