import { afterAll, describe, expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import { openTrio } from './trio.ts'
import type { Somebody } from './world.ts'

const { world, ada, bob, eve, ...rooms } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

const group = async (members?: Somebody[]) => (await rooms.group(members)).id
const publicRoom = async () => (await rooms.publicRoom()).id

/** What a refusal says to wait; undefined where it says nothing. */
const waitOf = (promise: Promise<unknown>): Promise<number | undefined> =>
  promise.then(
    () => Promise.reject(new Error('the promise was kept')),
    (error: unknown) => (error instanceof ChatError ? error.retryMs : Promise.reject(error)),
  )

describe('a ban', () => {
  test('bars a public room at every operation, and coming in by anybody’s hand', async () => {
    const room = await publicRoom()
    await bob.ask('rooms.join', { room })
    const { message } = await bob.ask('messages.send', { room, content: 'mine', cid: 'before' })
    const ban = await ada.ask('bans.set', { room, user: bob.actor.id, reason: 'rude' })
    expect(ban).toMatchObject({ user: { username: 'bob' }, by: { username: 'ada' }, reason: 'rude', until: null })
    expect(await bob.refused('rooms.get', { room })).toBe('banned')
    expect(await bob.refused('rooms.join', { room })).toBe('banned')
    expect(await bob.refused('messages.list', { room })).toBe('banned')
    expect(await bob.refused('rooms.events', { room, after: 0 })).toBe('banned')
    expect(await bob.refused('messages.send', { room, content: 'more' })).toBe('banned')
    expect(await ada.refused('members.add', { room, user: bob.actor.id })).toBe('banned')
    // What was written before is still found by its cid.
    expect(await bob.ask('messages.send', { room, content: 'mine', cid: 'before' })).toMatchObject({
      dup: true,
      message: { id: message.id },
    })
    expect(await world.log.open(bob.actor.number, room)).toBeNull()
    await ada.ask('bans.lift', { room, user: bob.actor.id })
    expect((await bob.ask('rooms.join', { room })).me).toMatchObject({ role: 'member' })
  })

  test('tells nothing of a group to whom it keeps out', async () => {
    const room = await group()
    await ada.ask('bans.set', { room, user: bob.actor.id })
    expect(await bob.refused('rooms.get', { room })).toBe('not_found')
    expect(await bob.refused('messages.send', { room, content: 'x' })).toBe('not_found')
    expect(await ada.refused('members.add', { room, user: bob.actor.id })).toBe('banned')
  })

  test('ends by itself', async () => {
    const room = await publicRoom()
    const { until } = await ada.ask('bans.set', { room, user: eve.actor.id, for_s: 60 })
    expect(Date.parse(until ?? '')).toBe(world.clock.now() + 60_000)
    expect(await eve.refused('rooms.join', { room })).toBe('banned')
    expect((await ada.ask('bans.list', { room })).items).toMatchObject([{ user: { username: 'eve' } }])
    await world.clock.advance(60_000)
    expect((await ada.ask('bans.list', { room })).items).toEqual([])
    expect((await eve.ask('rooms.join', { room })).me).not.toBeNull()
  })

  test('is told with its end and without its reason', async () => {
    const room = await group([bob, eve])
    await ada.ask('bans.set', { room, user: bob.actor.id, reason: 'between us', for_s: 60 })
    const { events } = await eve.ask('rooms.events', { room, after: 3 })
    expect(events).toMatchObject([
      {},
      { ev: 'member.banned', data: { user: { username: 'bob' }, by: { username: 'ada' } } },
      { ev: 'member.left' },
    ])
    expect(JSON.stringify(world.eventsOf(room)) + JSON.stringify(events)).not.toContain('between us')
    expect(await eve.refused('bans.list', { room })).toBe('forbidden')
  })

  test('is known at another node at once, whatever that one remembers', async () => {
    const room = await publicRoom()
    const far = world.elsewhere(bob)
    await far.ask('messages.send', { room, content: 'remembered' })
    await ada.ask('bans.set', { room, user: bob.actor.id })
    expect(await far.refused('messages.send', { room, content: 'late' })).toBe('banned')
  })

  test('lists come latest first, page by page', async () => {
    const room = await publicRoom()
    const banned = []
    for (let number = 0; number < 3; number += 1) banned.push(await world.somebody(`nuisance${number}`))
    for (const { actor } of banned) await ada.ask('bans.set', { room, user: actor.id })
    const first = await ada.ask('bans.list', { room, limit: 2 })
    const second = await ada.ask('bans.list', { room, limit: 2, cursor: first.next ?? '' })
    expect([...first.items, ...second.items].map(({ user }) => user.username)).toEqual(['nuisance2', 'nuisance1', 'nuisance0'])
    expect(second.next).toBeNull()
  })
})

describe('a mute', () => {
  test('silences in this room alone and says when it ends', async () => {
    const [room, other] = [await group(), await group()]
    const { message } = await bob.ask('messages.send', { room, content: 'mine' })
    await ada.ask('mutes.set', { room, user: bob.actor.id, for_s: 90 })
    await world.clock.advance(30_000)
    expect(await waitOf(bob.ask('messages.send', { room, content: 'more' }))).toBe(60_000)
    expect(await bob.refused('messages.send', { room, content: 'more' })).toBe('muted')
    expect(await bob.refused('messages.edit', { room, message: message.id, content: 'other' })).toBe('muted')
    expect(await bob.refused('rooms.typing', { room })).toBe('muted')
    expect((await bob.ask('messages.list', { room })).items).toHaveLength(1)
    await bob.ask('messages.send', { room: other, content: 'elsewhere' })
    await world.clock.advance(60_000)
    await bob.ask('messages.send', { room, content: 'again' })
  })

  test('outlasts leaving and coming back, until it is lifted', async () => {
    const room = await publicRoom()
    await bob.ask('messages.send', { room, content: 'hello' })
    await ada.ask('mutes.set', { room, user: bob.actor.id })
    await bob.ask('rooms.leave', { room })
    expect(await bob.refused('messages.send', { room, content: 'me again' })).toBe('muted')
    expect(await waitOf(bob.ask('messages.send', { room, content: 'me again' }))).toBeUndefined()
    expect((await ada.ask('mutes.list', { room })).items).toMatchObject([{ user: { username: 'bob' }, until: null }])
    await ada.ask('mutes.lift', { room, user: bob.actor.id })
    await bob.ask('messages.send', { room, content: 'thanks' })
    expect(await ada.refused('mutes.lift', { room, user: bob.actor.id })).toBe('not_found')
  })
})

describe('slow mode', () => {
  test('makes members wait between two messages, not those who run the room', async () => {
    const room = await group([bob, eve])
    await ada.ask('members.update', { room, user: eve.actor.id, role: 'admin' })
    expect((await ada.ask('rooms.update', { room, slow_mode_s: 10 })).slow_mode_s).toBe(10)
    for (const who of [ada, eve]) for (const content of ['1', '2']) await who.ask('messages.send', { room, content })
    const sent = await bob.ask('messages.send', { room, content: 'first', cid: 'slow-1' })
    await world.clock.advance(4000)
    expect(await waitOf(bob.ask('messages.send', { room, content: 'second' }))).toBe(6000)
    expect(await bob.ask('messages.send', { room, content: 'first', cid: 'slow-1' })).toMatchObject({
      dup: true,
      message: { id: sent.message.id },
    })
    await world.clock.advance(6000)
    await bob.ask('messages.send', { room, content: 'second' })
    await ada.ask('rooms.update', { room, slow_mode_s: 0 })
    await bob.ask('messages.send', { room, content: 'third' })
  })

  test('counts from the moment it is set, for senders another node remembers as well', async () => {
    const room = await group()
    const far = world.elsewhere(bob)
    await far.ask('messages.send', { room, content: 'remembered' })
    await ada.ask('rooms.update', { room, slow_mode_s: 10 })
    const lane = {}
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((content) =>
        far.ask('messages.send', { room, content }, { lane }).then(
          () => 'sent',
          (error: ChatError) => error.code,
        ),
      ),
    )
    expect(answers).toEqual(['sent', 'slow_mode', 'slow_mode'])
  })
})

