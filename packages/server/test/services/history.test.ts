import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RoomEventFrame } from '@parlance/protocol'
import { openTrio } from './trio.ts'
import { faultsOf, type Somebody } from './world.ts'

const { world, ada, bob, eve, ...rooms } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

const group = async (history: 'open' | 'hidden') => (await rooms.group([bob], { policy: { history } })).id

async function fill(room: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) await ada.ask('messages.send', { room, content: `m${n}` })
}

describe('the history of a room', () => {
  let room: string
  beforeAll(async () => {
    room = await group('open')
    await fill(room, 1, 12)
  })
  const cases: [
    what: string,
    ask: { before?: number; after?: number; around?: number; limit?: number },
    ns: number[],
    more: [boolean, boolean],
  ][] = [
    ['the newest, oldest first', { limit: 3 }, [10, 11, 12], [true, false]],
    ['all there is', {}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [false, false]],
    ['before', { before: 4, limit: 2 }, [2, 3], [true, true]],
    ['before the first', { before: 1 }, [], [false, true]],
    ['after', { after: 9, limit: 2 }, [10, 11], [true, true]],
    ['after the last', { after: 12 }, [], [true, false]],
    ['around', { around: 6, limit: 5 }, [4, 5, 6, 7, 8], [true, true]],
    ['around the last', { around: 12, limit: 3 }, [10, 11, 12], [true, false]],
  ]
  for (const [what, ask, ns, [before, after]] of cases) {
    test(what, async () => {
      const page = await bob.ask('messages.list', { room, ...ask })
      expect([page.items.map(({ n }) => n), page.more_before, page.more_after]).toEqual([ns, before, after])
      expect(page.items.map(({ content }) => content)).toEqual(ns.map((n) => `m${n}`))
    })
  }

  test('is asked for by one bound at most', async () => {
    expect(await faultsOf(bob.ask('messages.list', { room, before: 3, after: 1 }))).toEqual([''])
  })
})

