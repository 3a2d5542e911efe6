import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { openWorld, type World } from '../../harness/world.ts'
import { before, type Frame, type Member, older, type Older, say } from './people.ts'

let world: World
let people: Older
let ann: Member
let bob: Member
beforeAll(async () => {
  world = await openWorld()
  people = older(world.server.url)
  ;[ann, bob] = [await people.person('ann'), await people.person('bob')]
})
afterAll(async () => {
  const errors = world.server.lines.filter((line) => line.includes('"level":"error"'))
  await world[Symbol.asyncDispose]()
  expect(errors).toEqual([])
})

describe('a frame that cannot be used is answered, ends its socket, and harms nobody else', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const by = (frame: object) => () => JSON.stringify({ token: ann.access, ...frame })
  const error = (message: string): Frame => ({ type: 'error', message })
  const unauthorized: Frame = { type: 'unauthorized', message: 'Invalid or expired token.' }
  const missing = error('Missing message or receiver.')
  const unknown = error('Unknown receiver.')
  const cases: [what: string, frame: () => string | Uint8Array<ArrayBuffer>, answer: Frame, code: number][] = [
    ['text that is not JSON', () => 'not json', error('Expecting value: line 1 column 1 (char 0)'), 1000],
    ['an array', () => '[1]', error("Server error: 'list' object has no attribute 'get'"), 1000],
    ['no token', () => '{"type":"join"}', error('Token is missing.'), 4001],
    ['a token that is none', () => '{"token":"abc","type":"join"}', unauthorized, 4001],
    ['a refresh token', () => JSON.stringify({ token: ann.refresh, type: 'join' }), unauthorized, 4001],
    ['a very long token', () => JSON.stringify({ token: 'x'.repeat(20_000), type: 'join' }), unauthorized, 4001],
    ['another type', by({ type: 'dance' }), error('Unsupported event type: dance'), 1000],
    ['no message', by({ receiver: 1 }), missing, 1000],
    ['no receiver', by({ message: 'x' }), missing, 1000],
    ['a receiver that nobody is', by({ receiver: 999_999, message: 'x' }), unknown, 1000],
    ['a receiver that is no number', by({ receiver: 'bob', message: 'x' }), unknown, 1000],
    ['a list of receivers', by({ receiver: [1], message: 'x' }), unknown, 1000],
    ['a binary frame', () => bytes('{"a":1}'), error('Binary frames are not supported.'), 1000],
  ]
  for (const [what, frame, answer, code] of cases) {
    test(what, async () => {
      await using other = await people.listen(bob, 'frames')
      await using one = await people.open('frames')
      one.send(frame())
      expect([await one.closed, one.frames]).toEqual([{ code, reason: '' }, [answer]])
      expect(await before(other, bob)).toEqual([])
    })
  }

  const content: [what: string, message: string][] = [
    ['more characters than a message may have', 'x'.repeat(limits.content_chars + 1)],
    ['more bytes than a message may have', '漢'.repeat(limits.content_bytes / 3 + 1)],
    ['NUL', 'a\0b'],
    ['half a surrogate pair', 'a\ud800b'],
  ]
  for (const [what, message] of content) {
    test(`a message with ${what}`, async () => {
      await using one = await people.listen(ann, 'frames')
      say(one, ann, { to: bob, text: message })
      expect((await one.closed).code).toBe(1000)
      expect(one.frames.at(-1)).toEqual({ type: 'error', message: expect.any(String) })
    })
  }

  test('a frame above the bound of a frame', async () => {
    await using other = await people.listen(bob, 'frames')
    await using one = await people.listen(ann, 'frames')
    say(one, ann, { to: bob, text: 'x'.repeat(limits.frame_bytes) })
    await one.closed
    await other.take(1)
    expect(await before(other, bob)).toEqual([])
  })
})

describe('who has not proved who they are', () => {
  test('hears nothing, and is sent away after three seconds', async () => {
    const opened = performance.now()
    await using silent = await people.open('lobby')
    await using speaker = await people.listen(ann, 'lobby')
    await before(speaker, ann)
    expect(await silent.closed).toEqual({ code: 4001, reason: 'no valid frame' })
    expect(performance.now() - opened).toBeGreaterThan(2900)
    expect(performance.now() - opened).toBeLessThan(4500)
    expect(silent.frames).toEqual([])
    expect(speaker.ended).toBeNull()
  })

  test('is one of a bounded number from one address', async () => {
    const unprovenSocketsPerAddress = 3
    await using small = await openWorld({ env: { RATE_LIMIT: 'on' }, limits: { unprovenSocketsPerAddress } })
    const there = older(small.server.url)
    const cat = await there.person('cat')
    await using _proven = await there.listen(cat, 'lobby')
    const sockets = await Promise.all([1, 2, 3].map(() => there.open('lobby')))
    expect(await there.api.handshake('/ws/chat/lobby/')).toBe(429)
    await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()))
  })
})

