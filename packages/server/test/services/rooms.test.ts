import { afterAll, describe, expect, test } from 'bun:test'
import { openTrio } from './trio.ts'
import { faultsOf } from './world.ts'

const { world, ada, bob, eve, group, publicRoom } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

describe('a direct room', () => {
  test('is one for a pair, however many of both ask for it at once', async () => {
    const [carl, dora] = [await world.somebody('carl'), await world.somebody('dora')]
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? carl.ask('rooms.direct', { user: dora.actor.id }) : dora.ask('rooms.direct', { user: 'name:Carl' }),
      ),
    )
    expect(new Set(answers.map(({ room }) => room.id)).size).toBe(1)
    expect(answers.filter(({ created }) => created)).toHaveLength(1)
    expect(answers[0]?.room).toMatchObject({ kind: 'direct', peer: { username: 'dora' }, members: 2, me: { role: 'member', unread: 0 } })
    expect(answers[1]?.room).toMatchObject({ peer: { username: 'carl' } })
    const room = answers[0]?.room.id ?? ''
    expect(world.eventsOf(room).map(({ type, seq }) => [seq, type])).toEqual([
      [1, 'room.created'],
      [2, 'member.joined'],
      [3, 'member.joined'],
    ])
  })

  test('with oneself has oneself for a peer', async () => {
    const { room, created } = await ada.ask('rooms.direct', { user: 'me' })
    expect({ created, room }).toMatchObject({ created: true, room: { members: 1, peer: { username: 'ada' } } })
    expect(await ada.ask('rooms.direct', { user: ada.actor.id })).toMatchObject({ created: false, room: { id: room.id } })
  })

  test('cannot be left, joined by others or filled up', async () => {
    const { room } = await ada.ask('rooms.direct', { user: bob.actor.id })
    expect(await ada.refused('rooms.leave', { room: room.id })).toBe('forbidden')
    expect(await ada.refused('members.add', { room: room.id, user: eve.actor.id })).toBe('forbidden')
    expect(await ada.refused('members.remove', { room: room.id, user: bob.actor.id })).toBe('forbidden')
    expect(await eve.refused('rooms.join', { room: room.id })).toBe('not_found')
    expect(await ada.refused('rooms.direct', { user: 'name:who' })).toBe('not_found')
  })
})

