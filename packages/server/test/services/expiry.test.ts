import { afterAll, describe, expect, test } from 'bun:test'
import { retireExpired } from '../../src/services/expiry.ts'
import { openTrio } from './trio.ts'

const { world, ada, bob, ...rooms } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

const minute = 60
const pass = (seconds: number) => world.clock.advance(seconds * 1000)
const retire = () => retireExpired(world.deps)
const group = async (policy = {}) => (await rooms.group([bob], { policy })).id
const say = async (room: string, content: string) => (await ada.ask('messages.send', { room, content })).message
const texts = async (room: string) => (await bob.ask('messages.list', { room })).items.map(({ content }) => content)

/** A room that forgets after a minute, with two messages half a minute apart. */
async function forgetful() {
  const room = await group()
  await ada.ask('rooms.expiry', { room, ttl_s: minute })
  const early = await say(room, 'early')
  await pass(30)
  const late = await say(room, 'late')
  return { room, early, late }
}

describe('a room that forgets', () => {
  test('loses what is older than its time, and says where its floor is', async () => {
    const { room, early } = await forgetful()
    await pass(29)
    await retire()
    expect(await texts(room)).toEqual(['early', 'late'])
    await pass(1)
    await retire()
    expect(await texts(room)).toEqual(['late'])
    expect(await bob.ask('rooms.get', { room })).toMatchObject({
      ttl_s: minute,
      floor_seq: early.seq,
      floor_n: early.n,
      n: 2,
      me: { unread: 1 },
    })
    expect(world.heard.at(-1)).toMatchObject({ kind: 'floor', room: { id: room }, seq: early.seq, n: early.n })
    expect(await bob.refused('messages.get', { room, message: early.id })).toBe('not_found')
    expect(await bob.refused('messages.send', { room, content: 're', reply_to: early.id }).catch((error: unknown) => String(error))).toBe(
      'invalid_input',
    )
  })

  test('keeps nothing of a message that disappeared', async () => {
    const { room, early } = await forgetful()
    const one = { room, message: early.id }
    await bob.ask('reactions.add', { ...one, emoji: '👍' })
    await bob.ask('messages.read', one)
    await ada.ask('pins.add', one)
    await bob.ask('messages.send', { room, content: 'reply', reply_to: early.id })
    await pass(31)
    await retire()
    for (const refused of ['messages.get', 'messages.thread', 'reactions.list', 'messages.reads', 'messages.delete', 'pins.add'] as const)
      expect(await ada.refused(refused, one)).toBe('not_found')
    expect((await ada.ask('pins.list', { room })).items).toEqual([])
    const number = (await world.deps.store.rooms.byId(room))?.number ?? 0
    expect(await world.deps.store.reactions.of(number, { n: early.n, emoji: null }, { after: null, limit: 9 })).toEqual([])
    expect(await texts(room)).toEqual(['late', 'reply'])
    const { events, floor, upto } = await ada.ask('rooms.events', { room, after: 0 })
    expect(floor).toBe(early.seq)
    // What was said of it later is above the floor, and retired with it all the same.
    expect(events.map(({ ev }) => ev)).toEqual(['message.created', 'message.created'])
    expect(upto).toBe((await ada.ask('rooms.get', { room })).seq)
  })

  test('answers a reader from below the floor with the floor, and everything above it', async () => {
    const { room, early, late } = await forgetful()
    await pass(31)
    await retire()
    const log = await bob.ask('rooms.events', { room, after: 1 })
    expect(log).toMatchObject({ after: 1, upto: late.seq, floor: early.seq, events: [{ ev: 'message.created', seq: late.seq }] })
    const { number } = (await world.deps.store.rooms.byId(room)) ?? { number: 0 }
    expect(await world.log.events(number, { after: 0, upto: late.seq, limit: 1 })).toMatchObject({
      upto: late.seq,
      floor: early.seq,
      events: [{ seq: late.seq }],
    })
    expect(await world.log.events(number, { after: 0, upto: 2, limit: 200 })).toEqual({ events: [], upto: 2, floor: early.seq })
  })

  test('goes on counting: the next message has the next numbers, and unread begins behind the floor', async () => {
    const { room, late } = await forgetful()
    await pass(120)
    await retire()
    expect(await bob.ask('rooms.get', { room })).toMatchObject({ floor_seq: late.seq, floor_n: late.n, me: { read: late.n, unread: 0 } })
    expect((await bob.ask('rooms.list', {})).items.find((item) => item.room.id === room)?.last_message).toBeNull()
    const next = await say(room, 'next')
    expect(next).toMatchObject({ n: late.n + 1, seq: late.seq + 1 })
    expect(await bob.ask('rooms.get', { room })).toMatchObject({ me: { unread: 1 } })
    expect(await bob.ask('messages.list', { room })).toMatchObject({ items: [{ content: 'next' }], more_before: false })
    expect(
      await world.log.events((await world.deps.store.rooms.byId(room))?.number ?? 0, { after: 0, upto: next.seq, limit: 200 }),
    ).toMatchObject({
      upto: next.seq,
      floor: late.seq,
    })
  })

  test('retires a long past in steps, each of a bounded number of events', async () => {
    const room = await group()
    const lane = {}
    await Promise.all(Array.from({ length: 450 }, (_, i) => ada.ask('messages.send', { room, content: `${i}` }, { lane })))
    await pass(3600)
    const last = await say(room, 'last')
    await ada.ask('rooms.expiry', { room, ttl_s: minute })
    const before = world.heard.length
    await retire()
    const floors = world.heard.slice(before).flatMap((signal) => (signal.kind === 'floor' && signal.room.id === room ? [signal.n] : []))
    expect(floors.length).toBe(3)
    expect(floors).toEqual(floors.toSorted((a, b) => a - b))
    expect(floors.at(-1)).toBe(last.n - 1)
    expect(await texts(room)).toEqual(['last'])
  })

  test('forgets the cid with the message: the same one sends a new message', async () => {
    const { room } = await forgetful()
    const { message } = await ada.ask('messages.send', { room, content: 'x', cid: 'once' })
    await pass(120)
    await retire()
    const again = await ada.ask('messages.send', { room, content: 'y', cid: 'once' })
    expect(again).toMatchObject({ dup: false, message: { n: message.n + 1 } })
  })
})

describe('the time of a room', () => {
  test('is set by who manages it, told as an event, and can be taken back', async () => {
    const room = await group()
    expect(await bob.refused('rooms.expiry', { room, ttl_s: minute })).toBe('forbidden')
    expect(await ada.ask('rooms.expiry', { room, ttl_s: minute })).toMatchObject({ ttl_s: minute })
    await ada.ask('rooms.expiry', { room, ttl_s: minute })
    expect(world.eventsOf(room).filter(({ type }) => type === 'expiry.set')).toMatchObject([{ ttl: minute, actor: { username: 'ada' } }])
    await say(room, 'kept')
    await ada.ask('rooms.expiry', { room, ttl_s: null })
    await pass(3600)
    await retire()
    expect(await texts(room)).toEqual(['kept'])
    const { events } = await bob.ask('rooms.events', { room, after: 3 })
    expect(events.flatMap(({ ev, data }) => (ev === 'expiry.set' ? [data.ttl_s] : []))).toEqual([minute, null])
  })

  test('is for both of a pair to set', async () => {
    const { room } = await ada.ask('rooms.direct', { user: bob.actor.id })
    expect(await bob.ask('rooms.expiry', { room: room.id, ttl_s: minute })).toMatchObject({ ttl_s: minute })
  })
})