describe('hidden history', () => {
  let room: string
  beforeAll(async () => {
    room = await group('hidden')
    await fill(room, 1, 3)
    await ada.ask('members.add', { room, user: eve.actor.id })
    await fill(room, 4, 5)
    await eve.ask('rooms.leave', { room })
    await fill(room, 6, 7)
    await ada.ask('members.add', { room, user: eve.actor.id })
    await fill(room, 8, 9)
  })
  const ns = async (who: Somebody, ask = {}) => (await who.ask('messages.list', { room, ...ask })).items.map(({ n }) => n)

  test('shows each reader their own stays, past ones too', async () => {
    expect(await ns(eve)).toEqual([4, 5, 8, 9])
    expect(await ns(eve, { before: 9, limit: 2 })).toEqual([5, 8])
    expect(await ns(eve, { after: 4, limit: 2 })).toEqual([5, 8])
    expect(await ns(eve, { around: 6, limit: 2 })).toEqual([5, 8])
    expect(await eve.ask('messages.list', { room, before: 4 })).toEqual({ items: [], more_before: false, more_after: true })
    expect(await ns(bob)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('hides messages from every operation that names one', async () => {
    const { items } = await bob.ask('messages.list', { room })
    const [hidden, visible] = [items[5]?.id ?? '', items[7]?.id ?? '']
    expect(await eve.refused('messages.get', { room, message: hidden })).toBe('not_found')
    expect(await eve.refused('messages.delete', { room, message: hidden })).toBe('not_found')
    expect(await faultsOf(eve.ask('messages.send', { room, content: 'x', reply_to: hidden }))).toEqual(['/reply_to'])
    expect(await eve.ask('messages.get', { room, message: visible })).toMatchObject({ n: 8 })
  })

  test('leaves positions of the log empty and says that it covers them', async () => {
    const log = await eve.ask('rooms.events', { room, after: 0 })
    const all = await bob.ask('rooms.events', { room, after: 0 })
    expect(log).toMatchObject({ after: 0, upto: all.upto, floor: 0 })
    const created = (events: RoomEventFrame[]) => events.flatMap(({ ev, n }) => (ev === 'message.created' ? [n] : []))
    expect(created(log.events)).toEqual([4, 5, 8, 9])
    // Own joins and the own departure belong to one's stays.
    expect(log.events.filter(({ ev }) => ev.startsWith('member.')).map(({ ev }) => ev)).toEqual([
      'member.joined',
      'member.left',
      'member.joined',
    ])
    expect(log.events.filter(({ ev }) => ev === 'room.created')).toEqual([])
  })

  test('keeps the text out of the replay of an edit that somebody present may not read', async () => {
    const { items } = await ada.ask('messages.list', { room })
    await ada.ask('messages.edit', { room, message: items[0]?.id ?? '', content: 'm1, edited' })
    await ada.ask('messages.edit', { room, message: items[8]?.id ?? '', content: 'm9, edited' })
    for (const reader of [bob, eve]) {
      const { events } = await reader.ask('rooms.events', { room, after: 0 })
      const edits = events.flatMap((event) => (event.ev === 'message.edited' ? [event.data] : []))
      expect(edits.map(({ n, message }) => [n, message?.content ?? null])).toEqual([
        [1, null],
        [9, 'm9, edited'],
      ])
    }
  })
})

describe('the log of a room', () => {
  test('replays facts as written and texts as they are now', async () => {
    const room = await group('open')
    await fill(room, 1, 2)
    const { items } = await ada.ask('messages.list', { room })
    await ada.ask('messages.edit', { room, message: items[0]?.id ?? '', content: 'changed' })
    await ada.ask('messages.delete', { room, message: items[1]?.id ?? '' })
    await ada.ask('members.update', { room, user: bob.actor.id, role: 'admin' })
    await ada.ask('members.remove', { room, user: bob.actor.id })
    const { events, upto } = await ada.ask('rooms.events', { room, after: 0 })
    expect(upto).toBe(9)
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    const brief = ({ actor: { id, username } }: Somebody) => ({ id, username })
    expect(events.map(({ data }) => data)).toMatchObject([
      { by: brief(ada), kind: 'group' },
      { user: brief(ada), role: 'owner', by: null },
      { user: brief(bob), role: 'member', by: brief(ada) },
      { content: 'changed', n: 1, rev: 6 },
      { content: '', n: 2, rev: 7, deleted_at: expect.any(String) },
      { n: 1, rev: 6, message: { content: 'changed' } },
      { n: 2, rev: 7, by: brief(ada) },
      { user: brief(bob), role: 'admin', by: brief(ada) },
      { user: brief(bob), by: brief(ada) },
    ])
    expect(await bob.refused('rooms.events', { room, after: 0 })).toBe('not_found')
  })

  test('comes in pages whose ranges meet, and ends at the head', async () => {
    const room = await group('open')
    await fill(room, 1, 4)
    const seqs: number[] = []
    let after = 0
    for (let pages = 0; pages < 3; pages += 1) {
      const page = await bob.ask('rooms.events', { room, after, limit: 3 })
      expect(page.after).toBe(after)
      seqs.push(...page.events.map(({ seq }) => seq))
      after = page.upto
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(await bob.ask('rooms.events', { room, after })).toEqual({ room, after: 7, upto: 7, floor: 0, events: [] })
    // A position ahead of the head is not moved forward: it proves a lost tail.
    expect((await bob.ask('rooms.events', { room, after: 50 })).upto).toBe(7)
  })

  test('of a public room is open to everybody signed in', async () => {
    const { room } = await ada.ask('rooms.create', { kind: 'public', name: 'open log' })
    expect((await eve.ask('rooms.events', { room: 'name:open log', after: 0 })).events.map(({ ev }) => ev)).toEqual([
      'room.created',
      'member.joined',
    ])
    expect(room.me?.role).toBe('owner')
  })

  test('is what the bus carried', async () => {
    const room = await group('open')
    await fill(room, 1, 3)
    const { number } = world.eventsOf(room)[0]?.room ?? { number: 0 }
    const events = world.eventsOf(room)
    expect(await world.log.events(number, { after: 0, upto: 99, limit: 99 })).toEqual({ events, upto: events.length, floor: 0 })
  })
})

describe('one’s own log', () => {
  test('holds the newest fact of each thing, in pages that cover what was replaced', async () => {
    const fay = await world.somebody('fay')
    const rooms: string[] = []
    for (let made = 0; made < 3; made += 1) rooms.push((await fay.ask('rooms.create', { kind: 'group', title: `${made}` })).room.id)
    await fill2(fay, rooms[0] ?? '')
    await fay.ask('rooms.leave', { room: rooms[1] ?? '' })
    const log = await fay.ask('me.events', { after: 0 })
    expect(log.events.map(({ uev, useq, data }) => [uev, useq, 'room' in data ? rooms.indexOf(data.room) : null])).toEqual([
      ['room.joined', 1, 0],
      ['room.joined', 3, 2],
      ['room.left', 4, 1],
    ])
    expect(log).toMatchObject({ after: 0, upto: 4 })
    const first = await fay.ask('me.events', { after: 0, limit: 2 })
    expect(first).toMatchObject({ upto: 3 })
    expect(await fay.ask('me.events', { after: first.upto, limit: 2 })).toMatchObject({ upto: 4, events: [{ useq: 4 }] })
    expect(await fay.ask('me.events', { after: 4 })).toEqual({ after: 4, upto: 4, events: [] })
  })

  const fill2 = async (who: Somebody, room: string) => {
    await who.ask('messages.send', { room, content: 'moves the own marker without a fact' })
  }

  test('is what the bus carried', async () => {
    const gus = await world.somebody('gus')
    const { room } = await gus.ask('rooms.create', { kind: 'group', members: [ada.actor.id] })
    await ada.ask('messages.send', { room: room.id, content: 'x' })
    await gus.ask('rooms.read', { room: room.id, n: 1 })
    const heard = world.heard.filter((signal) => signal.kind === 'user' && signal.user === gus.actor.number)
    const stored = await world.log.userEvents(gus.actor.number, { after: 0, limit: 50 })
    expect(stored.events).toEqual(heard as never)
    expect(stored.upto).toBe(2)
  })
})
