import { afterAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Message } from '@parlance/protocol'
import { eventually } from './harness/eventually.ts'
import { writeProgram } from './harness/guide.ts'
import { openWorld, type Person } from './harness/world.ts'

type Room = { local: number; n: number; read: number; messages: Map<string, Message> }
type Chat = {
  rooms: Map<string, Room>
  connect(): Promise<void>
  stop(): void
  post(room: string, content: string): Promise<Message>
  call(op: string, input: object): Promise<unknown>
  show(room: string): void
  history(room: string, before?: number): Promise<boolean>
  ready(): boolean
  lose(): void
}
type Options = { backoff_ms?: number; onEphemeral?: (frame: { eph: string }) => void }
type Program = {
  createChat(server: string, token: () => Promise<string>, options?: Options): Chat
  createApi(server: string): { call(method: string, path: string, options?: object): Promise<unknown>; use(token: string): void }
  follow(
    server: string,
    path: string,
    options: { token: string; lastEventId?: string; onFrame: (frame: object) => void },
  ): Promise<{ id: string; bye: { code: number } | null }>
  sendOnce(api: ReturnType<Program['createApi']>, room: string, content: string): Promise<Message>
}

const directory = writeProgram()
afterAll(() => rmSync(directory, { recursive: true }))
const files = ['rest.js', 'send.js', 'chat.js', 'stream.js'].map(async (file) => (await import(join(directory, file))) as Partial<Program>)
const { createChat, createApi, sendOnce, follow } = Object.assign({}, ...(await Promise.all(files))) as Program

const texts = (chat: Chat, room: string): string[] => [...(chat.rooms.get(room)?.messages.values() ?? [])].map(({ content }) => content)

test('the client of the guide loses nothing and doubles nothing while its connections break', async () => {
  await using world = await openWorld()
  const [alice, bob] = [await world.person('alice'), await world.person('bob')]
  const room = await world.group([alice, bob])
  const open = (person: Person) => createChat(world.server.url, () => Promise.resolve(person.token), { backoff_ms: 20 })
  const [a, b] = [open(alice), open(bob)]
  try {
    await a.connect()
    await b.connect()
    await eventually(() => a.ready() && b.ready())
    b.show(room)
    const expected = Array.from({ length: 60 }, (_, index) => `message ${index}`)
    const posted: Promise<Message>[] = []
    for (const [index, text] of expected.entries()) {
      posted.push(a.post(room, text))
      if (index % 10 === 4) a.lose()
      if (index % 15 === 7) b.lose()
      if (index % 5 === 0) await posted[index]
    }
    const sent = await Promise.all(posted)
    expect(new Set(sent.map(({ id }) => id)).size).toBe(expected.length)
    await eventually(() => a.rooms.get(room)?.messages.size === expected.length && b.rooms.get(room)?.messages.size === expected.length)
    const { items } = await world.rest.call('messages.list', { room, limit: 200 }, bob)
    expect(items.map(({ content }) => content).sort()).toEqual([...expected].sort())
    for (const chat of [a, b]) expect(texts(chat, room)).toEqual(items.map(({ content }) => content))
    expect(a.rooms.get(room)).toMatchObject({ n: 60, read: 60 })
    expect(b.rooms.get(room)).toMatchObject({ n: 60, read: 0 })
  } finally {
    a.stop()
    b.stop()
  }
})