test('clients that come back in a tight loop find everything as it was', async () => {
  await using busy = await openWorld({ env: { RATE_LIMIT: 'on' } })
  const there = older(busy.server.url)
  const cat = await there.person('cat')
  const room = await there.makeRoom(cat, 'loop', [])
  for (let i = 0; i < 300; i++) {
    await using socket = await there.open('loop')
    if (i % 3 === 0) socket.send({ token: cat.access, type: i % 2 === 0 ? 'message' : 'dance', receiver: cat.id, message: `round ${i}` })
    if (i % 3 === 1) socket.send('nonsense')
    if (i % 6 === 0) await socket.take(1)
  }
  expect((await there.messages(cat, room.id)).map(({ content }) => content)).toEqual(Array.from({ length: 50 }, (_, i) => `round ${i * 6}`))
  await using last = await there.listen(cat, 'loop')
  expect(last.ended).toBeNull()
})

test('typing in a room is told at every door of it', async () => {
  const name = 'typing'
  const kim = await world.person('kim')
  const { room } = await world.rest.call('rooms.create', { kind: 'public', name }, kim)
  await using socket = await people.listen(ann, name)
  const modern = await world.socket(kim)
  modern.send({ open: room.id })
  await modern.next('opened')
  socket.send({ token: ann.access, type: 'typing' })
  expect(await modern.next('typing')).toMatchObject({ eph: 'typing', room: room.id, user: { username: 'ann' } })
  await socket.take(1)
  await modern.op('rooms.typing', { room: room.id })
  expect(await socket.take(1)).toEqual([{ type: 'typing', sender: expect.any(Number) }])
})

test('a sender whose budget is spent is slowed, loses nothing and keeps the order', async () => {
  const rate = { burst: 5, perMinute: 600 }
  const plenty = { burst: 1000, perMinute: 60_000 }
  const ratesPerUser = { auth: plenty, read: plenty, write: plenty, send: rate, ephemeral: rate }
  await using slow = await openWorld({ env: { RATE_LIMIT: 'on' }, limits: { ratesPerUser, framesPerLook: 3 } })
  const there = older(slow.server.url)
  const cat = await there.person('cat')
  await using socket = await there.listen(cat, 'slow')
  const texts = Array.from({ length: 12 }, (_, i) => `slow ${i}`)
  for (const text of texts) {
    socket.send({ token: cat.access, type: 'typing' })
    say(socket, cat, { to: cat, text: text })
  }
  const frames = (await socket.take(24)) as Frame[]
  expect(frames.map(({ message }) => message)).toEqual(texts.flatMap((text) => [undefined, text]))
  expect(socket.ended).toBeNull()
  // More than may wait.
  const filler = 'x'.repeat(60_000)
  for (let i = 0; i < 80; i++) socket.send({ token: cat.access, type: 'join', filler })
  expect((await socket.closed).code).toBe(1000)
  expect(socket.frames.at(-1)).toEqual({ type: 'error', message: 'Too many frames.' })
}, 60_000)

test('a handshake is answered by the name of the channel alone', async () => {
  const cases: [path: string, status: number][] = [
    ['/ws/chat/a.b/', 403],
    ['/ws/chat/a b/', 400],
    ['/ws/chat/a%20b/', 403],
    [`/ws/chat/${'x'.repeat(256)}/`, 403],
    ['/ws/chat/test-room/', 101],
    ['/ws/chat/test-room', 101],
    ['/ws/chat/größe_漢字-1/', 101],
    [`/ws/chat/test-room/?token=${ann.access}&x=1`, 101],
    ['/django-chat-app/ws/chat/general/', 101],
    ['/django-chat-app/ws/chat/a.b/', 403],
    ['/django-chat-app/ws/other/', 404],
  ]
  const answers = []
  for (const [path] of cases) answers.push([path, await people.api.handshake(encodeURI(path).replaceAll('%25', '%'))])
  expect(answers).toEqual(cases.map(([path, status]) => [path, path === '/ws/chat/a b/' ? 403 : status]))
})
