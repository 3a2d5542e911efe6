import { afterAll, describe, expect, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { openTrio } from './trio.ts'
import { faultsOf } from './world.ts'

const { world, ada, bob, eve, group, publicRoom } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

describe('changing a room', () => {
  test('changes what is named, keeps the rest, and tells the room as it is now', async () => {
    const before = await group()
    const room = await ada.ask('rooms.update', { room: before.id, name: 'renamed', title: null, meta: { colour: 'red' } })
    const { id, seq, kind: _, ...rest } = before
    expect(room).toEqual({ ...rest, id, kind: 'group', seq: seq + 1, name: 'renamed', title: null, meta: { colour: 'red' } })
    expect(await ada.ask('rooms.get', { room: 'name:renamed' })).toEqual(room)
    expect(world.eventsOf(id).at(-1)).toMatchObject({
      type: 'room.updated',
      room: { name: 'renamed' },
      changed: ['name', 'title', 'meta'],
      settings: { rev: room.seq, name: 'renamed', title: null, policy: room.policy },
    })
    const { events } = await bob.ask('rooms.events', { room: id, after: seq })
    expect(events).toMatchObject([
      {
        ev: 'room.updated',
        seq: room.seq,
        data: { by: { username: 'ada' }, changed: ['name', 'title', 'meta'], settings: { name: 'renamed' } },
      },
    ])
  })

  test('to what it is already is no event', async () => {
    const room = await group()
    const heard = world.heard.length
    expect(await ada.ask('rooms.update', { room: room.id, title: 'A group', policy: { add: 'admins' } })).toEqual(room)
    expect(world.heard).toHaveLength(heard)
  })

  test('replays in its present state, which a later change may have made', async () => {
    const room = (await group()).id
    for (const title of ['secret', 'open']) await ada.ask('rooms.update', { room, title })
    const { events } = await bob.ask('rooms.events', { room, after: 0 })
    expect(JSON.stringify(events)).not.toContain('secret')
    expect(events.filter(({ ev }) => ev === 'room.updated')).toMatchObject([{ data: { settings: { title: 'open' } } }, {}])
  })

  test('is for whom the policy names, the policy itself for the owner', async () => {
    const room = (await group([bob, eve])).id
    expect(await bob.refused('rooms.update', { room, title: 'mine' })).toBe('forbidden')
    await ada.ask('members.update', { room, user: bob.actor.id, role: 'admin' })
    expect((await bob.ask('rooms.update', { room, description: 'by an admin' })).description).toBe('by an admin')
    expect(await bob.refused('rooms.update', { room, policy: { manage: 'members' } })).toBe('forbidden')
    expect((await ada.ask('rooms.update', { room, policy: { manage: 'members' } })).policy).toMatchObject({
      manage: 'members',
      add: 'admins',
    })
    expect((await eve.ask('rooms.update', { room, title: 'by a member' })).title).toBe('by a member')
    const stranger = await world.somebody('stranger')
    expect(await stranger.refused('rooms.update', { room, title: 'x' })).toBe('not_found')
    expect(await stranger.refused('rooms.update', { room: (await publicRoom()).id, title: 'x' })).toBe('forbidden')
  })

  test('refuses what the kind of room cannot be, each fault at its place', async () => {
    const [open, closed] = [await publicRoom(), await group()]
    expect(await faultsOf(ada.ask('rooms.update', { room: open.id, name: null, policy: { history: 'hidden' } }))).toEqual([
      '/name',
      '/policy/history',
    ])
    expect(await faultsOf(ada.ask('rooms.update', { room: closed.id, name: 'dm_x', policy: { read: 'users' } }))).toEqual([
      '/name',
      '/policy/read',
    ])
    expect(await faultsOf(ada.ask('rooms.update', { room: closed.id, meta: { long: 'x'.repeat(5000) } }))).toEqual(['/meta'])
    expect(await faultsOf(ada.ask('rooms.update', { room: closed.id }))).toEqual([''])
    expect(await ada.refused('rooms.update', { room: closed.id, name: open.name })).toBe('name_taken')
    const { room } = await ada.ask('rooms.direct', { user: bob.actor.id })
    expect(await ada.refused('rooms.update', { room: room.id, title: 'ours' })).toBe('forbidden')
  })
})

describe('deleting a room', () => {
  test('ends it for everybody: nothing is left but the last event, and a fact in the log of each member', async () => {
    const room = await publicRoom()
    await bob.ask('rooms.join', { room: room.id })
    const { message } = await bob.ask('messages.send', { room: room.id, content: 'going' })
    await ada.ask('rooms.delete', { room: room.id })
    expect(world.eventsOf(room.id).at(-1)).toMatchObject({ type: 'room.deleted', actor: { username: 'ada' } })
    for (const who of [ada, bob, eve]) {
      const input = { room: room.id }
      expect(await who.refused('rooms.get', input)).toBe('not_found')
      expect(await who.refused('rooms.join', input)).toBe('not_found')
      expect(await who.refused('messages.list', input)).toBe('not_found')
      expect(await who.refused('messages.get', { ...input, message: message.id })).toBe('not_found')
      expect(await who.refused('messages.send', { ...input, content: 'late' })).toBe('not_found')
      expect(await who.refused('rooms.read', { ...input, n: 1 })).toBe('not_found')
      expect(await who.refused('rooms.delete', input)).toBe('not_found')
      const { events, upto, floor } = await who.ask('rooms.events', { ...input, after: 2 })
      expect(events).toMatchObject([{ ev: 'room.deleted', seq: upto, data: { by: { username: 'ada' } } }])
      expect(floor).toBe(upto - 1)
      expect((await who.ask('rooms.events', { ...input, after: upto })).events).toEqual([])
    }
    await eventually(async () => {
      const { events } = await bob.ask('me.events', { after: 0 })
      expect(events.find(({ data }) => 'room' in data && data.room === room.id)).toMatchObject({ uev: 'room.gone' })
    })
    expect((await ada.ask('rooms.list', {})).items.map((item) => item.room.id)).not.toContain(room.id)
    expect((await ada.ask('rooms.create', { kind: 'public', name: room.name ?? '' })).room.id).not.toBe(room.id)
  })

  test('is the owner’s alone, and never of a direct room', async () => {
    const room = (await group([bob])).id
    await ada.ask('members.update', { room, user: bob.actor.id, role: 'admin' })
    expect(await bob.refused('rooms.delete', { room })).toBe('forbidden')
    expect(await eve.refused('rooms.delete', { room })).toBe('not_found')
    const { room: direct } = await ada.ask('rooms.direct', { user: bob.actor.id })
    expect(await ada.refused('rooms.delete', { room: direct.id })).toBe('forbidden')
  })

  test('of a group leaves nothing to those who were not there at the end', async () => {
    const room = (await group([bob, eve])).id
    await eve.ask('rooms.leave', { room })
    await ada.ask('rooms.delete', { room })
    expect(await eve.refused('rooms.events', { room, after: 0 })).toBe('not_found')
    expect((await bob.ask('rooms.events', { room, after: 0 })).events).toHaveLength(1)
  })

  test('is known at another node at once, whatever that one remembers', async () => {
    const room = (await group()).id
    const far = world.elsewhere(bob)
    await far.ask('messages.send', { room, content: 'remembered' })
    await ada.ask('rooms.delete', { room })
    expect(await far.refused('messages.send', { room, content: 'late' })).toBe('not_found')
  })
})
