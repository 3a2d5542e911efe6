import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { createOlderClient, type OlderClient } from '../harness/older-client.ts'
import { backends } from '../harness/server.ts'
import { openWorld, password, type Person, type World } from '../harness/world.ts'

/** Clients that say something and go: what was sent before the close is said, as the originals do. */

type Place = { id: string; name: string }
type Way = { api: string; open(place: Place): string; say(text: string): object }

const count = 40
const texts = Array.from({ length: count }, (_, i) => `word ${i}`)

for (const { name, env } of await backends()) {
  describe(`what is sent before a socket closes is kept (${name})`, () => {
    let world: World
    let api: OlderClient
    let ann: Person
    let token: string
    let number: number
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      api = createOlderClient(world.server.url)
      ann = await world.person('ann')
      const { json } = await api.ask('POST', '/api/token/', { json: { username: ann.username, password } })
      token = (json as { access: string }).access
      number = (await world.server.running.house.store.users.byId(ann.id))?.number ?? 0
    })
    afterAll(() => world[Symbol.asyncDispose]())

    const ways: Way[] = [
      { api: 'chat-backend', open: ({ id }) => `${id}/?token=${token}`, say: (message) => ({ message }) },
      { api: 'django-chat-app', open: ({ name: x }) => `${x}/`, say: (message) => ({ token, receiver: number, message }) },
      { api: 'django-realtime-chat-api', open: ({ name: x }) => `${x}/?token=${token}`, say: (message) => ({ message }) },
      { api: 'realtime-chat', open: ({ name: x }) => `${x}/?token=${token}`, say: (message) => ({ message }) },
    ]
    const place = async (called: string): Promise<Place> => {
      const { room } = await world.rest.call('rooms.create', { kind: 'public', name: called }, ann)
      return { id: room.id, name: called }
    }
    const kept = async ({ id }: Place) =>
      (await world.rest.call('messages.list', { room: id, limit: 200 }, ann)).items.map(({ content }) => content)
    const online = () => {
      const { presence } = world.server.running.house
      return { came: spyOn(presence, 'enter'), went: spyOn(presence, 'leave') }
    }

    test.each(ways)('$api: all of it, in its order, and nobody stays behind', async ({ api: door, open, say }) => {
      const { came, went } = online()
      const room = await place(`last_${door.replaceAll('-', '_')}`)
      const socket = await api.open(`/${door}/ws/chat/${open(room)}`)
      for (const text of texts) socket.send(say(text))
      await socket[Symbol.asyncDispose]()
      await eventually(async () => (await kept(room)).length === count)
      expect(await kept(room)).toEqual(texts)
      expect(went.mock.calls.length).toBe(came.mock.calls.length)
      came.mockRestore()
      went.mockRestore()
    })

    test('others hear them between the arrival and the leave', async () => {
      const room = await place('between')
      await using staying = await api.open(`/realtime-chat/ws/chat/between/?token=${ann.token}`)
      await staying.take(2)
      const bob = await world.person('bob')
      const socket = await api.open(`/realtime-chat/ws/chat/${room.id}/?token=${bob.token}`)
      for (const message of ['one', 'two']) socket.send({ message })
      await socket[Symbol.asyncDispose]()
      const told = (await staying.take(4)) as { type: string; message?: string }[]
      expect(told.map(({ type, message }) => message ?? type)).toEqual(['user_join', 'one', 'two', 'user_leave'])
    })

    // Written one after the other: on a busy machine that takes its time.
    test.each(ways)(
      '$api: a burst of 1,200 over a socket that stays is told whole',
      async ({ api: door, open, say }) => {
        const room = await place(`burst_${door.replaceAll('-', '_')}`)
        await using socket = await api.open(`/${door}/ws/chat/${open(room)}`)
        for (let i = 0; i < 1200; i++) socket.send(say(`${i}`))
        await socket.upto((frame) => (frame as { message?: string }).message === '1199')
        const told = socket.frames.flatMap((frame) => (frame as { message?: string }).message ?? [])
        expect(told).toEqual(Array.from({ length: 1200 }, (_, i) => `${i}`))
      },
      30_000,
    )

    test('in a room so slow that a turn is more than a minute away, what comes too soon is not held back for it', async () => {
      const bob = await world.person('bob')
      const { access } = (await api.ask('POST', '/api/token/', { json: { username: bob.username, password } })).json as { access: string }
      const room = await place('slowest')
      await world.rest.call('rooms.join', { room: room.id }, bob)
      await world.rest.call('rooms.update', { room: room.id, slow_mode_s: 600 }, ann)
      await using wordless = await api.open(`/django-realtime-chat-api/ws/chat/slowest/?token=${access}`)
      for (const message of ['one', 'two']) wordless.send({ message })
      await wordless.upto((frame) => (frame as { message?: string }).message === 'one')
      await using worded = await api.open('/django-chat-app/ws/chat/slowest/')
      worded.send({ token: access, receiver: number, message: 'three' })
      expect((await worded.closed).code).toBe(1000)
      expect(worded.frames).toMatchObject([{ type: 'error' }])
      expect([wordless.ended, await kept(room)]).toEqual([null, ['one']])
    })

    test('in slow mode nothing goes on trying for somebody who is gone', async () => {
      const bob = await world.person('bob')
      const { access } = (await api.ask('POST', '/api/token/', { json: { username: bob.username, password } })).json as { access: string }
      const room = await place('slow')
      await world.rest.call('rooms.join', { room: room.id }, bob)
      await world.rest.call('rooms.update', { room: room.id, slow_mode_s: 60 }, ann)
      const socket = await api.open('/django-chat-app/ws/chat/slow/')
      socket.send({ token: access, receiver: number, message: 'one' })
      await eventually(async () => (await kept(room)).includes('one'))
      const refused = async () => /^parlance_errors_total\{code="slow_mode"\} (\d+)$/m.exec((await api.ask('GET', '/metrics')).text)?.[1]
      const earlier = await refused()
      socket.send({ token: access, receiver: number, message: 'two' })
      await eventually(async () => (await refused()) !== earlier)
      const once = await refused()
      await socket[Symbol.asyncDispose]()
      for (let look = 0; look < 5; look++) expect(await refused()).toBe(once)
    })
  })
}

test('of somebody who is gone as much is kept as their budget holds, without a hole', async () => {
  const plenty = { burst: 1000, perMinute: 60_000 }
  const ratesPerUser = { auth: plenty, read: plenty, write: plenty, send: { burst: 5, perMinute: 60_000 }, ephemeral: plenty }
  await using world = await openWorld({ env: { RATE_LIMIT: 'on' }, limits: { ratesPerUser } })
  const api = createOlderClient(world.server.url)
  const ann = await world.person('ann')
  for (const door of ['chat-backend', 'realtime-chat']) {
    const room = await world.group([ann])
    const kept = async () => (await world.rest.call('messages.list', { room, limit: 200 }, ann)).items.map(({ content }) => content)
    const socket = await api.open(`/${door}/ws/chat/${room}/?token=${ann.token}`)
    for (let i = 0; i < 150; i++) socket.send({ message: `${i}` })
    await socket[Symbol.asyncDispose]()
    await eventually(async () => (await kept()).length >= 5)
    const first = await kept()
    expect(first).toEqual(first.map((_, i) => `${i}`))
  }
})
