import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import type { OlderSocket } from '../../harness/older-client.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { before, type Frame, type Member, older, type Older, texts } from './people.ts'

let world: World
let people: Older
let ann: Member
let bob: Member
beforeAll(async () => {
  world = await openWorld()
  people = older(world.server.url)
  ann = await people.person('ann')
  bob = await people.person('bob')
})
afterAll(() => world[Symbol.asyncDispose]())

const closedWith = async (room: string, who: Member): Promise<number> => {
  await using socket = await people.api.open(`${people.path(room)}?token=${who.access}`)
  return (await socket.closed).code
}
const said = (frames: readonly Frame[]): string[] => texts(frames.filter(({ type }) => type === 'chat_message'))
/** The next frames that are about somebody coming or going. */
const movements = async (socket: OlderSocket, count: number) =>
  ((await socket.take(count)) as Frame[]).map(({ type, username }) => `${type} ${username}`)

describe('a frame that cannot be used is an error to its sender alone, who stays', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const notJson = 'Invalid JSON format received'
  const missing = 'Message content is missing'
  const frames: [what: string, frame: string | Uint8Array<ArrayBuffer>, error: string | null][] = [
    ['text that is not JSON', 'not json', notJson],
    ['an empty text', '', notJson],
    ['an array', '[{"message":"x"}]', notJson],
    ['a number', '5', notJson],
    ['null', 'null', notJson],
    ['a binary frame', bytes('{"message":"binary"}'), notJson],
    ['deep nesting', `{"message":"x","a":${'['.repeat(1000)}${']'.repeat(1000)}}`, notJson],
    ['no message', '{}', missing],
    ['an empty message', '{"message":""}', missing],
    ['null for a message', '{"message":null,"content":false}', missing],
    ['an object for a message', '{"message":{"message":"x"}}', missing],
    ['nought', '{"content":0}', missing],
    ['another type', '{"type":"dance","message":"x"}', null],
    ['a type that is no text', '{"type":["message"],"message":"x"}', null],
    ['typing of no truth', '{"type":"typing","is_typing":"perhaps"}', null],
  ]
  for (const [what, frame, error] of frames) {
    test(what, async () => {
      await using one = await people.enter(ann, 'frames')
      await using other = await people.enter(bob, 'frames')
      await one.take(1)
      one.send(frame)
      expect(await before(one, `after ${what}`)).toEqual(error === null ? [] : [{ error }])
      const told = (await other.upto((sent) => (sent as Frame).message === `after ${what}`)) as Frame[]
      expect(told.filter(({ type }) => type !== 'typing_indicator')).toEqual([])
      expect([one.ended, other.ended]).toEqual([null, null])
    })
  }

  test('what is too long or has NUL in it, with the reason', async () => {
    await using one = await people.enter(ann, 'frames')
    for (const message of ['x'.repeat(limits.content_chars + 1), '漢'.repeat(limits.content_bytes / 3 + 1), 'a\u0000b']) {
      one.send({ message })
      expect(await one.take(1)).toEqual([{ error: expect.stringMatching(/./) }])
    }
    expect(await before(one, 'short')).toEqual([])
  })

  test('a blank message and a long number are sent as they were written', async () => {
    await using one = await people.enter(ann, 'written')
    one.send('{"message":"  "}')
    one.send('{"content":12345678901234567890.50}')
    expect(texts(await one.take(2))).toEqual(['  ', '12345678901234567890.50'])
  })

  test('a frame above the bound of a frame ends its socket and no other', async () => {
    await using one = await people.enter(ann, 'frames')
    await using other = await people.enter(bob, 'frames')
    one.send({ message: 'x'.repeat(limits.frame_bytes) })
    await one.closed
    await other.upto((frame) => (frame as Frame).type === 'user_leave')
    expect(await before(other, 'still here')).toEqual([])
  })
})