describe('creating a room', () => {
  test('makes its maker the owner and the named users members, all in one log', async () => {
    const before = world.heard.length
    const { room, dup } = await ada.ask('rooms.create', {
      kind: 'group',
      title: 'Plans',
      description: 'What next',
      meta: { colour: 'red', nested: { list: [1, null] } },
      members: [bob.actor.id, 'name:EVE', 'me', bob.actor.id],
      policy: { history: 'hidden' },
    })
    expect(dup).toBe(false)
    expect(room).toMatchObject({
      title: 'Plans',
      meta: { colour: 'red', nested: { list: [1, null] } },
      creator: { username: 'ada' },
      members: 3,
      seq: 4,
      n: 0,
      policy: { history: 'hidden', add: 'admins' },
      me: { role: 'owner', read: 0, unread: 0 },
    })
    const signals = world.heard.slice(before)
    expect(
      signals.map((signal) => (signal.kind === 'room' ? [signal.type, signal.subject?.username ?? null, signal.role] : signal.kind)),
    ).toEqual([
      ['room.created', null, null],
      ['member.joined', 'ada', 'owner'],
      ['member.joined', 'bob', 'member'],
      ['member.joined', 'eve', 'member'],
      'user',
      'user',
      'user',
    ])
    // Nothing of an account but its name goes onto the bus.
    expect(
      signals.map(
        (signal) =>
          signal.kind === 'room' &&
          Object.keys(signal.subject ?? signal.actor ?? {})
            .sort()
            .join(),
      ),
    ).toContain('id,number,username')
    expect(JSON.stringify(signals)).not.toContain(ada.actor.session)
  })

  test('happens once per cid, however often it is tried', async () => {
    const input = { kind: 'group' as const, title: 'Once', cid: 'create-1' }
    const answers = await Promise.all(Array.from({ length: 5 }, () => ada.ask('rooms.create', input)))
    expect(new Set(answers.map(({ room }) => room.id)).size).toBe(1)
    expect(answers.filter(({ dup }) => !dup)).toHaveLength(1)
    expect(await ada.refused('rooms.create', { ...input, title: 'Twice' })).toBe('cid_conflict')
    expect((await bob.ask('rooms.create', input)).dup).toBe(false)
  })

  test('gives a name to one room, whatever the race', async () => {
    const answers = await Promise.allSettled([ada, bob, eve].map((maker) => maker.ask('rooms.create', { kind: 'public', name: 'the one' })))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await ada.refused('rooms.create', { kind: 'group', name: 'the one' })).toBe('name_taken')
  })

  test('without an owner makes nobody a member, and nobody manages it', async () => {
    const { room } = await ada.ask('rooms.create', { kind: 'public', name: 'commons', ownerless: true })
    expect(room).toMatchObject({ members: 0, me: null, policy: { manage: 'nobody', add: 'nobody' }, creator: { username: 'ada' } })
    await ada.ask('rooms.join', { room: room.id })
    expect(await ada.refused('members.add', { room: room.id, user: bob.actor.id })).toBe('forbidden')
  })

  test('without an owner is a group whose members are equals: each adds, removes and leaves, the maker included', async () => {
    const { room } = await ada.ask('rooms.create', { kind: 'group', title: 'equals', ownerless: true, members: [bob.actor.id] })
    expect(room).toMatchObject({ members: 2, me: { role: 'member' }, policy: { add: 'members', remove: 'members', manage: 'members' } })
    await bob.ask('members.add', { room: room.id, user: eve.actor.id })
    await bob.ask('members.remove', { room: room.id, user: ada.actor.id })
    await eve.ask('rooms.leave', { room: room.id })
    expect((await bob.ask('rooms.get', { room: room.id })).members).toBe(1)
    await bob.ask('rooms.leave', { room: room.id })
    expect(await bob.refused('rooms.get', { room: room.id })).toBe('not_found')
  })

  test('reports every fault at its place', async () => {
    const faults = await faultsOf(
      ada.ask('rooms.create', {
        kind: 'group',
        ownerless: true,
        name: 'dm_x',
        meta: { a: 'x'.repeat(5000) },
        policy: { read: 'users', join: 'users' },
      }),
    )
    expect(faults.sort()).toEqual(['/meta', '/name', '/policy/join', '/policy/read'])
    expect(await faultsOf(ada.ask('rooms.create', { kind: 'public' }))).toEqual(['/name'])
    expect(await ada.refused('rooms.create', { kind: 'group', members: ['name:who'] })).toBe('not_found')
  })
})

describe('a private room', () => {
  test('is to an outsider exactly like one that does not exist, in every operation', async () => {
    const room = (await ada.ask('rooms.create', { kind: 'group', name: 'secret' })).room.id
    const { message } = await ada.ask('messages.send', { room, content: 'hidden' })
    const unknown = '00000000-0000-7000-8000-000000000000'
    const user = bob.actor.id
    for (const ref of [room, 'name:secret']) {
      const there = { room: ref, message: message.id, user }
      const nowhere = { room: ref === room ? unknown : 'name:nowhere', message: unknown, user }
      for (const place of [there, nowhere]) {
        const { room, message, user } = place
        const codes = [
          await eve.refused('rooms.get', { room }),
          await eve.refused('rooms.join', { room }),
          await eve.refused('rooms.leave', { room }),
          await eve.refused('rooms.read', { room, n: 1 }),
          await eve.refused('rooms.typing', { room }),
          await eve.refused('rooms.events', { room, after: 0 }),
          await eve.refused('members.list', { room }),
          await eve.refused('members.add', { room, user }),
          await eve.refused('members.update', { room, user, role: 'admin' }),
          await eve.refused('members.remove', { room, user }),
          await eve.refused('messages.send', { room, content: 'x', cid: 'c' }),
          await eve.refused('messages.send', { room, content: 'x', reply_to: message, mentions: [user] }),
          await eve.refused('messages.list', { room }),
          await eve.refused('messages.get', { room, message }),
          await eve.refused('messages.edit', { room, message, content: 'y' }),
          await eve.refused('messages.delete', { room, message }),
        ]
        expect(new Set(codes)).toEqual(new Set(['not_found']))
      }
    }
    expect((await eve.ask('rooms.browse', { query: 'secret' })).items).toEqual([])
    expect((await eve.ask('rooms.list', {})).items.map((item) => item.room.id)).not.toContain(room)
  })
})

