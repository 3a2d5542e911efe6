import { afterAll, describe, expect, test } from 'bun:test'
import { openTrio } from './trio.ts'
import type { Somebody } from './world.ts'

const { world, ada, bob, eve, ...rooms } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

const group = async (history: 'open' | 'hidden' = 'open') => (await rooms.group([bob], { policy: { history } })).id
const say = async (who: Somebody, room: string, said: string | { content: string; reply_to: string }) =>
  (await who.ask('messages.send', { room, ...(typeof said === 'string' ? { content: said } : said) })).message
const answer = (reply_to: string, content: string) => ({ content, reply_to })

describe('a thread', () => {
  test('counts its replies, those to replies too, in its first message', async () => {
    const room = await group()
    const first = await say(ada, room, 'first')
    const reply = await say(bob, room, answer(first.id, 'reply'))
    expect(reply).toMatchObject({ reply_to: first.id, root: first.id })
    await world.clock.advance(5)
    const nested = await say(ada, room, answer(reply.id, 'to the reply'))
    expect(nested).toMatchObject({ reply_to: reply.id, root: first.id })
    const now = await ada.ask('messages.get', { room, message: first.id })
    expect(now).toMatchObject({ rev: nested.seq, thread: { count: 2, last_n: nested.n, last_at: nested.created_at } })
    expect(await ada.ask('messages.get', { room, message: reply.id })).not.toHaveProperty('thread')
  })

  test('is listed from any of its messages, page by page', async () => {
    const room = await group()
    const first = await say(ada, room, 'first')
    const other = await say(ada, room, 'other')
    const replies = []
    for (const [index, { id }] of [first, other, first, first].entries()) replies.push(await say(bob, room, answer(id, `r${index}`)))
    const page = await ada.ask('messages.thread', { room, message: first.id, limit: 2 })
    expect(page.items.map(({ content }) => content)).toEqual(['r0', 'r2'])
    const rest = await ada.ask('messages.thread', { room, message: replies[2]?.id ?? '', cursor: page.next ?? '' })
    expect(rest).toMatchObject({ items: [{ content: 'r3' }], next: null })
    expect(await ada.ask('messages.thread', { room, message: (await say(ada, room, 'alone')).id })).toEqual({ items: [], next: null })
  })

  test('counts right after replies are deleted, and the deletion says what is left', async () => {
    const room = await group()
    const first = await say(ada, room, 'first')
    const [one, two] = [await say(bob, room, answer(first.id, 'one')), await say(bob, room, answer(first.id, 'two'))]
    await bob.ask('messages.delete', { room, message: two.id })
    const thread = { count: 1, last_n: one.n, last_at: one.created_at }
    expect(await ada.ask('messages.get', { room, message: first.id })).toMatchObject({ thread, rev: two.seq + 1 })
    await bob.ask('messages.delete', { room, message: one.id })
    expect(await ada.ask('messages.get', { room, message: first.id })).not.toHaveProperty('thread')
    const { events } = await ada.ask('rooms.events', { room, after: two.seq })
    expect(events.map(({ ev, data }) => ({ ev, ...data }))).toMatchObject([
      { ev: 'message.deleted', id: two.id, root: first.id, thread },
      { ev: 'message.deleted', id: one.id, root: first.id, thread: null },
    ])
    expect(await say(bob, room, answer(first.id, 'three'))).toMatchObject({ root: first.id })
    expect(await ada.ask('messages.get', { room, message: first.id })).toMatchObject({ thread: { count: 1 } })
  })

  test('goes on below a deleted first message', async () => {
    const room = await group()
    const first = await say(ada, room, 'first')
    const reply = await say(bob, room, answer(first.id, 'reply'))
    await ada.ask('messages.delete', { room, message: first.id })
    await say(bob, room, answer(reply.id, 'more'))
    expect(await ada.ask('messages.get', { room, message: first.id })).toMatchObject({ content: '', thread: { count: 2 } })
  })

  test('shows nobody what was before their join where history is hidden', async () => {
    const room = await group('hidden')
    const first = await say(ada, room, 'first')
    await say(bob, room, answer(first.id, 'early'))
    await ada.ask('members.add', { room, user: eve.actor.id })
    const late = await say(bob, room, answer(first.id, 'late'))
    expect(await eve.refused('messages.thread', { room, message: first.id })).toBe('not_found')
    expect((await eve.ask('messages.thread', { room, message: late.id })).items.map(({ content }) => content)).toEqual(['late'])
  })
})