describe('on connect', () => {
  test('come the newest 1,000 messages in order, each once, and what is said meanwhile behind them', async () => {
    const who = await world.person('writer')
    const { room } = await world.rest.call('rooms.create', { kind: 'public', name: 'long' }, who)
    const send = (i: number) => world.rest.call('messages.send', { room: room.id, content: `${i}`, cid: `c${i}` }, who)
    for (let i = 0; i < 1210; i += 110) await Promise.all(Array.from({ length: 110 }, (_, at) => send(i + at)))
    const log = await world.rest.call('messages.list', { room: room.id, limit: 200 }, who)
    const opening = people.open(ann, 'long')
    const later = await Promise.all([send(2000), send(2001)])
    const { socket, before: came } = await opening
    await using _open = socket
    await using native = await people.open(bob, 'long').then(({ socket: his }) => his)
    native.send({ message: 'the end' })
    await socket.upto((frame) => (frame as Frame).message === 'the end')
    expect(came.at(0)?.type).toBe('room_users_list')
    const told = (socket.frames as Frame[]).flatMap(({ message_id }) => message_id ?? [])
    expect(new Set(told).size).toBe(told.length)
    for (const { message } of later) expect(told).toContain(message.id)
    // The newest of when it came, then the two that were sent meanwhile, if they are not among them, and the last one.
    expect([1001, 1002, 1003]).toContain(told.length)
    expect(told.slice(-203, -3)).toEqual(log.items.map(({ id }) => id))
  })

  test('comes a message as it was last edited, once, and a deleted one as a text that says so', async () => {
    await using first = await people.enter(ann, 'history')
    for (const message of ['one', 'two', 'three']) first.send({ message })
    const ids = ((await first.take(3)) as Frame[]).map(({ message_id }) => message_id ?? '')
    await people.ask('PUT', `/chat/messages/${ids[0]}/edit/`, { as: ann, json: { content: 'uno' } })
    await people.ask('DELETE', `/chat/messages/${ids[1]}/delete/`, { as: ann })
    const { socket, before: came } = await people.open(bob, 'history')
    await using _open = socket
    expect(came.slice(1)).toMatchObject([
      { message: 'uno', message_id: ids[0], is_deleted: false, edited_at: expect.any(String) },
      { message: 'This message has been deleted', message_id: ids[1], is_deleted: true },
      { message: 'three', message_id: ids[2], edited_at: null },
    ])
    expect(await before(socket, 'now')).toEqual([])
  })
})

describe('who is here', () => {
  test('is told of the first socket and the last of a person, at whichever door', async () => {
    const cat = await people.person('cat')
    await using watching = await people.enter(ann, 'lobby')
    const first = await people.enter(cat, 'lobby')
    expect(await movements(watching, 1)).toEqual(['user_join cat'])
    const native = await world.socket({ id: '', username: 'cat', token: cat.access, refresh: '' })
    const { id: room } = await native.op('rooms.get', { room: 'name:lobby' })
    native.send({ open: room })
    await native.next('opened')
    await first[Symbol.asyncDispose]()
    expect(await before(watching, 'still here')).toEqual([])
    native.send({ close: room })
    expect(await movements(watching, 1)).toEqual(['user_leave cat'])
    const { before: came, socket } = await people.open(cat, 'lobby')
    await using _open = socket
    expect(came[0]?.users?.map(({ username }) => username)).toEqual(['ann', 'cat'])
    expect((await native.op('presence.here', { room })).items.map(({ username }) => username)).toEqual(['ann', 'cat'])
  })

  test('of many who come and go in a hurry everybody who stays is told right', async () => {
    const crowd = await Promise.all(Array.from({ length: 8 }, (_, i) => people.person(`hurry${i}`)))
    await using watching = await people.enter(ann, 'hurry')
    const sockets = await Promise.all(Array.from({ length: 3 }, () => crowd).flatMap((all) => all.map((who) => people.enter(who, 'hurry'))))
    await Promise.all(sockets.slice(8).map((socket) => socket[Symbol.asyncDispose]()))
    await Promise.all(sockets.slice(0, 4).map((socket) => socket[Symbol.asyncDispose]()))
    watching.send({ message: 'the end' })
    // Leaving is heard of when the socket has ended on the other side, too.
    const frames = watching.frames as Frame[]
    const left = new Set<string>()
    const settle = () => {
      left.clear()
      for (const { type, username = '' } of frames) {
        if (type === 'user_join') left.add(username)
        if (type === 'user_leave') left.delete(username)
      }
      return left.size
    }
    while (settle() > 5) await watching.take(1)
    expect([...left].toSorted()).toEqual(['ann', 'hurry4', 'hurry5', 'hurry6', 'hurry7'])
    const { before: came, socket } = await people.open(bob, 'hurry')
    await using _open = socket
    expect(new Set(came[0]?.users?.map(({ username }) => username))).toEqual(new Set([...left, 'bob']))
    await Promise.all(sockets.slice(4, 8).map((one) => one[Symbol.asyncDispose]()))
  })
})

describe('a private room', () => {
  test('opens for its members until they are removed, and tells the others that they went', async () => {
    const maker = await people.person('maker')
    const { room_id } = await people.room(maker, { room_name: 'den', is_private: true })
    const path = `/chat/rooms/${room_id}/members`
    expect(await closedWith('den', bob)).toBe(4003)
    await people.ask('POST', `${path}/add/`, { as: maker, json: { user_id: bob.id } })
    await using his = await people.enter(bob, 'den')
    await using hers = await people.enter(maker, room_id)
    await before(hers, 'welcome')
    await people.ask('DELETE', `${path}/remove/${bob.id}/`, { as: maker })
    const answered = performance.now()
    hers.send({ message: 'not for bob' })
    expect((await his.closed).code).toBe(4003)
    expect(performance.now() - answered).toBeLessThan(1000)
    expect(said(his.frames as Frame[])).toEqual(['welcome'])
    expect(((await hers.take(2)) as Frame[]).map(({ type }) => type)).toEqual(['user_leave', 'chat_message'])
    expect(await closedWith('den', bob)).toBe(4003)
    expect(await closedWith(room_id, bob)).toBe(4000)
  })
})

