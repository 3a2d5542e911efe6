import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { openWorld, type World } from '../../harness/world.ts'
import { before, type Member, messages, older, type Older } from './people.ts'

let world: World
let people: Older
let ann: Member
let bob: Member
beforeAll(async () => {
  // Beside other APIs a handshake may be theirs.
  world = await openWorld({ env: { DIALECTS: 'django-realtime-chat-api' } })
  people = older(world)
  ann = await people.person('ann')
  bob = await people.person('bob')
})
afterAll(() => world[Symbol.asyncDispose]())

describe('a frame that cannot be used is ignored, and nobody is harmed', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const frames: [what: string, frame: string | Uint8Array<ArrayBuffer>][] = [
    ['text that is not JSON', 'not json'],
    ['an empty text', ''],
    ['an array', '[{"message":"x"}]'],
    ['a number', '5'],
    ['null', 'null'],
    ['no message', '{}'],
    ['an empty message', '{"message":""}'],
    ['a blank message', '{"message":" \\n "}'],
    ['null for a message', '{"message":null}'],
    ['an object for a message', '{"message":{"message":"x"}}'],
    ['another type', '{"type":"typing"}'],
    ['a binary frame', bytes('{"message":"binary"}')],
    ['deep nesting', `{"message":"x","a":${'['.repeat(1000)}${']'.repeat(1000)}}`],
    ['NUL', '{"message":"a\\u0000b"}'],
    ['half a surrogate pair', '{"message":"a\\ud800b"}'],
    ['more characters than a message may have', JSON.stringify({ message: 'x'.repeat(limits.content_chars + 1) })],
    ['more bytes than a message may have', JSON.stringify({ message: '漢'.repeat(limits.content_bytes / 3 + 1) })],
  ]
  for (const [what, frame] of frames) {
    test(what, async () => {
      await using one = await people.open(ann, 'frames')
      await using other = await people.open(bob, 'frames')
      one.send(frame)
      expect(await before(one, `after ${what}`)).toEqual([])
      expect(messages(await other.take(1))).toEqual([`after ${what}`])
      expect([one.ended, other.ended]).toEqual([null, null])
    })
  }

  test('a frame above the bound of a frame ends its socket and no other', async () => {
    await using one = await people.open(ann, 'frames')
    await using other = await people.open(bob, 'frames')
    one.send({ message: 'x'.repeat(limits.frame_bytes) })
    await one.closed
    expect(await before(other, 'still here')).toEqual([])
  })
})

describe('a room comes into being by use', () => {
  test('one connect makes it: public, listed to users, nobody’s, and nobody manages it', async () => {
    await using _socket = await people.open(ann, 'fresh')
    const room = await world.rest.call('rooms.get', { room: 'name:fresh' }, { token: bob.access })
    expect(room).toMatchObject({
      kind: 'public',
      members: 0,
      me: null,
      policy: { read: 'users', join: 'users', post: 'users', add: 'nobody', remove: 'nobody', manage: 'nobody', listed: 'users' },
    })
  })

  test('many at once make one, and all of them hear each other', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, (_, i) => people.open(i % 2 === 0 ? ann : bob, 'race')))
    sockets[0]?.send({ message: 'one room' })
    for (const socket of sockets) expect(messages(await socket.take(1))).toEqual(['one room'])
    await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()))
    expect(messages(await people.history(bob, 'race'))).toEqual(['one room'])
  })

  test('the history does not make it', async () => {
    expect(await people.history(ann, 'unused')).toEqual([])
    expect((await world.rest.ask('rooms.get', { room: 'name:unused' }, { token: ann.access })).status).toBe(404)
  })

  test('letters of any script make a name, as in the original', async () => {
    const name = encodeURIComponent('größe_漢字_1')
    await using socket = await people.open(ann, name)
    await before(socket, 'hi')
    expect(messages(await people.history(ann, name))).toEqual(['hi'])
  })

  test('the first message joins', async () => {
    await using socket = await people.open(bob, 'joining')
    await before(socket, 'hello')
    const { me, members } = await world.rest.call('rooms.get', { room: 'name:joining' }, { token: bob.access })
    expect([me?.role, members]).toEqual(['member', 1])
  })
})

describe('a handshake is answered', () => {
  const cases: [path: string, status: number][] = [
    ['/ws/chat/a-b/', 403],
    ['/django-realtime-chat-api/ws/chat/a-b/', 403],
    ['/django-realtime-chat-api/ws/', 404],
    ['/ws/chat/global', 101],
    ['/ws/chat//', 404],
    ['/ws/chat/a/b/', 404],
    ['/ws/chat/%zz/', 403],
    ['/ws/chat/%20/', 403],
    ['/ws/', 404],
    [`/ws/chat/${'x'.repeat(limits.room_name_chars + 1)}/`, 403],
    ['/ws/chat/dm_1_2/', 403],
    ['/ws/chat/fine/', 101],
  ]
  for (const [path, status] of cases) {
    test(`${path.slice(0, 30)} with ${status}`, async () => {
      expect(await people.api.handshake(`${path}?token=${ann.access}`)).toBe(status)
    })
  }

  test('with 403 where only a header carries the token', async () => {
    expect(await people.api.handshake('/ws/chat/global/', { Authorization: `Bearer ${ann.access}` })).toBe(403)
  })
})

