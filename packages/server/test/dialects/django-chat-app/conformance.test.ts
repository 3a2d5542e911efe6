import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { OlderSocket } from '../../harness/older-client.ts'
import { backends, startServer, type TestServer } from '../../harness/server.ts'
import { addressOf, before, type Entry, type Frame, type Member, older, type Older, password, type Room } from './people.ts'

type Envelope = { success: boolean; message: string; data?: unknown }

for (const { name: engine, env } of await backends()) {
  describe(`every step of the contract (${engine})`, () => {
    let server: TestServer
    beforeAll(async () => {
      server = await startServer({ env: await env() })
    })
    afterAll(() => server[Symbol.asyncDispose]())

    describe.each(['', '/django-chat-app'])('below "%s/"', (prefix) => {
      const own = (stem: string) => `${stem}${prefix === '' ? '' : '2'}`
      let people: Older
      let alice: Member
      let bob: Member
      let carol: Member
      let room: Room
      let first: OlderSocket
      let second: OlderSocket
      const sockets: OlderSocket[] = []
      beforeAll(() => {
        people = older(server.url, prefix)
      })
      afterAll(() => Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]())))

      const ask = (method: string, path: string, request?: Parameters<Older['api']['ask']>[2]) =>
        people.api.ask(method, prefix + path, request)

      test('registering answers the number and the name in an envelope', async () => {
        const json = { username: own('alice'), email: addressOf(own('alice')), password }
        const answer = await ask('POST', '/register/', { json })
        expect(answer.status).toBe(201)
        expect(answer.json).toEqual({
          success: true,
          data: { id: expect.any(Number), username: own('alice') },
          message: 'User registered successfully!',
        })
        alice = { id: (answer.json as { data: { id: number } }).data.id, username: own('alice'), ...(await people.login(own('alice'))) }
        bob = await people.person(own('bob'))
        carol = await people.person(own('carol'))
      })

      test('a taken name and a short password are refused with the first thing that is wrong', async () => {
        const again = await ask('POST', '/register/', { json: { username: own('alice'), email: 'x@example.org', password } })
        expect([again.status, again.json]).toEqual([400, { success: false, message: 'Username is already taken.' }])
        const short = await ask('POST', '/register/', { json: { username: own('dora'), email: 'd@example.org', password: 'abc' } })
        expect([short.status, short.json]).toEqual([400, { success: false, message: 'Password must be at least 6 characters long.' }])
      })

      test('a login is by address and answers both tokens', async () => {
        const good = await ask('POST', '/login/', { json: { email: addressOf(own('alice')), password } })
        expect(good.status).toBe(200)
        expect(good.json).toEqual({
          success: true,
          message: 'User logged in successfully!',
          data: { access_token: expect.any(String), refresh_token: expect.any(String) },
        })
        const bad = await ask('POST', '/login/', { json: { email: addressOf(own('alice')), password: 'wrong!' } })
        expect([bad.status, bad.json]).toEqual([401, { success: false, message: 'Invalid email or password.' }])
        const byName = await ask('POST', '/login/', { json: { username: own('alice'), password } })
        expect([byName.status, byName.json]).toEqual([400, { success: false, message: 'Both email and password are required.' }])
      })

      test('the list of users needs a bearer, and has a number and a name of each', async () => {
        const without = await ask('GET', '/users/')
        expect([without.status, without.json]).toEqual([401, { detail: 'Authentication credentials were not provided.' }])
        const { status, json } = await ask('GET', '/users/', { token: alice.access })
        const { success, message, data } = json as Envelope
        expect([status, success, message]).toEqual([200, true, 'User list fetched successfully.'])
        expect(data).toContainEqual({ id: alice.id, username: alice.username })
        expect(data).toContainEqual({ id: bob.id, username: bob.username })
        const ids = (data as { id: number }[]).map(({ id }) => id)
        expect(ids).toEqual(ids.toSorted((a, b) => a - b))
      })

      test('a room is made with its members and the caller, once under a name', async () => {
        room = await people.makeRoom(alice, own('r1'), [bob])
        expect(room).toEqual({ id: expect.any(Number), name: own('r1'), members: [alice.id, bob.id] })
        const again = await ask('POST', '/rooms/', { token: alice.access, json: { name: own('r1'), members: [bob.id] } })
        expect([again.status, again.json]).toEqual([400, { success: false, message: 'chat room with this name already exists.' }])
      })

      test('one’s own rooms are listed to their members', async () => {
        expect(await people.rooms(alice, '/my-rooms/')).toContainEqual(room)
        expect(await people.rooms(alice)).toContainEqual(room)
        expect(await people.rooms(carol, '/my-rooms/')).toEqual([])
      })

      test('a message is sent into the room of the path, whatever the body says of room and sender', async () => {
        const sent = (json: object) => ask('POST', `/messages/${room.id}/`, { token: alice.access, json })
        const whole = await sent({ receiver: bob.id, content: 'hi', room: room.id, sender: bob.id })
        expect(whole.status).toBe(201)
        expect(whole.json).toEqual({
          success: true,
          message: 'Message sent successfully.',
          data: {
            id: expect.any(Number),
            sender_username: alice.username,
            receiver_username: bob.username,
            content: 'hi',
            timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
            room: room.id,
            sender: alice.id,
            receiver: bob.id,
          },
        })
        expect((await sent({ receiver: bob.id, content: 'without them' })).status).toBe(201)
      })

      test('the messages of a room come oldest first, of a fresh room none', async () => {
        expect((await people.messages(bob, room.id)).map(({ content }) => content)).toEqual(['hi', 'without them'])
        const fresh = await people.makeRoom(bob, own('fresh'), [])
        expect(await people.messages(bob, fresh.id)).toEqual([])
      })

      test('sockets open without any token and are told nothing', async () => {
        first = await people.open(own('testroom'))
        second = await people.open(own('testroom'))
        sockets.push(first, second)
        expect([first.frames, second.frames]).toEqual([[], []])
      })

      test('who has not proved who they are hears nothing; who joins is heard by all who have', async () => {
        second.send({ token: bob.access, type: 'join' })
        expect(await second.take(1)).toEqual([{ type: 'join', username: bob.username }])
        first.send({ token: alice.access, type: 'join' })
        const joined = [{ type: 'join', username: alice.username }]
        expect([await first.take(1), await second.take(1)]).toEqual([joined, joined])
        expect(first.frames).toHaveLength(1)
      })

      test('typing is told to everybody in the channel', async () => {
        second.send({ token: bob.access, type: 'typing' })
        const typing = [{ type: 'typing', sender: bob.id }]
        expect([await first.take(1), await second.take(1)]).toEqual([typing, typing])
      })

      test('a message is told to both of them', async () => {
        first.send({ token: alice.access, type: 'message', receiver: bob.id, message: 'Hey there!' })
        const said = [{ type: 'message', sender: alice.id, receiver: bob.id, message: 'Hey there!' }]
        expect([await first.take(1), await second.take(1)]).toEqual([said, said])
      })

      test('and kept in the oldest room of the two, or in a direct room made for it', async () => {
        const kept = (await people.messages(bob, room.id)).at(-1)
        expect(kept).toMatchObject({ content: 'Hey there!', sender: alice.id, receiver: bob.id, room: room.id } satisfies Partial<Entry>)
        first.send({ token: alice.access, type: 'message', receiver: carol.id, message: 'for carol' })
        expect(((await first.take(1)) as Frame[])[0]?.message).toBe('for carol')
        const made = await people.rooms(carol, '/my-rooms/')
        expect(made).toEqual([{ id: expect.any(Number), name: `${alice.username}_${carol.username}`, members: [alice.id, carol.id] }])
        expect((await people.messages(carol, made[0]?.id ?? 0)).map(({ content }) => content)).toEqual(['for carol'])
        // It was no business of bob's.
        expect((await before(second, bob)).map(({ message }) => message)).toEqual([])
      })

      test('an exit is told, and its socket stays open', async () => {
        first.send({ token: alice.access, type: 'exit' })
        const left = [{ type: 'exit', username: alice.username }]
        expect([await first.take(1), await second.take(1)]).toEqual([left, left])
        first.send({ token: alice.access, type: 'typing' })
        expect(await first.take(1)).toEqual([{ type: 'typing', sender: alice.id }])
        await second.take(1)
      })

      test('a frame that cannot be used is answered and ends its socket, and no other', async () => {
        const cases: [frame: object, answer: Frame, code: number][] = [
          [{ type: 'join' }, { type: 'error', message: 'Token is missing.' }, 4001],
          [{ token: 'abc', type: 'join' }, { type: 'unauthorized', message: 'Invalid or expired token.' }, 4001],
          [{ token: alice.access, type: 'dance' }, { type: 'error', message: 'Unsupported event type: dance' }, 1000],
        ]
        for (const [frame, answer, code] of cases) {
          await using socket = await people.open(own('testroom'))
          socket.send(frame)
          expect((await socket.closed).code).toBe(code)
          expect(socket.frames).toEqual([answer])
        }
        expect([first.ended, second.ended]).toEqual([null, null])
      })

      test('a logout spends the refresh token', async () => {
        const out = (json: object) => ask('POST', '/logout/', { token: alice.access, json })
        const done = await out({ refresh: alice.refresh })
        expect([done.status, done.text]).toEqual([205, ''])
        const again = await out({ refresh: alice.refresh })
        expect([again.status, again.json]).toEqual([400, { success: false, message: 'Logout failed: Token is blacklisted' }])
        const missing = await out({})
        expect([missing.status, missing.json]).toEqual([400, { success: false, message: 'Refresh token is required.' }])
        expect((await ask('GET', '/my-rooms/', { token: alice.access })).status).toBe(200)
      })
    })
  })
}
