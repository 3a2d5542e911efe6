import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createOlderClient, type OlderRequest } from '../../harness/older-client.ts'
import { backends } from '../../harness/server.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { addressOf, type Member, older, type Older, password } from './people.ts'

let world: World
let people: Older
let ann: Member
let bob: Member
let eve: Member

const ask = (method: string, path: string, request?: OlderRequest) => people.api.ask(method, path, request)
const raw = (body: string | Uint8Array<ArrayBuffer>, type = 'application/json'): OlderRequest => ({
  body,
  headers: { 'content-type': type },
})
const failed = (message: string) => ({ success: false, message })
const required = failed('This field is required.')

for (const { name: engine, env } of await backends()) {
  describe(`requests of django-chat-app (${engine})`, () => {
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      people = older(world.server.url)
      ;[ann, bob, eve] = [await people.person('ann'), await people.person('bob'), await people.person('eve')]
    })
    afterAll(async () => {
      const errors = world.server.lines.filter((line) => line.includes('"level":"error"'))
      await world[Symbol.asyncDispose]()
      expect(errors).toEqual([])
    })

    describe('a body that cannot be used is refused in the envelope', () => {
      const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`
      const list = failed('Invalid data. Expected a dictionary, but got list.')
      const cases: [what: string, request: OlderRequest, status: number, body: object | null][] = [
        ['none', {}, 400, null],
        ['an empty object', { json: {} }, 400, null],
        ['a list', { json: [] }, 400, list],
        ['null', { json: null }, 400, failed('No data provided')],
        ['broken JSON', raw('{"name":'), 400, failed('JSON parse error - not well-formed JSON')],
        ['bytes that are not UTF-8', raw(new Uint8Array([0x22, 0xff, 0x22])), 400, failed('JSON parse error - not UTF-8')],
        ['deep nesting', raw(deep), 400, failed('JSON parse error - nested more than 32 levels deep')],
        ['plain text', raw('a=b', 'text/plain'), 415, failed('Unsupported media type "text/plain" in request.')],
        ['too much of it', { json: { name: 'x'.repeat(200_000) } }, 413, failed('The body or frame is larger than allowed.')],
        ['keys of the object’s own machinery', raw('{"__proto__":{"name":"x"},"constructor":1}'), 400, null],
      ]
      const endpoints: [path: string, missing: object][] = [
        ['/register/', required],
        ['/login/', failed('Both email and password are required.')],
        ['/logout/', failed('Refresh token is required.')],
        ['/rooms/', required],
      ]
      for (const [path, missing] of endpoints) {
        for (const [what, request, status, body] of cases) {
          test(`${what} (${path})`, async () => {
            const answer = await ask('POST', path, { ...request, token: ann.access })
            expect([answer.status, answer.json]).toEqual([status, body ?? missing])
          })
        }
      }
    })

    describe('registering is refused with the first thing that is wrong', () => {
      const good = { username: 'new', email: 'new@example.org', password: 'secret1' }
      const cases: [what: string, change: object, message: string][] = [
        ['a taken name in other letters', { username: 'ANN' }, 'Username is already taken.'],
        ['an address of somebody else, in other letters', { email: 'ANN@example.org' }, 'Email is already in use.'],
        ['five characters of a password', { password: '12345' }, 'Password must be at least 6 characters long.'],
        ['a blank address', { email: ' ' }, 'Email is required.'],
        ['no address', { email: undefined }, 'This field is required.'],
        ['an address that is none', { email: 'nope' }, 'Enter a valid email address.'],
        ['a blank name', { username: '  ' }, 'This field may not be blank.'],
        ['a name that is none', { username: null }, 'This field may not be null.'],
        ['an object for a name', { username: {} }, 'Not a valid string.'],
        ['a long name', { username: 'x'.repeat(151) }, 'Ensure this field has no more than 150 characters.'],
        ['a name with what cannot be seen', { username: 'a\u202eb' }, 'Only visible characters are allowed.'],
        ['a very long password', { password: 'x'.repeat(1025) }, 'Ensure this field has no more than 1024 bytes.'],
        ['a name and a password', { username: '', password: '1' }, 'This field may not be blank.'],
      ]
      for (const [what, change, message] of cases) {
        test(what, async () => {
          const { status, json } = await ask('POST', '/register/', { json: { ...good, ...change } })
          expect([status, json]).toEqual([400, failed(message)])
        })
      }

      test('but a name may have blanks and signs, as in the original', async () => {
        for (const username of ['has space', 'ツ & co!', 'x'.repeat(150)]) {
          const json = { username, email: `${Bun.hash(username)}@example.org`, password: '123456' }
          expect((await ask('POST', '/register/', { json })).status).toBe(201)
        }
      })

      test('where registration is closed', async () => {
        await using closed = await openWorld({ env: { REGISTRATION: 'off' } })
        const { status, json } = await createOlderClient(closed.server.url).ask('POST', '/register/', { json: good })
        expect([status, json]).toEqual([403, failed('This server does not take registrations.')])
      })
    })

    describe('forms are as good as JSON', () => {
      const multipart = new FormData()
      multipart.append('name', 'of a multipart form')
      test('url-encoded ones and multipart ones, with the members as repeated keys', async () => {
        for (const { id } of [bob, eve]) multipart.append('members', String(id))
        const body = new URLSearchParams([['name', 'of a form'], ...[bob, eve].map(({ id }): [string, string] => ['members', String(id)])])
        const coded = raw(body.toString(), 'application/x-www-form-urlencoded')
        for (const request of [coded, { form: multipart }]) {
          const { status, json } = await ask('POST', '/rooms/', { ...request, token: ann.access })
          expect([status, (json as { data: object }).data]).toMatchObject([201, { members: [ann.id, bob.id, eve.id] }])
        }
      })

      test('for accounts and messages', async () => {
        const form = { username: 'formed', email: addressOf('formed'), password }
        expect((await ask('POST', '/register/?next=x', { form })).status).toBe(201)
        expect((await ask('POST', '/login/', { form: { email: addressOf('formed'), password } })).status).toBe(200)
        const room = await people.makeRoom(ann, 'formed messages', [bob])
        const sent = await ask('POST', `/messages/${room.id}/`, { token: ann.access, form: { receiver: String(bob.id), content: ' hi ' } })
        expect([sent.status, sent.json]).toMatchObject([201, { data: { content: 'hi', receiver: bob.id } }])
      })
    })

    describe('a room is refused with the first thing that is wrong', () => {
      const cases: [what: string, change: object, message: string][] = [
        ['no name', { name: undefined }, 'This field is required.'],
        ['a blank name', { name: '' }, 'This field may not be blank.'],
        ['a long name', { name: 'x'.repeat(256) }, 'Ensure this field has no more than 255 characters.'],
        ['a name that is reserved', { name: 'dm_1_2' }, 'chat room with this name already exists.'],
        ['no members', { members: undefined }, 'This field is required.'],
        ['members that are no list', { members: 'bob' }, 'Expected a list of items but got type "str".'],
        ['a member that nobody is', { members: [99_999] }, 'Invalid pk "99999" - object does not exist.'],
        ['a member that is no number', { members: ['bob'] }, 'Incorrect type. Expected pk value, received str.'],
        ['a member that is true', { members: [true] }, 'Incorrect type. Expected pk value, received bool.'],
        [
          'more members than a room begins with',
          { members: Array.from({ length: 101 }, (_, i) => i) },
          'Ensure this field has no more than 100 elements.',
        ],
      ]
      for (const [what, change, message] of cases) {
        test(what, async () => {
          const { status, json } = await ask('POST', '/rooms/', { token: ann.access, json: { name: 'wrong', members: [], ...change } })
          expect([status, json]).toEqual([400, failed(message)])
        })
      }

      test('the name of a room that one may not know of is taken like any other', async () => {
        await people.makeRoom(ann, 'hidden', [])
        const { status, json } = await ask('POST', '/rooms/', { token: eve.access, json: { name: 'hidden', members: [] } })
        expect([status, json]).toEqual([400, failed('chat room with this name already exists.')])
      })
    })

    describe('messages of a room', () => {
      const send = (who: Member, room: number | string, json: object) => ask('POST', `/messages/${room}/`, { token: who.access, json })

      test('are refused with the first thing that is wrong', async () => {
        const room = await people.makeRoom(ann, 'of wrong messages', [bob])
        const cases: [json: object, message: string][] = [
          [{}, 'This field is required.'],
          [{ receiver: bob.id, content: '' }, 'This field may not be blank.'],
          [{ receiver: bob.id, content: ['x'] }, 'Not a valid string.'],
          [{ receiver: bob.id, content: 'x'.repeat(4001) }, 'Ensure this field has no more than 4000 characters.'],
          [{ receiver: bob.id, content: 'a\0b' }, 'Null characters are not allowed.'],
          [{ receiver: 99_999, content: 'x' }, 'Invalid pk "99999" - object does not exist.'],
          [{ receiver: 'bob', content: 'x' }, 'Incorrect type. Expected pk value, received str.'],
        ]
        for (const [json, message] of cases) {
          const answer = await send(ann, room.id, json)
          expect([answer.status, answer.json]).toEqual([400, failed(message)])
        }
        expect(await people.messages(ann, room.id)).toEqual([])
      })

      test('are nobody’s who is outside: not to read, not to write, and the body is not looked at', async () => {
        const room = await people.makeRoom(ann, 'inside', [bob])
        const answers = [
          await ask('GET', `/messages/${room.id}/`, { token: eve.access }),
          await send(eve, room.id, { receiver: bob.id, content: 'x' }),
          await send(eve, room.id, {}),
          await send(eve, 99_999, { receiver: bob.id, content: 'x' }),
          await ask('GET', '/messages/seven/', { token: eve.access }),
          await send(eve, '1.5', { receiver: bob.id, content: 'x' }),
        ]
        expect(answers.map(({ status, json }) => [status, json])).toEqual(answers.map(() => [404, failed('Not found.')]))
        expect((await people.rooms(eve)).map(({ name }) => name)).not.toContain('inside')
        for (const none of ['99999', '0', '9'.repeat(40)])
          expect((await ask('GET', `/messages/${none}/`, { token: eve.access })).json).toEqual({
            success: true,
            data: [],
            message: 'Messages fetched successfully.',
          })
      })

      test('of other APIs name the other one in a room of two, and nobody else', async () => {
        const [two, three] = [await people.makeRoom(ann, 'two', [bob]), await people.makeRoom(ann, 'three', [bob, eve])]
        for (const room of ['two', 'three'])
          await world.rest.call('messages.send', { room: `name:${room}`, content: 'hi' }, { token: ann.access })
        expect(await people.messages(bob, two.id)).toMatchObject([{ sender: ann.id, receiver: bob.id, receiver_username: 'bob' }])
        expect(await people.messages(bob, three.id)).toMatchObject([{ sender: ann.id, receiver: null, receiver_username: null }])
      })

      test('are all there, however many, and without those that were deleted', async () => {
        const room = await people.makeRoom(ann, 'long', [bob])
        const call = (content: string) => world.rest.call('messages.send', { room: 'name:long', content }, { token: ann.access })
        const texts = Array.from({ length: 450 }, (_, i) => `text ${i}`)
        for (const content of texts) await call(content)
        const { message } = await call('deleted')
        await world.rest.call('messages.delete', { room: 'name:long', message: message.id }, { token: ann.access })
        expect((await people.messages(bob, room.id)).map(({ content }) => content)).toEqual(texts)
      })
    })

    describe('lists', () => {
      test('have rooms of every API that one may know of, under the name of each', async () => {
        const kim = await world.person('kim')
        await world.rest.call('rooms.create', { kind: 'public', name: 'for all', title: 'For all' }, kim)
        const { room } = await world.rest.call('rooms.create', { kind: 'group', title: 'Tea time' }, kim)
        await world.rest.call('members.add', { room: room.id, user: 'name:eve' }, kim)
        await world.rest.call('rooms.direct', { user: 'name:eve' }, kim)
        const seen = (await people.rooms(eve)).map(({ name }) => name)
        expect(seen).toContain('for all')
        expect(seen.filter((name) => /^Tea_time_\d+$/.test(name))).toHaveLength(1)
        expect(seen).toContain(`${kim.username}_eve`)
        const own = await people.rooms(eve, '/my-rooms/')
        expect(own.map(({ name }) => name)).not.toContain('for all')
        expect(own.map(({ id }) => id)).toEqual(own.map(({ id }) => id).toSorted((a, b) => a - b))
        const others = (await people.rooms(bob)).map(({ name }) => name)
        expect(others).toContain('for all')
        expect(others.some((name) => name.startsWith('Tea_time') || name.endsWith('_eve'))).toBe(false)
      })

      test('have more than one page', async () => {
        const kim = await world.person('kim')
        for (let i = 0; i < 120; i++) await world.rest.call('rooms.create', { kind: 'public', name: `many ${i}` }, kim)
        expect((await people.rooms(bob)).filter(({ name }) => name.startsWith('many '))).toHaveLength(120)
      })
    })

    describe('a wrong method', () => {
      const cases: [method: string, path: string, allow: string][] = [
        ['GET', '/register/', 'POST, OPTIONS'],
        ['PUT', '/login/', 'POST, OPTIONS'],
        ['DELETE', '/rooms/', 'GET, POST, HEAD, OPTIONS'],
        ['PATCH', '/messages/1/', 'GET, POST, HEAD, OPTIONS'],
        ['POST', '/users/', 'GET, HEAD, OPTIONS'],
        ['POST', '/my-rooms', 'GET, HEAD, OPTIONS'],
      ]
      for (const [method, path, allow] of cases) {
        test(`${method} ${path} is 405 and says what is right`, async () => {
          const { status, json, headers } = await ask(method, path, { token: ann.access })
          expect([status, json, headers.get('allow')]).toEqual([405, { detail: `Method "${method}" not allowed.` }, allow])
        })
      }
    })

    test('paths below /api are nobody’s, and pages of other origins may send credentials', async () => {
      for (const path of ['/api/rooms/', '/api/users/', '/api/my-rooms/', '/token/refresh/'])
        expect((await ask('GET', path, { token: ann.access })).status).toBe(404)
      const origin = 'https://pages.example.org'
      const { headers } = await ask('GET', '/my-rooms/', { headers: { origin } })
      expect([headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')]).toEqual([origin, 'true'])
    })
  })
}