describe('a private room of that name', () => {
  test('is nothing to an outsider: no socket, no history, and no room made of the name', async () => {
    const owner = await world.person('owner')
    const { room } = await world.rest.call('rooms.create', { kind: 'group', name: 'secret' }, owner)
    await world.send(owner, room.id, 'not for everybody')
    expect(await people.api.handshake(`/ws/chat/secret/?token=${ann.access}`)).toBe(403)
    expect(await people.history(ann, 'secret')).toEqual([])
  })

  test('opens for its members, until they are removed', async () => {
    const owner = await world.person('owner')
    const member = await world.person('member')
    const { room } = await world.rest.call('rooms.create', { kind: 'group', name: 'team', members: [member.id] }, owner)
    await using socket = await people.api.open(`/ws/chat/team/?token=${member.token}`)
    await world.send(owner, room.id, 'welcome')
    expect(messages(await socket.take(1))).toEqual(['welcome'])
    await world.rest.call('members.remove', { room: room.id, user: member.id }, owner)
    const answered = performance.now()
    const ended = socket.closed.then(() => performance.now())
    await world.send(owner, room.id, 'not for you')
    expect((await socket.closed).code).toBe(4403)
    expect((await ended) - answered).toBeLessThan(1000)
    expect(messages(socket.frames)).toEqual(['welcome'])
    expect(await people.api.handshake(`/ws/chat/team/?token=${member.token}`)).toBe(403)
  })
})

describe('a socket ends within a second of', () => {
  test('a logout, and of no other login of the same person', async () => {
    const eve = await people.person('eve')
    const json = { username: 'eve', password: '123456' }
    const elsewhere = (await people.api.ask('POST', '/api/login/', { json })).json as { access: string }
    await using socket = await people.open(eve, 'ending')
    await using other = await people.open({ ...eve, access: elsewhere.access }, 'ending')
    await world.rest.call('accounts.logout', {}, { token: eve.access })
    const answered = performance.now()
    expect((await socket.closed).code).toBe(4401)
    expect(performance.now() - answered).toBeLessThan(1000)
    expect(await before(other, 'still here')).toEqual([])
  })

  test('leaving the room by another door', async () => {
    await using socket = await people.open(bob, 'leaving')
    await before(socket, 'joined')
    await world.rest.call('rooms.leave', { room: 'name:leaving' }, { token: bob.access })
    const answered = performance.now()
    expect((await socket.closed).code).toBe(4403)
    expect(performance.now() - answered).toBeLessThan(1000)
    await using again = await people.open(bob, 'leaving')
    expect(await before(again, 'back')).toEqual([])
  })

  test('the end of the login, whatever its token said', async () => {
    const { house } = world.server.running
    const { user_id, dia } = JSON.parse(Buffer.from(bob.access.split('.')[1] ?? '', 'base64url').toString()) as {
      user_id: number
      dia: string
    }
    const [id, created_at] = [house.newId(), Date.now()]
    const refresh_hash = crypto.getRandomValues(new Uint8Array(32))
    await house.store.queue.write('sessions.create', {
      atMost: 10,
      user: user_id,
      session: { id, dia, agent: null, created_at, expires_at: created_at + 1500, refresh_hash },
    })
    const access = await house.services.tokens.signDialect(
      { token_type: 'access', user_id, dia, sid: id },
      { now: created_at, seconds: 300 },
    )
    await using socket = await people.open({ ...bob, access }, 'ending')
    expect((await socket.closed).code).toBe(4401)
    expect(Math.abs(Date.now() - created_at - 1500)).toBeLessThan(1000)
  })
})

test('a sender whose budget is spent is slowed, loses nothing and keeps the order', async () => {
  const rate = { burst: 5, perMinute: 600 }
  const plenty = { burst: 1000, perMinute: 60_000 }
  const ratesPerUser = { auth: plenty, read: plenty, write: plenty, send: rate, ephemeral: plenty }
  await using slow = await openWorld({ env: { RATE_LIMIT: 'on' }, limits: { ratesPerUser, framesPerLook: 3 } })
  const there = older(slow)
  const cat = await there.person('cat')
  await using socket = await there.open(cat, 'slow')
  const texts = Array.from({ length: 15 }, (_, i) => `slow ${i}`)
  for (const message of texts) socket.send({ message })
  expect(messages(await socket.take(15))).toEqual(texts)
  expect(socket.ended).toBeNull()
})
