import { afterAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { openTrio } from './trio.ts'
import type { Somebody } from './world.ts'

const { world, ada, bob, eve } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

async function spoken(members: Somebody[] = [bob]) {
  const { room } = await ada.ask('rooms.create', { kind: 'group', members: members.map(({ actor }) => actor.id) })
  const { message } = await ada.ask('messages.send', { room: room.id, content: 'hi' })
  return { room: room.id, message: message.id, one: { room: room.id, message: message.id }, seq: message.seq }
}

describe('a reaction', () => {
  test('counts in the view, tells its reader apart from others, and raises the rev', async () => {
    const { one, seq, room } = await spoken()
    expect(await bob.ask('reactions.add', { ...one, emoji: '👍' })).toEqual({ rev: seq + 1, emoji: '👍', count: 1, mine: true })
    expect(await ada.ask('reactions.add', { ...one, emoji: '👍' })).toEqual({ rev: seq + 2, emoji: '👍', count: 2, mine: true })
    expect(await ada.ask('reactions.add', { ...one, emoji: ':ship:' })).toMatchObject({ count: 1 })
    const view = { rev: seq + 3, content: 'hi' }
    expect(await bob.ask('messages.get', one)).toMatchObject({
      ...view,
      reactions: [
        { emoji: '👍', count: 2, mine: true },
        { emoji: ':ship:', count: 1 },
      ],
    })
    const { items } = await ada.ask('messages.list', { room })
    expect(items.at(-1)?.reactions).toEqual([
      { emoji: '👍', count: 2, mine: true },
      { emoji: ':ship:', count: 1, mine: true },
    ])
    expect(await bob.ask('reactions.remove', { ...one, emoji: '👍' })).toEqual({ rev: seq + 4, emoji: '👍', count: 1, mine: false })
    expect((await bob.ask('messages.get', one)).reactions?.[0]).toEqual({ emoji: '👍', count: 1 })
  })

  test('is a fact for everybody: who, what, and how many now', async () => {
    const { one, room, message } = await spoken()
    await bob.ask('reactions.add', { ...one, emoji: '👍' })
    await bob.ask('reactions.remove', { ...one, emoji: '👍' })
    const told = world.eventsOf(room).slice(-2)
    expect(told).toMatchObject([
      {
        type: 'reaction.added',
        actor: { username: 'bob' },
        ref: { id: message, n: 1 },
        reaction: { emoji: '👍', count: 1 },
        message: null,
      },
      {
        type: 'reaction.removed',
        actor: { username: 'bob' },
        ref: { id: message, n: 1 },
        reaction: { emoji: '👍', count: 0 },
        message: null,
      },
    ])
    const { events } = await ada.ask('rooms.events', { room, after: 0 })
    expect(events.slice(-2).map(({ ev, data }) => [ev, data])).toMatchObject([
      ['reaction.added', { id: message, n: 1, user: { username: 'bob' }, emoji: '👍', count: 1 }],
      ['reaction.removed', { id: message, n: 1, user: { username: 'bob' }, emoji: '👍', count: 0 }],
    ])
    expect(await ada.ask('messages.get', one)).not.toHaveProperty('reactions')
  })

  test('happens once, however often it is asked for, and whoever asks at the same time', async () => {
    const { one, room, seq } = await spoken([bob, eve])
    const asked = [ada, bob, eve].flatMap((who) => Array.from({ length: 10 }, () => who.ask('reactions.add', { ...one, emoji: '👍' })))
    const answers = await Promise.all(asked)
    expect(answers.every(({ mine }) => mine)).toBe(true)
    expect(Math.max(...answers.map(({ count }) => count))).toBe(3)
    expect((await ada.ask('rooms.get', { room })).seq).toBe(seq + 3)
    expect(await bob.ask('reactions.remove', { ...one, emoji: '🎈' })).toMatchObject({ count: 0, mine: false, rev: seq + 3 })
  })

  test('is bounded per message and per user, and what is there already may be joined', async () => {
    const { one } = await spoken([bob, eve])
    const word = (who: string, index: number) => `${who}${index}`
    for (let i = 0; i < limits.user_reactions; i += 1) await ada.ask('reactions.add', { ...one, emoji: word('a', i) })
    expect(await ada.refused('reactions.add', { ...one, emoji: 'more' })).toBe('too_many_reactions')
    for (let i = 0; i < limits.user_reactions; i += 1) await bob.ask('reactions.add', { ...one, emoji: word('b', i) })
    expect(await eve.refused('reactions.add', { ...one, emoji: 'more' })).toBe('too_many_reactions')
    expect(await eve.ask('reactions.add', { ...one, emoji: 'a0' })).toMatchObject({ count: 2 })
    await ada.ask('reactions.remove', { ...one, emoji: 'a1' })
    expect(await eve.ask('reactions.add', { ...one, emoji: 'more' })).toMatchObject({ count: 1 })
  })

  test('belongs to members, and to messages they can see', async () => {
    const { one, message } = await spoken()
    expect(await eve.refused('reactions.add', { ...one, emoji: '👍' })).toBe('not_found')
    const open = (await ada.ask('rooms.create', { kind: 'public', name: 'open' })).room.id
    const said = (await ada.ask('messages.send', { room: open, content: 'hi' })).message.id
    expect(await eve.refused('reactions.add', { room: open, message: said, emoji: '👍' })).toBe('forbidden')
    expect(await ada.refused('reactions.add', { room: open, message, emoji: '👍' })).toBe('not_found')
    const hidden = (await ada.ask('rooms.create', { kind: 'group', policy: { history: 'hidden' } })).room.id
    const early = (await ada.ask('messages.send', { room: hidden, content: 'early' })).message.id
    await ada.ask('members.add', { room: hidden, user: bob.actor.id })
    expect(await bob.refused('reactions.add', { room: hidden, message: early, emoji: '👍' })).toBe('not_found')
    expect(await bob.refused('reactions.list', { room: hidden, message: early })).toBe('not_found')
  })

  test('is not for who is muted or banned, nor for archived rooms; what is one’s own may be taken back', async () => {
    const { one, room } = await spoken([bob, eve])
    await bob.ask('reactions.add', { ...one, emoji: '👍' })
    await ada.ask('mutes.set', { room, user: bob.actor.id })
    expect(await bob.refused('reactions.add', { ...one, emoji: '🎈' })).toBe('muted')
    expect(await bob.ask('reactions.remove', { ...one, emoji: '👍' })).toMatchObject({ count: 0 })
    await ada.ask('bans.set', { room, user: eve.actor.id })
    expect(await eve.refused('reactions.add', { ...one, emoji: '👍' })).toBe('not_found')
    await ada.ask('rooms.archive', { room })
    expect(await ada.refused('reactions.add', { ...one, emoji: '👍' })).toBe('room_archived')
  })

  test('goes with a deleted message, and none follows', async () => {
    const { one, room } = await spoken()
    await bob.ask('reactions.add', { ...one, emoji: '👍' })
    await ada.ask('messages.delete', one)
    expect(await bob.ask('messages.get', one)).not.toHaveProperty('reactions')
    expect((await bob.ask('reactions.list', one)).items).toEqual([])
    expect(await bob.refused('reactions.add', { ...one, emoji: '👍' })).toBe('message_deleted')
    expect(world.eventsOf(room).at(-1)?.type).toBe('message.deleted')
  })

  test('stays when the text is edited, and a removed member adds none', async () => {
    const { one, room } = await spoken()
    await bob.ask('reactions.add', { ...one, emoji: '👍' })
    expect(await ada.ask('messages.edit', { ...one, content: 'ho' })).toMatchObject({ reactions: [{ emoji: '👍', count: 1 }] })
    await world.elsewhere(ada).ask('members.remove', { room, user: bob.actor.id })
    expect(await bob.refused('reactions.add', { ...one, emoji: '🎈' })).toBe('not_found')
    expect((await ada.ask('messages.get', one)).reactions).toEqual([{ emoji: '👍', count: 1 }])
  })
})

test('who reacted is listed in order, page by page, and for one emoji', async () => {
  const { one } = await spoken([bob, eve])
  for (const [who, emoji] of [
    [eve, '👍'],
    [ada, '🎈'],
    [bob, '👍'],
  ] as const)
    await who.ask('reactions.add', { ...one, emoji })
  const first = await ada.ask('reactions.list', { ...one, limit: 2 })
  const second = await ada.ask('reactions.list', { ...one, limit: 2, cursor: first.next ?? '' })
  expect([...first.items, ...second.items].map(({ user, emoji }) => `${user.username} ${emoji}`)).toEqual(['eve 👍', 'ada 🎈', 'bob 👍'])
  expect(second.next).toBeNull()
  expect((await ada.ask('reactions.list', { ...one, emoji: '👍' })).items.map(({ user }) => user.username)).toEqual(['eve', 'bob'])
  expect(await ada.refused('reactions.list', { ...one, cursor: 'nonsense' })).toBe('invalid_cursor')
})