describe('a public room', () => {
  test('is read, members included, without being a member, and joined once', async () => {
    const room = await publicRoom()
    expect(await eve.ask('rooms.get', { room: `name:${room.name}` })).toMatchObject({ id: room.id, me: null })
    expect((await eve.ask('members.list', { room: room.id })).items.map(({ user }) => user.username)).toEqual(['ada'])
    const before = world.eventsOf(room.id).length
    const joined = await Promise.all([eve.ask('rooms.join', { room: room.id }), eve.ask('rooms.join', { room: room.id })])
    expect(joined).toMatchObject([
      { me: { role: 'member' }, members: 2 },
      { me: { role: 'member' }, members: 2 },
    ])
    expect(world.eventsOf(room.id).slice(before)).toMatchObject([{ type: 'member.joined', actor: null, subject: { username: 'eve' } }])
  })

  test('is browsed newest first, in pages, with one’s own stay', async () => {
    const made = [await publicRoom(), await publicRoom(), await publicRoom()]
    await eve.ask('rooms.join', { room: made[1]?.id ?? '' })
    const first = await eve.ask('rooms.browse', { query: 'PUBLIC', limit: 2 })
    expect(first.items.map(({ name, me }) => [name, me?.role ?? null])).toEqual([
      [made[2]?.name ?? '', null],
      [made[1]?.name ?? '', 'member'],
    ])
    const second = await eve.ask('rooms.browse', { query: 'PUBLIC', limit: 2, cursor: first.next ?? '' })
    expect(second.items[0]?.name).toBe(made[0]?.name ?? '')
    expect(await eve.refused('rooms.browse', { cursor: 'nonsense' })).toBe('invalid_cursor')
  })

  test('listed to members only is found by name alone', async () => {
    await ada.ask('rooms.create', { kind: 'public', name: 'unlisted', policy: { listed: 'members' } })
    expect((await eve.ask('rooms.browse', { query: 'unlisted' })).items).toEqual([])
    expect(await eve.ask('rooms.get', { room: 'name:unlisted' })).toMatchObject({ name: 'unlisted' })
  })
})

describe('leaving', () => {
  test('is told to the room and to the one who left, and ends the reading of a group', async () => {
    const room = await group()
    const before = world.heard.length
    await bob.ask('rooms.leave', { room: room.id })
    expect(world.heard.slice(before)).toMatchObject([
      { kind: 'room', type: 'member.left', seq: 4, actor: null, subject: { username: 'bob' } },
      { kind: 'user', type: 'room.left', user: bob.actor.number, position: 4, room: { id: room.id } },
    ])
    expect(await bob.refused('rooms.get', { room: room.id })).toBe('not_found')
    expect(await bob.refused('rooms.leave', { room: room.id })).toBe('not_found')
  })

  test('is refused to the last owner of a group while others remain, and granted when alone', async () => {
    const room = await group()
    expect(await ada.refused('rooms.leave', { room: room.id })).toBe('last_owner')
    expect(await ada.refused('members.remove', { room: room.id, user: 'me' })).toBe('last_owner')
    await bob.ask('rooms.leave', { room: room.id })
    expect(await ada.ask('rooms.leave', { room: room.id })).toBeNull()
  })

  test('is not free to the last owner of a public room while others remain', async () => {
    const room = await publicRoom()
    await eve.ask('rooms.join', { room: room.id })
    expect(await ada.refused('rooms.leave', { room: room.id })).toBe('last_owner')
    await eve.ask('rooms.leave', { room: room.id })
    await ada.ask('rooms.leave', { room: room.id })
    expect(await ada.ask('rooms.get', { room: room.id })).toMatchObject({ me: null, members: 0 })
    expect(await ada.refused('rooms.leave', { room: room.id })).toBe('not_found')
  })
})