describe('an archived room', () => {
  test('is read and not written, until it is opened again', async () => {
    const room = await publicRoom()
    const { message } = await bob.ask('messages.send', { room, content: 'before', cid: 'archived' })
    expect((await ada.ask('rooms.archive', { room })).archived).toBe(true)
    expect(world.eventsOf(room).at(-1)).toMatchObject({ type: 'room.updated', changed: ['archived'], settings: { archived: true } })
    expect((await ada.ask('rooms.archive', { room })).archived).toBe(true)
    for (const who of [ada, bob]) expect(await who.refused('messages.send', { room, content: 'x' })).toBe('room_archived')
    expect(await bob.refused('messages.edit', { room, message: message.id, content: 'x' })).toBe('room_archived')
    expect(await eve.refused('rooms.join', { room })).toBe('room_archived')
    expect(await ada.refused('members.add', { room, user: eve.actor.id })).toBe('room_archived')
    expect((await eve.ask('messages.list', { room })).items).toHaveLength(1)
    expect((await bob.ask('rooms.join', { room })).me).not.toBeNull()
    expect((await bob.ask('messages.send', { room, content: 'before', cid: 'archived' })).dup).toBe(true)
    await bob.ask('messages.delete', { room, message: message.id })
    expect(await bob.refused('rooms.unarchive', { room })).toBe('forbidden')
    expect((await ada.ask('rooms.unarchive', { room })).archived).toBe(false)
    await eve.ask('messages.send', { room, content: 'after' })
  })
})

describe('an owner', () => {
  test('hands the room over, and may leave then', async () => {
    for (const room of [await group([bob, eve]), await publicRoom()]) {
      await bob.ask('rooms.join', { room }).catch(() => null)
      expect(await ada.refused('rooms.leave', { room })).toBe('last_owner')
      expect(await bob.refused('members.transfer', { room, user: bob.actor.id })).toBe('forbidden')
      expect(await ada.refused('members.transfer', { room, user: 'me' })).toBe('forbidden')
      expect(await ada.ask('members.transfer', { room, user: bob.actor.id })).toMatchObject({ role: 'owner', user: { username: 'bob' } })
      expect((await ada.ask('rooms.get', { room })).me).toMatchObject({ role: 'admin' })
      expect(await ada.refused('rooms.delete', { room })).toBe('forbidden')
      await ada.ask('rooms.leave', { room })
      expect((await bob.ask('rooms.get', { room })).me).toMatchObject({ role: 'owner' })
    }
  })
})
