import { afterAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { openTrio } from './trio.ts'
import type { Somebody } from './world.ts'

const { world, ada, bob, eve, group, publicRoom } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

describe('the list of one’s rooms', () => {
  test('has the latest joined first, each with its last message and what is unread', async () => {
    const fay = await world.somebody('fay')
    const [first, second] = [await group([fay]), await group([fay])]
    await ada.ask('messages.send', { room: first.id, content: 'one' })
    await ada.ask('messages.send', { room: first.id, content: 'two' })
    const page = await fay.ask('rooms.list', { limit: 1 })
    expect(page.items).toMatchObject([{ room: { id: second.id, me: { unread: 0 } }, last_message: null }])
    const rest = await fay.ask('rooms.list', { limit: 1, cursor: page.next ?? '' })
    expect(rest).toMatchObject({
      items: [{ room: { id: first.id, n: 2, me: { unread: 2, read: 0 } }, last_message: { content: 'two' } }],
      next: null,
    })
    expect(await fay.refused('rooms.list', { cursor: Buffer.from('members:1').toString('base64url') })).toBe('invalid_cursor')
  })

  test('shows no last message from before one’s join where history is hidden', async () => {
    const { room } = await ada.ask('rooms.create', { kind: 'group', policy: { history: 'hidden' } })
    await ada.ask('messages.send', { room: room.id, content: 'early' })
    const gus = await world.somebody('gus')
    await ada.ask('members.add', { room: room.id, user: gus.actor.id })
    expect((await gus.ask('rooms.list', {})).items).toMatchObject([{ last_message: null, room: { me: { unread: 0, read: 1 } } }])
    await ada.ask('messages.send', { room: room.id, content: 'late' })
    expect((await gus.ask('rooms.list', {})).items).toMatchObject([{ last_message: { content: 'late' }, room: { me: { unread: 1 } } }])
  })
})

describe('a read marker', () => {
  test('only rises, and is told to oneself and as a receipt when it does', async () => {
    const room = (await group()).id
    for (const content of ['1', '2', '3']) await ada.ask('messages.send', { room, content })
    const before = world.heard.length
    expect(await bob.ask('rooms.read', { room, n: 2 })).toEqual({ read: 2, unread: 1 })
    expect(await bob.ask('rooms.read', { room, n: 1 })).toEqual({ read: 2, unread: 1 })
    expect(await bob.ask('rooms.read', { room, n: 99 })).toEqual({ read: 3, unread: 0 })
    expect(world.heard.slice(before)).toMatchObject([
      { kind: 'user', type: 'room.read', position: 2 },
      { kind: 'receipt', user: { username: 'bob' }, read: 2 },
      { kind: 'user', type: 'room.read', position: 3 },
      { kind: 'receipt', read: 3 },
    ])
    expect((await ada.ask('rooms.get', { room })).me).toMatchObject({ read: 3, unread: 0 })
  })

  test('is for members: outsiders of a public room are forbidden, a removed member of a group finds nothing', async () => {
    expect(await eve.refused('rooms.read', { room: (await publicRoom()).id, n: 0 })).toBe('forbidden')
    const room = (await group()).id
    await bob.ask('rooms.read', { room, n: 0 })
    await ada.ask('members.remove', { room, user: bob.actor.id })
    expect(await bob.refused('rooms.read', { room, n: 0 })).toBe('not_found')
  })
})

describe('typing', () => {
  test('is passed on and never stored', async () => {
    const room = await group()
    const before = world.heard.length
    await bob.ask('rooms.typing', { room: room.id })
    await bob.ask('rooms.typing', { room: room.id, typing: false })
    expect(world.heard.slice(before)).toMatchObject([
      { kind: 'typing', room: { id: room.id }, user: { username: 'bob' }, typing: true },
      { kind: 'typing', typing: false },
    ])
    expect((await bob.ask('rooms.get', { room: room.id })).seq).toBe(room.seq)
  })

  test('ends within a second of a removal', async () => {
    const room = (await group()).id
    await bob.ask('rooms.typing', { room })
    await ada.ask('members.remove', { room, user: bob.actor.id })
    await world.clock.advance(1000)
    expect(await bob.refused('rooms.typing', { room })).toBe('not_found')
  })

  test('needs the right to post', async () => {
    const { room } = await ada.ask('rooms.create', { kind: 'group', policy: { post: 'owner' }, members: [bob.actor.id] })
    expect(await bob.refused('rooms.typing', { room: room.id })).toBe('forbidden')
  })
})

test('a room that grows past the published bound is large: no typing and no receipts, until it shrinks past the lower one', async () => {
  const crowd: Somebody[] = []
  for (let number = 0; number < limits.large_room; number += 1) crowd.push(await world.somebody(`crowd${number}`))
  const [first] = crowd
  if (first === undefined) throw new Error('no crowd')
  const room = (await group(crowd.slice(0, -1))).id
  await ada.ask('messages.send', { room, content: 'hello' })
  const before = world.heard.length
  await first.ask('rooms.typing', { room })
  await first.ask('rooms.read', { room, n: 1 })
  expect(world.heard.slice(before).map(({ kind }) => kind)).toEqual(['typing', 'user', 'receipt'])
  const last = crowd.at(-1)?.actor.id ?? ''
  await ada.ask('members.add', { room, user: last })
  expect(world.eventsOf(room).at(-1)).toMatchObject({ type: 'member.joined', large: true })
  await ada.ask('messages.send', { room, content: 'again' })
  const grown = world.heard.length
  await first.ask('rooms.typing', { room })
  await first.ask('rooms.read', { room, n: 2 })
  expect(world.heard.slice(grown).map(({ kind }) => kind)).toEqual(['user'])
  expect(await first.ask('rooms.get', { room })).toMatchObject({ large: true, members: limits.large_room + 1 })
  for (const { actor } of crowd.slice(limits.large_room_ends - 1)) await ada.ask('members.remove', { room, user: actor.id })
  expect(world.eventsOf(room).at(-1)).toMatchObject({ type: 'member.left', large: false })
  const shrunk = world.heard.length
  await first.ask('rooms.typing', { room })
  expect(world.heard.slice(shrunk).map(({ kind }) => kind)).toEqual(['typing'])
})