describe('forwarding', () => {
  test('copies text and meta, and says who wrote it and when, but no private room', async () => {
    const [from, to] = [await group(), await group()]
    const meta = { color: 'teal' }
    const { message } = await bob.ask('messages.send', { room: from, content: 'words', meta, mentions: [ada.actor.id] })
    await world.clock.advance(1000)
    const { message: copy, dup } = await ada.ask('messages.forward', { room: from, message: message.id, to })
    expect(dup).toBe(false)
    expect(copy).toMatchObject({ room: to, sender: { username: 'ada' }, content: 'words', meta })
    expect(copy.forwarded).toEqual({ sender: { id: bob.actor.id, username: 'bob' }, at: message.created_at })
    expect(copy).not.toHaveProperty('mentions')
    expect(await bob.ask('messages.get', { room: to, message: copy.id })).toEqual(copy)
    expect(world.eventsOf(to).at(-1)?.message?.forwarded).toMatchObject({ sender: { username: 'bob' }, room: null })
    const again = await bob.ask('messages.forward', { room: to, message: copy.id, to: from })
    expect(again.message.forwarded).toEqual(copy.forwarded)
  })

  test('names a room that everybody may read', async () => {
    const open = (await ada.ask('rooms.create', { kind: 'public', name: 'square' })).room.id
    const { message } = await ada.ask('messages.send', { room: open, content: 'news' })
    const to = await group()
    expect((await bob.ask('messages.forward', { room: 'name:square', message: message.id, to })).message.forwarded?.room).toBe(open)
  })

  test('happens once per cid, whatever became of the original', async () => {
    const [from, to] = [await group(), await group()]
    const original = await say(bob, from, 'words')
    const input = { room: from, message: original.id, to, cid: 'f1' }
    const first = await ada.ask('messages.forward', input)
    await bob.ask('messages.edit', { room: from, message: original.id, content: 'other words' })
    expect(await ada.ask('messages.forward', input)).toEqual({ ...first, dup: true })
    await bob.ask('messages.delete', { room: from, message: original.id })
    expect(await ada.ask('messages.forward', input)).toEqual({ ...first, dup: true })
    expect(await ada.refused('messages.forward', { ...input, cid: 'f2' })).toBe('message_deleted')
    const second = await say(bob, from, 'more')
    expect(await ada.refused('messages.forward', { ...input, message: second.id })).toBe('cid_conflict')
    expect(await ada.refused('messages.send', { room: to, content: 'words', cid: 'f1' })).toBe('cid_conflict')
  })

  test('needs the sight of the one and the right to post in the other room', async () => {
    const [from, to] = [await group(), await group()]
    const outsider = await world.somebody('olga')
    const original = await say(bob, from, 'words')
    const own = (await outsider.ask('rooms.create', { kind: 'group' })).room.id
    expect(await outsider.refused('messages.forward', { room: from, message: original.id, to: own })).toBe('not_found')
    expect(await ada.refused('messages.forward', { room: from, message: original.id, to: own })).toBe('not_found')
    expect(await ada.refused('messages.forward', { room: to, message: original.id, to })).toBe('not_found')
  })

  test('leaves the words to who wrote them: the copy can get meta, no other text', async () => {
    const [from, to] = [await group(), await group()]
    const original = await say(bob, from, 'words')
    const { message } = await ada.ask('messages.forward', { room: from, message: original.id, to })
    expect(await ada.refused('messages.edit', { room: to, message: message.id, content: 'false words' })).toBe('forbidden')
    const edited = await ada.ask('messages.edit', { room: to, message: message.id, meta: { seen: true } })
    expect(edited).toMatchObject({ content: 'words', meta: { seen: true }, forwarded: message.forwarded })
    await ada.ask('messages.delete', { room: to, message: message.id })
    expect(await ada.ask('messages.get', { room: to, message: message.id })).not.toHaveProperty('forwarded')
  })
})

test('an edit of the text keeps meta, one of meta the text', async () => {
  const room = await group()
  const { message } = await ada.ask('messages.send', { room, content: 'a', meta: { k: 1 } })
  expect(await ada.ask('messages.edit', { room, message: message.id, content: 'b' })).toMatchObject({ content: 'b', meta: { k: 1 } })
  expect(await ada.ask('messages.edit', { room, message: message.id, meta: { k: 2 } })).toMatchObject({ content: 'b', meta: { k: 2 } })
})