test('the client of the guide follows edits, deletions, its marker and its removal, and sees who is typing', async () => {
  await using world = await openWorld()
  const [alice, bob] = [await world.person('alice'), await world.person('bob')]
  const room = await world.group([alice, bob])
  const seen: string[] = []
  const chat = createChat(world.server.url, () => Promise.resolve(bob.token), { backoff_ms: 20, onEphemeral: ({ eph }) => seen.push(eph) })
  try {
    const [first, second] = [await world.send(alice, room, 'one'), await world.send(alice, room, 'two')]
    await chat.connect()
    await eventually(() => chat.ready())
    // What was said before is asked for; events tell what changes from now on.
    expect(await chat.history(room)).toBe(false)
    expect(texts(chat, room)).toEqual(['one', 'two'])
    await world.rest.call('messages.edit', { room, message: first.id, content: 'one, really' }, alice)
    await world.rest.call('messages.delete', { room, message: second.id }, alice)
    await eventually(() => texts(chat, room).join('|') === 'one, really|')
    await world.rest.call('rooms.read', { room, n: 1 }, bob)
    await eventually(() => chat.rooms.get(room)?.read === 1)
    chat.show(room)
    await eventually(async () => {
      await world.rest.call('rooms.typing', { room, typing: true }, alice)
      return seen.includes('typing')
    })
    await world.rest.call('members.remove', { room, user: bob.id }, alice)
    await eventually(() => !chat.rooms.has(room))
    const refusal: unknown = await chat.post(room, 'still here?').catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'not_found' })
  } finally {
    chat.stop()
  }
})

test('the client of the guide finds a room it was added to, from its join on', async () => {
  await using world = await openWorld()
  const [alice, bob] = [await world.person('alice'), await world.person('bob')]
  const room = await world.group([alice])
  await world.send(alice, room, 'before')
  const chat = createChat(world.server.url, () => Promise.resolve(bob.token), { backoff_ms: 20 })
  try {
    await chat.connect()
    await eventually(() => chat.ready())
    await world.rest.call('members.add', { room, user: bob.id }, alice)
    await world.send(alice, room, 'after')
    await eventually(() => texts(chat, room).includes('after'))
    expect(texts(chat, room)).toEqual(['after'])
  } finally {
    chat.stop()
  }
})

test('the HTTP code of the guide signs in, sends once and reports errors as it says', async () => {
  await using world = await openWorld()
  const alice = await world.person('alice')
  const room = await world.group([alice])
  const api = createApi(world.server.url)
  const login = { body: { username: alice.username, password: 'correct horse battery' } }
  const { access_token } = (await api.call('POST', '/auth/login', login)) as { access_token: string }
  api.use(access_token)
  expect(await sendOnce(api, room, 'hello')).toMatchObject({ n: 1, content: 'hello' })
  expect(await api.call('GET', `/rooms/${room}/messages?limit=1`)).toMatchObject({ items: [{ content: 'hello' }] })
  const refusal: unknown = await sendOnce(api, room, '').catch((error: unknown) => error)
  expect(refusal).toMatchObject({ status: 400, code: 'invalid_input', errors: [{ path: '/content' }] })
})

test('the reader of streams of the guide goes on where it left off, and hears why its stream ends', async () => {
  await using world = await openWorld()
  const [alice, bob] = [await world.person('alice'), await world.person('bob')]
  const room = await world.group([alice, bob])
  const frames: object[] = []
  const read = (lastEventId?: string) =>
    follow(world.server.url, `/rooms/${room}/stream`, { token: bob.token, lastEventId, onFrame: (frame) => frames.push(frame) })
  const first = read()
  await eventually(() => frames.length === 1)
  const { seq } = await world.send(alice, room, 'hello')
  await world.rest.call('members.remove', { room, user: bob.id }, alice)
  const { id, bye } = await first
  expect(bye?.code).toBe(4404)
  expect(frames).toMatchObject([{ opened: room }, { ev: 'message.created', seq }, { ev: 'member.left', seq: seq + 1 }])
  expect(id).toEndWith(`.${seq + 1}`)
  expect(read(id)).rejects.toMatchObject({ code: 'not_found' })

  await world.rest.call('members.add', { room, user: bob.id }, alice)
  await world.send(alice, room, 'welcome back')
  frames.length = 0
  const second = read(id)
  await eventually(() => frames.length === 2)
  expect(frames).toMatchObject([{ log: { after: seq + 1, upto: seq + 3 } }, { opened: room, seq: seq + 3 }])
  await world.rest.call('accounts.logout', {}, bob)
  expect((await second).bye?.code).toBe(4401)
})
