import { afterAll, describe, expect, test } from 'bun:test'
import { openTrio } from './trio.ts'

const { world, ada, bob, eve } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

const numberOf = (room: string): number => world.eventsOf(room)[0]?.room.number ?? 0

describe('the log as the hub reads it', () => {
  test('knows the heads of rooms and users', async () => {
    const room = (await ada.ask('rooms.create', { kind: 'group', members: [bob.actor.id] })).room.id
    await ada.ask('messages.send', { room, content: 'x' })
    expect(await world.log.heads([numberOf(room), 9999])).toEqual([{ room: numberOf(room), seq: 4, n: 1 }])
    const [head] = await world.log.userHeads([bob.actor.number])
    expect(head).toEqual({ user: bob.actor.number, useq: (await bob.ask('me.events', { after: 0 })).upto })
    expect(world.log.epoch).toBe(world.deps.store.epoch)
  })

  test('knows every present stay of a user, with what bounds reading and unread', async () => {
    const fay = await world.somebody('fay')
    const hidden = (await ada.ask('rooms.create', { kind: 'group', policy: { history: 'hidden' } })).room.id
    const left = (await ada.ask('rooms.create', { kind: 'group', members: [fay.actor.id] })).room.id
    const open = (await ada.ask('rooms.create', { kind: 'public', name: 'feed' })).room.id
    await ada.ask('messages.send', { room: hidden, content: 'before' })
    await ada.ask('members.add', { room: hidden, user: fay.actor.id })
    await ada.ask('messages.send', { room: hidden, content: 'after' })
    await fay.ask('rooms.leave', { room: left })
    await fay.ask('rooms.join', { room: open })
    const stays = await world.log.stays(fay.actor.number)
    expect(stays.map(({ room }) => room)).toEqual([
      { number: numberOf(hidden), id: hidden, name: null },
      { number: numberOf(open), id: open, name: 'feed' },
    ])
    expect(stays).toMatchObject([
      { kind: 'group', role: 'member', since: 3, fromSeq: 3, read: 1, seq: 5, n: 2, floor: 0, large: false },
      { kind: 'public', role: 'member', since: 2, fromSeq: 0, read: 0, seq: 3, n: 0, floor: 0, large: false },
    ])
  })

  test('opens one’s own rooms and public ones, by id or number, and no others', async () => {
    const own = (await ada.ask('rooms.create', { kind: 'group', members: [bob.actor.id] })).room.id
    const open = (await ada.ask('rooms.create', { kind: 'public', name: 'square' })).room.id
    await ada.ask('messages.send', { room: open, content: 'x' })
    expect(await world.log.open(bob.actor.number, own)).toMatchObject({ role: 'member', room: { id: own } })
    expect(await world.log.open(bob.actor.number, numberOf(own))).toMatchObject({ role: 'member', room: { id: own } })
    expect(await world.log.open(eve.actor.number, open)).toMatchObject({ role: null, fromSeq: 0, read: 1, n: 1 })
    expect(await world.log.open(eve.actor.number, own)).toBeNull()
    expect(await world.log.open(eve.actor.number, 9999)).toBeNull()
    await ada.ask('members.remove', { room: own, user: bob.actor.id })
    expect(await world.log.open(bob.actor.number, own)).toBeNull()
  })

  test('knows who shares a room with whom', async () => {
    const [gus, hal, ida] = [await world.somebody('gus'), await world.somebody('hal'), await world.somebody('ida')]
    await gus.ask('rooms.direct', { user: hal.actor.id })
    const found = await world.log.acquainted(gus.actor.number, [hal.actor.id, ida.actor.id, '00000000-0000-7000-8000-000000000000'])
    expect(found).toEqual([{ number: hal.actor.number, id: hal.actor.id, username: 'hal' }])
  })
})

describe('presence', () => {
  test('is shown of oneself and of those one shares a room with, in no other case', async () => {
    const [jo, kim, lee] = [await world.somebody('jo'), await world.somebody('kim'), await world.somebody('lee')]
    await jo.ask('rooms.direct', { user: kim.actor.id })
    world.deps.presence.enter(kim.actor.number)
    world.deps.presence.enter(lee.actor.number)
    const users = [jo, kim, lee].map(({ actor }) => actor.id)
    const statuses = async () =>
      new Map((await jo.ask('presence.get', { users: [...users, users[1] ?? ''] })).items.map(({ user, status }) => [user, status]))
    expect(await statuses()).toEqual(
      new Map([
        [jo.actor.id, 'offline' as const],
        [kim.actor.id, 'online' as const],
      ]),
    )
    world.deps.presence.leave(kim.actor.number)
    await world.clock.advance(10_000)
    expect((await statuses()).get(kim.actor.id)).toBe('offline')
  })
})

describe('users', () => {
  test('are found by id, name in any case, and as oneself', async () => {
    expect(await ada.ask('users.get', { user: bob.actor.id })).toMatchObject({ username: 'bob' })
    expect(await ada.ask('users.get', { user: 'name:BOB' })).toMatchObject({ id: bob.actor.id })
    expect(await ada.ask('users.get', { user: 'me' })).toMatchObject({ id: ada.actor.id })
    expect(await ada.refused('users.get', { user: 'name:who' })).toBe('not_found')
  })

  test('are searched by part of a name, in the order of usernames and in pages', async () => {
    for (const name of ['Zed-2', 'zed-1', 'ZED-3']) await world.somebody(name)
    const first = await ada.ask('users.search', { query: 'zED', limit: 2 })
    expect(first.items.map(({ username }) => username)).toEqual(['zed-1', 'Zed-2'])
    expect(await ada.ask('users.search', { query: 'zED', limit: 2, cursor: first.next ?? '' })).toMatchObject({
      items: [{ username: 'ZED-3' }],
      next: null,
    })
    expect((await ada.ask('users.search', { query: '%' })).items).toEqual([])
    for (const cursor of ['', 'x', `${first.next}=`, Buffer.from('rooms:zed-2').toString('base64url')])
      expect(await ada.refused('users.search', { cursor })).toBe('invalid_cursor')
  })
})