describe('a name', () => {
  test('of a room with blanks does not open it, its id does', async () => {
    const { room_id } = await people.room(ann, { room_name: 'two words' })
    await using socket = await people.enter(bob, room_id)
    expect(await before(socket, 'hi')).toEqual([])
  })

  test('in letters of any script makes a room, once for all who ask for it at the same time', async () => {
    const sockets = await Promise.all(Array.from({ length: 12 }, (_, i) => people.enter(i % 2 === 0 ? ann : bob, 'größe_漢字')))
    sockets[0]?.send({ message: 'one room' })
    for (const socket of sockets) await socket.upto((frame) => (frame as Frame).message === 'one room')
    await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()))
  })

  test('that is reserved, too long or of nobody is closed with 4000', async () => {
    for (const name of ['dm_x', `dm_${ann.id}`, `dm_${ann.id}_99999`, `dm_${ann.id}_${ann.id}`, 'x'.repeat(limits.room_name_chars + 1)])
      expect([name.slice(0, 20), await closedWith(name, ann)]).toEqual([name.slice(0, 20), 4000])
  })

  test('of a pair tells a third person nothing of whether the two talk', async () => {
    const [dan, eve] = [await people.person('dan'), await people.person('eve')]
    const name = `dm_${[String(dan.id), String(eve.id)].toSorted().join('_')}`
    expect([await closedWith(name, ann), await closedWith(name, dan)]).toEqual([4003, 4000])
    await people.ask('GET', `/chat/dm/${eve.id}`, { as: dan })
    expect(await closedWith(name, ann)).toBe(4003)
    await using his = await people.enter(dan, name)
    await using hers = await people.enter(eve, name)
    expect(await before(hers, 'hello')).toEqual([])
    expect(texts(await his.take(2))).toEqual(['hello'])
    his.send({ type: 'typing', is_typing: true })
    expect(await hers.take(1)).toMatchObject([{ type: 'typing_indicator', room: name, user: 'dan' }])
  })
})

describe('a socket ends', () => {
  test('with 4001 within a second of a logout, and of no other login of the same person', async () => {
    const gus = await people.person('gus')
    const again = await people.person('gus')
    await using ending = await people.enter(gus, 'ending')
    await using other = await people.enter(again, 'ending')
    await world.rest.call('accounts.logout', {}, { token: gus.access })
    const answered = performance.now()
    expect((await ending.closed).code).toBe(4001)
    expect(performance.now() - answered).toBeLessThan(1000)
    expect(await before(other, 'still here')).toEqual([])
  })

  test('with 4503 when the server goes away', async () => {
    const own = await openWorld()
    const there = older(own.server.url)
    const socket = await there.enter(await there.person('last'), 'closing')
    const closing = own[Symbol.asyncDispose]()
    expect((await socket.closed).code).toBe(4503)
    await closing
  })
})

test('one who connects in a tight loop gets in each time, and nothing is left of it', async () => {
  const loop = await people.person('loop')
  for (let i = 0; i < 40; i++) {
    await using socket = await people.enter(loop, 'loop')
    expect(socket.ended).toBeNull()
  }
  await using watching = await people.enter(ann, 'loop')
  watching.send({ message: 'who is left' })
  await watching.upto((frame) => (frame as Frame).message === 'who is left')
  const { items } = await world.rest.call('presence.here', { room: 'name:loop' }, { token: ann.access })
  expect(items.map(({ username }) => username)).toEqual(['ann'])
})

test('a sender whose budget is spent is slowed, loses nothing and keeps the order', async () => {
  const rate = { burst: 5, perMinute: 600 }
  const plenty = { burst: 1000, perMinute: 60_000 }
  const ratesPerUser = { auth: plenty, read: plenty, write: plenty, send: rate, ephemeral: plenty }
  await using slow = await openWorld({ env: { RATE_LIMIT: 'on' }, limits: { ratesPerUser, framesPerLook: 3 } })
  const there = older(slow.server.url)
  await using socket = await there.enter(await there.person('eager'), 'slow')
  const all = Array.from({ length: 15 }, (_, i) => `slow ${i}`)
  for (const message of all) socket.send({ message })
  expect(texts(await socket.take(15))).toEqual(all)
  expect(socket.ended).toBeNull()
})
