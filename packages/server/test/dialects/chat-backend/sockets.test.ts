import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually } from '../../harness/eventually.ts'
import { backends } from '../../harness/server.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { backend, type Backend, before, type Chat, type Frame, type Member, texts } from './people.ts'

for (const { name, env } of await backends()) {
  describe(`a socket (${name})`, () => {
    let world: World
    let people: Backend
    let ann: Member
    let bob: Member
    let chat: Chat
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      people = backend(world)
      ann = await people.person('ann')
      bob = await people.person('bob')
      chat = await people.group(ann, 'chat', [bob])
    })
    afterAll(() => world[Symbol.asyncDispose]())

    test('of somebody removed ends within a second, hears nothing past the removal and says nothing more', async () => {
      const eve = await people.person('eve')
      await people.ask(ann, 'POST', `/api/chats/${chat.id}/add-member/`, { user_id: eve.number })
      await using socket = await people.open(eve, chat.id)
      await before(socket, 'here')
      await people.ask(bob, 'POST', `/api/chats/${chat.id}/remove-member/`, { user_id: eve.number })
      const answered = performance.now()
      const ended = socket.closed.then(() => performance.now())
      socket.send({ message: 'still here?' })
      await people.ask(bob, 'POST', `/api/chats/${chat.id}/messages/`, { content: 'not for you' })
      expect((await socket.closed).code).toBe(4403)
      expect((await ended) - answered).toBeLessThan(1000)
      expect(texts(socket.frames)).toEqual(['here'])
      expect((await people.messages(ann, chat.id)).map(({ content }) => content).slice(-2)).toEqual(['here', 'not for you'])
      expect(await people.api.handshake(`/ws/chat/${chat.id}/?token=${eve.access}`)).toBe(403)
    })

    test('of somebody who removes themselves ends too, and the answer is the chat without them', async () => {
      const eve = await people.person('eve')
      await people.ask(ann, 'POST', `/api/chats/${chat.id}/add-member/`, { user_id: eve.number })
      await using socket = await people.open(eve, chat.id)
      const left = await people.ask<Chat>(eve, 'POST', `/api/chats/${chat.id}/remove-member/`, { user_id: eve.number })
      expect(left.members.map(({ id }) => id)).toEqual([ann.number, bob.number])
      expect((await socket.closed).code).toBe(4403)
    })

    test('ends within a second of a logout, and the one of another login of the same person does not', async () => {
      const json = { username: bob.username, password: 'correct horse battery' }
      const other = (await people.api.ask('POST', '/api/token/', { json })).json as { access: string }
      await using socket = await people.open({ ...bob, access: other.access }, chat.id)
      await using staying = await people.open(bob, chat.id)
      await world.rest.call('accounts.logout', {}, { token: other.access })
      const answered = performance.now()
      expect((await socket.closed).code).toBe(4401)
      expect(performance.now() - answered).toBeLessThan(1000)
      expect(await before(staying, 'still here')).toEqual([])
    })

    test('keeps its own frames while it opens, and answers them in their order', async () => {
      const sent = Array.from({ length: 30 }, (_, i) => `hasty ${i}`)
      await using socket = await people.open(ann, chat.id)
      for (const message of sent) socket.send({ message })
      expect(texts(await socket.take(30))).toEqual(sent)
    })

    test('misses nothing that is written while it opens, and is told nothing twice', async () => {
      await using writer = await people.open(ann, chat.id)
      for (let round = 0; round < 5; round++) {
        const told = writer.frames.length
        const opening = people.open(bob, chat.id)
        for (let i = 0; i < 20; i++) writer.send({ message: `${round}.${i}` })
        await using socket = await opening
        await before(writer, `end ${round}`)
        await eventually(() => texts(socket.frames).includes(`end ${round}`))
        const heard = texts(socket.frames)
        // From wherever the handshake was, to the end, without a hole.
        expect(heard).toEqual(texts(writer.frames.slice(told)).slice(21 - heard.length))
      }
    })

    test('hears what the native API sends into the chat, and the native one hears it', async () => {
      await using socket = await people.open(bob, chat.id)
      const { id, n } = await world.send(ann, chat.id, 'from elsewhere')
      const [frame] = (await socket.take(1)) as Frame[]
      expect(frame).toMatchObject({ id, message: 'from elsewhere', sender_id: ann.number, chat_id: chat.id })
      const modern = await world.socket(ann)
      await before(socket, 'from here')
      const told = await eventually(() => {
        const found = modern.frames.find((seen) => seen.kind === 'ev' && seen.frame.ev === 'message.created')
        if (found?.kind !== 'ev') throw new Error('nothing yet')
        return found.frame
      })
      expect(told).toMatchObject({ room: chat.id, n: n + 1, data: { content: 'from here', sender: { id: bob.id } } })
    })

    test('is opened and dropped in a tight loop, and the next one works', async () => {
      const path = `/ws/chat/${chat.id}/?token=${bob.access}`
      const statuses = await Promise.all(Array.from({ length: 200 }, () => people.api.handshake(path)))
      expect(new Set(statuses)).toEqual(new Set([101]))
      await using socket = await people.open(bob, chat.id)
      expect(await before(socket, 'after the loop')).toEqual([])
    })

    test('is in the one private chat of two, however many asked for it at once', async () => {
      const [one, two] = [await people.person('one'), await people.person('two')]
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, i) => {
          const [by, other] = i % 2 === 0 ? [one, two] : [two, one]
          return people.api.ask('POST', '/api/chats/private/', { token: by.access, json: { other_user_id: other.number } })
        }),
      )
      expect(made.filter(({ status }) => status === 201)).toHaveLength(1)
      expect(made.filter(({ status }) => status === 200)).toHaveLength(19)
      const [direct = '', ...others] = new Set(made.map(({ json }) => (json as Chat).id))
      expect(others).toEqual([])
      await using socket = await people.open(one, direct)
      await using other = await people.open(two, direct)
      await before(socket, 'just us')
      expect(texts(await other.take(1))).toEqual(['just us'])
    })

    test('survives no removal that races with opening', async () => {
      const eve = await people.person('eve')
      for (let round = 0; round < 20; round++) {
        await people.ask(ann, 'POST', `/api/chats/${chat.id}/add-member/`, { user_id: eve.number })
        const removing = people.ask(ann, 'POST', `/api/chats/${chat.id}/remove-member/`, { user_id: eve.number })
        const opening = people.open(eve, chat.id).catch(() => null)
        await removing
        await using socket = await opening
        await people.ask(bob, 'POST', `/api/chats/${chat.id}/messages/`, { content: `secret ${round}` })
        if (socket !== null) expect((await socket.closed).code).toBe(4403)
        expect(texts(socket?.frames ?? [])).toEqual([])
      }
    })

    test('waits where a room is in slow mode, and loses nothing', async () => {
      const slow = await people.group(ann, 'slow', [bob])
      await world.rest.call('rooms.update', { room: slow.id, slow_mode_s: 1 }, ann)
      await using socket = await people.open(bob, slow.id)
      for (const message of ['one', 'two']) socket.send({ message })
      expect(texts(await socket.take(2))).toEqual(['one', 'two'])
      const tooSoon = await people.api.ask('POST', `/api/chats/${slow.id}/messages/`, { token: bob.access, json: { content: 'three' } })
      expect([tooSoon.status, tooSoon.headers.get('retry-after')]).toEqual([429, '1'])
    })

    test('of somebody banned ends, and the chat is closed to them', async () => {
      const room = await world.publicRoom(ann)
      await using socket = await people.open(bob, room)
      await before(socket, 'hello')
      await world.rest.call('bans.set', { room, user: bob.id }, ann)
      expect((await socket.closed).code).toBe(4403)
      expect(await people.api.handshake(`/ws/chat/${room}/?token=${bob.access}`)).toBe(403)
      for (const path of [`/api/chats/${room}/`, `/api/chats/${room}/messages/`]) {
        expect((await people.api.ask('GET', path, { token: bob.access })).status).toBe(403)
      }
    })

    test('hears nothing more of a chat that is deleted, which then is not there', async () => {
      const room = await world.group([ann, bob])
      await using socket = await people.open(bob, room)
      await before(socket, 'hello')
      await world.rest.call('rooms.delete', { room }, ann)
      expect((await socket.closed).code).toBe(4403)
      expect((await people.api.ask('GET', `/api/chats/${room}/`, { token: bob.access })).status).toBe(404)
      expect((await people.ask<Chat[]>(bob, 'GET', '/api/chats/')).map(({ id }) => id)).not.toContain(room)
    })

    test('reads a public room by its id, and the first message joins', async () => {
      const room = await world.publicRoom(ann)
      await using socket = await people.open(bob, room)
      expect((await people.ask<Chat>(bob, 'GET', `/api/chats/${room}/`)).members.map(({ id }) => id)).toEqual([ann.number])
      await before(socket, 'hello')
      const joined = await people.ask<Chat>(bob, 'GET', `/api/chats/${room}/`)
      expect(joined.members.map(({ id }) => id)).toEqual([ann.number, bob.number])
      expect(joined).toMatchObject({ is_group: true, last_message: { content: 'hello' } })
      expect(joined.name).toStartWith('room')
    })
  })
}

test('a sender whose budget is spent is slowed, loses nothing and keeps the order', async () => {
  const rate = { burst: 5, perMinute: 600 }
  const plenty = { burst: 1000, perMinute: 60_000 }
  const ratesPerUser = { auth: plenty, read: plenty, write: plenty, send: rate, ephemeral: plenty }
  await using slow = await openWorld({ env: { RATE_LIMIT: 'on' }, limits: { ratesPerUser, framesPerLook: 3 } })
  const there = backend(slow)
  const cat = await there.person('cat')
  await using socket = await there.open(cat, (await there.group(cat, 'slow')).id)
  const sent = Array.from({ length: 15 }, (_, i) => `slow ${i}`)
  for (const message of sent) socket.send({ message })
  expect(texts(await socket.take(15))).toEqual(sent)
  expect(socket.ended).toBeNull()
})
