import { afterAll, describe, expect, test } from 'bun:test'
import type { InputOf } from '@parlance/protocol'
import { openTrio } from './trio.ts'
import { faultsOf, type Somebody } from './world.ts'

const { world, ada, bob, eve, ...rooms } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

type Policy = NonNullable<InputOf<'rooms.create'>['policy']>
const group = async (members?: Somebody[], policy: Policy = {}) => (await rooms.group(members, { policy })).id
const publicRoom = async (policy?: Policy) => (await rooms.publicRoom(policy)).id
const send = (who: Somebody, room: string, content = 'hi') => who.ask('messages.send', { room, content })

describe('editing', () => {
  test('changes the named fields only, marks the message and raises its rev', async () => {
    const room = await group()
    const { message } = await ada.ask('messages.send', { room, content: 'old', meta: { a: 1 }, mentions: [bob.actor.id] })
    const edited = await ada.ask('messages.edit', { room, message: message.id, content: 'new' })
    expect(edited).toEqual({ ...message, content: 'new', rev: message.seq + 1, edited_at: expect.any(String) as never })
    const again = await ada.ask('messages.edit', { room, message: message.id, meta: { b: 2 }, mentions: [], mention_all: true })
    expect(again).toMatchObject({ content: 'new', meta: { b: 2 }, mention_all: true, rev: message.seq + 2 })
    expect(again.mentions).toBeUndefined()
    expect(await bob.ask('messages.get', { room, message: message.id })).toEqual(again)
    expect(world.eventsOf(room).at(-1)).toMatchObject({
      type: 'message.edited',
      ref: { id: message.id, n: 1 },
      message: { content: 'new', rev: message.seq + 2 },
    })
  })

  test('carries the text only where nobody present could be barred from it', async () => {
    const room = await group([bob], { history: 'hidden' })
    const early = (await send(ada, room, 'early')).message.id
    await ada.ask('members.add', { room, user: eve.actor.id })
    const late = (await send(ada, room, 'late')).message.id
    await ada.ask('messages.edit', { room, message: early, content: 'early, edited' })
    expect(world.eventsOf(room).at(-1)).toMatchObject({ type: 'message.edited', message: null, ref: { id: early, n: 1 } })
    await ada.ask('messages.edit', { room, message: late, content: 'late, edited' })
    expect(world.eventsOf(room).at(-1)).toMatchObject({ message: { content: 'late, edited' } })
  })

  test('carries no text from before a join that happens at the same time', async () => {
    for (let round = 0; round < 20; round += 1) {
      const room = await group([bob], { history: 'hidden' })
      const { message } = await send(ada, room, 'before')
      const joining = () => ada.ask('members.add', { room, user: eve.actor.id })
      const editing = () => ada.ask('messages.edit', { room, message: message.id, content: 'edited' })
      await Promise.all(round % 2 === 0 ? [joining(), editing()] : [editing(), joining()])
      const log = world.eventsOf(room)
      const joined = log.findIndex(({ type, subject }) => type === 'member.joined' && subject?.number === eve.actor.number)
      const edited = log.findIndex(({ type }) => type === 'message.edited')
      if (edited > joined) expect(log[edited]?.message).toBeNull()
    }
  })

  test('is the sender’s alone, while in the room and allowed to post', async () => {
    const room = await group([bob, eve])
    const { message } = await bob.ask('messages.send', { room, content: 'x' })
    const input = { room, message: message.id, content: 'y' }
    expect(await ada.refused('messages.edit', input)).toBe('forbidden')
    expect(await eve.refused('messages.edit', input)).toBe('forbidden')
    expect(await faultsOf(bob.ask('messages.edit', { room, message: message.id }))).toEqual([''])
    expect(await faultsOf(bob.ask('messages.edit', { ...input, mentions: ['name:nobody'], content: 'z' }))).toEqual(['/mentions/0'])
    await bob.ask('messages.delete', { room, message: message.id })
    expect(await bob.refused('messages.edit', input)).toBe('message_deleted')
    expect(await bob.refused('messages.edit', { ...input, message: room })).toBe('not_found')
    const open = await publicRoom()
    const posted = (await send(eve, open)).message.id
    await eve.ask('rooms.leave', { room: open })
    expect(await eve.refused('messages.edit', { room: open, message: posted, content: 'y' })).toBe('forbidden')
  })
})

describe('deleting', () => {
  test('keeps the place and takes the text, once', async () => {
    const room = await group()
    const { message } = await ada.ask('messages.send', { room, content: 'gone', meta: { a: 1 }, mentions: [bob.actor.id], cid: 'd' })
    const before = world.eventsOf(room).length
    await Promise.all([
      ada.ask('messages.delete', { room, message: message.id }),
      ada.ask('messages.delete', { room, message: message.id }),
    ])
    await ada.ask('messages.delete', { room, message: message.id })
    const { id, n, seq, sender, cid, kind, created_at } = message
    const left = await bob.ask('messages.get', { room, message: id })
    expect(left).toEqual({
      id,
      room,
      n,
      seq,
      sender,
      kind,
      created_at,
      content: '',
      rev: seq + 1,
      deleted_at: expect.any(String) as never,
      ...(cid && { cid }),
    })
    expect(world.eventsOf(room).slice(before)).toMatchObject([
      { type: 'message.deleted', message: null, ref: { id, n }, actor: { username: 'ada' } },
    ])
  })

  test('is for the sender, and for owners and admins', async () => {
    const room = await group([bob, eve])
    const { message } = await send(bob, room)
    expect(await eve.refused('messages.delete', { room, message: message.id })).toBe('forbidden')
    await ada.ask('members.update', { room, user: eve.actor.id, role: 'admin' })
    await eve.ask('messages.delete', { room, message: message.id })
    expect(world.eventsOf(room).at(-1)).toMatchObject({ type: 'message.deleted', actor: { username: 'eve' } })
    const direct = (await ada.ask('rooms.direct', { user: bob.actor.id })).room.id
    const theirs = (await send(ada, direct)).message.id
    expect(await bob.refused('messages.delete', { room: direct, message: theirs })).toBe('forbidden')
  })
})
