import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import type { OlderRequest } from '../../harness/older-client.ts'
import { backends } from '../../harness/server.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { backend, type Backend, type Chat, type Member } from './people.ts'

let world: World
let people: Backend
let ann: Member
let bob: Member
let chat: Chat
let direct: Chat
let foreign: Chat

const required = ['This field is required.']
const isNull = ['This field may not be null.']
const unknownKey = (key: unknown) => [`Invalid pk "${String(key)}" - object does not exist.`]
const wrongType = (type: string) => [`Incorrect type. Expected pk value, received ${type}.`]
const raw = (body: string, type = 'application/json'): OlderRequest => ({ body, headers: { 'content-type': type } })
const form = (...entries: [string, string][]): FormData => {
  const data = new FormData()
  for (const [name, value] of entries) data.append(name, value)
  return data
}

type Case = [what: string, path: string, request: OlderRequest, outcome: [status: number, body: unknown]]

for (const { name: engine, env } of await backends()) {
  describe(`bad input of chat-backend (${engine})`, () => {
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      people = backend(world)
      ann = await people.person('ann')
      bob = await people.person('bob')
      chat = await people.group(ann, 'chat', [bob])
      direct = await people.ask(ann, 'POST', '/api/chats/private/', { other_user_id: bob.number })
      foreign = await people.group(bob, 'foreign')
    })
    afterAll(async () => {
      const errors = world.server.lines.filter((line) => line.includes('"error"'))
      await world[Symbol.asyncDispose]()
      expect(errors).toEqual([])
    })

    describe('what is wrong with a body is told by field', () => {
      const cases: Case[] = [
        ['tokens for nothing', '/api/token/', { json: {} }, [400, { username: required, password: required }]],
        ['a refresh of nothing', '/api/token/refresh/', { json: {} }, [400, { refresh: required }]],
        ['a refresh of null', '/api/token/refresh/', { json: { refresh: null } }, [400, { refresh: isNull }]],
        ['a private chat with nothing', '/api/chats/private/', { json: {} }, [400, { other_user_id: required }]],
        ['with null', '/api/chats/private/', { json: { other_user_id: null } }, [400, { other_user_id: isNull }]],
        ['with a blank in a form', '/api/chats/private/', { form: { other_user_id: '' } }, [400, { other_user_id: isNull }]],
        ['with a word', '/api/chats/private/', { json: { other_user_id: 'abc' } }, [400, { other_user_id: wrongType('str') }]],
        ['with a list', '/api/chats/private/', { json: { other_user_id: [1] } }, [400, { other_user_id: wrongType('list') }]],
        ['with an object', '/api/chats/private/', { json: { other_user_id: {} } }, [400, { other_user_id: wrongType('dict') }]],
        ['with truth', '/api/chats/private/', { json: { other_user_id: true } }, [400, { other_user_id: wrongType('bool') }]],
        ['with half a person', '/api/chats/private/', { json: { other_user_id: 1.5 } }, [400, { other_user_id: wrongType('float') }]],
        ['with a negative number', '/api/chats/private/', { json: { other_user_id: -1 } }, [400, { other_user_id: unknownKey(-1) }]],
        ['with too large a number', '/api/chats/private/', { json: { other_user_id: 1e21 } }, [400, { other_user_id: unknownKey(1e21) }]],
        [
          'with more digits than a number has',
          '/api/chats/private/',
          { json: { other_user_id: '9'.repeat(40) } },
          [400, { other_user_id: unknownKey('9'.repeat(40)) }],
        ],
        [
          'a list for a body',
          '/api/chats/private/',
          { json: [] },
          [400, { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
        ],
        ['a group without a name', '/api/chats/group/', { json: {} }, [400, { name: required }]],
        ['a group with a blank name', '/api/chats/group/', { json: { name: '  ' } }, [400, { name: ['This field may not be blank.'] }]],
        ['a group with an object for a name', '/api/chats/group/', { json: { name: {} } }, [400, { name: ['Not a valid string.'] }]],
        [
          'a group with too long a name',
          '/api/chats/group/',
          { json: { name: 'x'.repeat(256) } },
          [400, { name: ['Ensure this field has no more than 255 characters.'] }],
        ],
        [
          'everything wrong with a group at once',
          '/api/chats/group/',
          { json: { member_ids: [1, 'x', 999_999] } },
          [400, { name: required, member_ids: { 1: wrongType('str'), 2: unknownKey(999_999) } }],
        ],
        [
          'members that are no list',
          '/api/chats/group/',
          { json: { name: 'x', member_ids: 5 } },
          [400, { member_ids: ['Expected a list of items but got type "int".'] }],
        ],
        ['members that are null', '/api/chats/group/', { json: { name: 'x', member_ids: null } }, [400, { member_ids: isNull }]],
        [
          'too many members',
          '/api/chats/group/',
          { json: { name: 'x', member_ids: Array.from({ length: 1001 }, (_, i) => i) } },
          [400, { member_ids: ['Ensure this field has no more than 1000 elements.'] }],
        ],
        [
          'a member in a form that is unknown',
          '/api/chats/group/',
          { form: form(['name', 'x'], ['member_ids', '1'], ['member_ids', '999999']) },
          [400, { member_ids: { 1: unknownKey(999_999) } }],
        ],
        ['broken JSON', '/api/chats/group/', raw('{bad'), [400, { detail: 'JSON parse error - not well-formed JSON' }]],
        [
          'a body of another type',
          '/api/chats/group/',
          raw('name=x', 'text/plain'),
          [415, { detail: 'Unsupported media type "text/plain" in request.' }],
        ],
        [
          'a body above the bound',
          '/api/chats/group/',
          { json: { name: 'x'.repeat(200_000) } },
          [413, { detail: 'The body or frame is larger than allowed.' }],
        ],
      ]
      test.each(cases)('%s (%s)', async (_, path, ...[request, outcome]) => {
        const { status, json } = await people.api.ask('POST', path, { token: ann.access, ...request })
        expect([status, json]).toEqual(outcome)
      })
    })

    describe('members', () => {
      const needed = { detail: 'user_id is required.' }
      const nobody = { detail: 'User not found.' }
      const cases: [what: string, json: unknown, outcome: [status: number, body: unknown]][] = [
        ['nothing', {}, [400, needed]],
        ['null', { user_id: null }, [400, needed]],
        ['a blank', { user_id: '' }, [400, needed]],
        ['an unknown number', { user_id: 999_999 }, [404, nobody]],
        ['a word', { user_id: 'zz' }, [404, nobody]],
        ['a number in another notation', { user_id: '0x2' }, [404, nobody]],
        ['a power', { user_id: '2e0' }, [404, nobody]],
        ['a list', { user_id: [1] }, [404, nobody]],
        ['half a person', { user_id: 1.5 }, [404, nobody]],
        ['too large a number', { user_id: 1e300 }, [404, nobody]],
      ]
      test.each(cases)('%s is neither added nor removed', async (_, json, outcome) => {
        for (const verb of ['add', 'remove']) {
          const answer = await people.api.ask('POST', `/api/chats/${chat.id}/${verb}-member/`, { token: ann.access, json })
          expect([answer.status, answer.json]).toEqual(outcome)
        }
      })

      test('of a private chat stay the two', async () => {
        const answers = await Promise.all(
          ['add', 'remove'].map((verb) =>
            people.api.ask('POST', `/api/chats/${direct.id}/${verb}-member/`, { token: ann.access, json: { user_id: bob.number } }),
          ),
        )
        expect(answers.map(({ status, json }) => [status, json])).toEqual([
          [400, { detail: 'Cannot add members to a private chat.' }],
          [400, { detail: 'Cannot remove members from a private chat.' }],
        ])
      })

      test('of a room with roles are added and removed by whom the room lets', async () => {
        const room = await world.group([bob, ann])
        for (const verb of ['add', 'remove']) {
          const answer = await people.api.ask('POST', `/api/chats/${room}/${verb}-member/`, {
            token: ann.access,
            json: { user_id: bob.number },
          })
          expect([answer.status, answer.json]).toEqual([403, { detail: 'You do not have permission to perform this action.' }])
        }
      })
    })

    describe('a chat that is not one’s own, does not exist or cannot exist', () => {
      const nowhere = '2e71d96a-ec02-4a42-9732-9714ea26639c'
      const chats: [what: string, id: () => string][] = [
        ['foreign', () => foreign.id],
        ['unknown', () => nowhere],
        ['a number', () => '77'],
        ['a name', () => 'name:chat'],
        ['an escape', () => '%00'],
        ['half an escape', () => '%zz'],
      ]
      const isUuid = (id: string) => id === foreign.id || id === nowhere
      test.each(chats)('%s: everything is 404, and the messages of an id are 403', async (_, id) => {
        const ask = async (method: string, rest: string, json?: object) => {
          const answer = await people.api.ask(method, `/api/chats/${id()}/${rest}`, { token: ann.access, ...(json && { json }) })
          expect(answer.json).toHaveProperty('detail')
          return answer.status
        }
        expect(await ask('GET', '')).toBe(404)
        expect(await ask('POST', 'add-member/', { user_id: ann.number })).toBe(404)
        expect(await ask('POST', 'remove-member/', { user_id: bob.number })).toBe(404)
        expect(await ask('GET', 'messages/')).toBe(isUuid(id()) ? 403 : 404)
        expect(await ask('POST', 'messages/', { content: 'x' })).toBe(isUuid(id()) ? 403 : 404)
        const handshake = await people.api.handshake(`/chat-backend/ws/chat/${id()}/?token=${ann.access}`)
        expect(handshake).toBe(403)
      })

      test('an id in capitals is the same id', async () => {
        expect((await people.ask<Chat>(ann, 'GET', `/api/chats/${chat.id.toUpperCase()}/`)).id).toBe(chat.id)
        expect(await people.api.handshake(`/ws/chat/${chat.id.toUpperCase()}/?token=${ann.access}`)).toBe(101)
      })
    })

    describe('a message', () => {
      const cases: [what: string, json: unknown, errors: unknown][] = [
        ['missing', {}, required],
        ['null', { content: null }, isNull],
        ['blank', { content: ' \n ' }, ['This field may not be blank.']],
        ['an object', { content: {} }, ['Not a valid string.']],
        [
          'too long',
          { content: 'x'.repeat(limits.content_chars + 1) },
          [`Ensure this field has no more than ${limits.content_chars} characters.`],
        ],
        [
          'too many bytes',
          { content: '漢'.repeat(limits.content_bytes / 3 + 1) },
          [`Ensure this field has no more than ${limits.content_chars} characters.`],
        ],
        ['NUL', { content: 'a\0b' }, ['Null characters are not allowed.']],
        ['half a surrogate pair', { content: 'a\ud800b' }, ['Surrogate characters are not allowed: U+D800.']],
      ]
      test.each(cases)('%s is refused at its field', async (_, json, errors) => {
        const answer = await people.api.ask('POST', `/api/chats/${chat.id}/messages/`, { token: ann.access, json })
        expect([answer.status, answer.json]).toEqual([400, { content: errors }])
      })
    })

    test('forms and multipart count like JSON, repeated keys as lists, and unknown fields and parameters are let be', async () => {
      const { api } = people
      const numbers: [string, string][] = [
        ['name', 'from a form'],
        ['member_ids', String(bob.number)],
        ['member_ids', String(ann.number)],
        ['member_ids', String(bob.number)],
      ]
      const plain = await api.ask('POST', '/api/chats/group/?x=1', {
        token: ann.access,
        body: new URLSearchParams(numbers).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
      const multipart = await api.ask('POST', '/api/chats/group/?format=json', {
        token: ann.access,
        form: form(...numbers, ['other', 'x']),
      })
      for (const { status, json } of [plain, multipart]) {
        expect(status).toBe(201)
        expect(json).toMatchObject({ name: 'from a form', members: [{ id: ann.number }, { id: bob.number }] })
      }
      const sent = await api.ask('POST', `/api/chats/${chat.id}/messages/?a=b&a=c`, {
        token: ann.access,
        form: { content: 'a form', type: 'x' },
      })
      expect([sent.status, (sent.json as { content: string }).content]).toEqual([201, 'a form'])
    })

    test('a path without its slash is answered, and a GET sent on', async () => {
      const { api } = people
      const sent = await api.ask('POST', `/api/chats/${chat.id}/messages`, { token: ann.access, json: { content: 'no slash' } })
      expect(sent.status).toBe(201)
      const moved = await api.ask('GET', '/api/chats?x=1', { token: ann.access })
      expect([moved.status, moved.headers.get('location')]).toEqual([301, '/api/chats/?x=1'])
      for (const prefix of ['', '/chat-backend']) expect(await api.handshake(`${prefix}/ws/chat/${chat.id}?token=${ann.access}`)).toBe(101)
    })

    test('other methods are 405 with what is allowed, after the question who asks', async () => {
      const { api } = people
      const paths: [path: string, method: string, allow: string][] = [
        ['/api/token/', 'GET', 'POST, OPTIONS'],
        ['/api/chats/', 'POST', 'GET, HEAD, OPTIONS'],
        ['/api/chats/private/', 'GET', 'POST, OPTIONS'],
        [`/api/chats/${chat.id}/`, 'DELETE', 'GET, HEAD, OPTIONS'],
        [`/api/chats/${chat.id}/messages/`, 'PUT', 'GET, POST, HEAD, OPTIONS'],
      ]
      for (const [path, method, allow] of paths) {
        const answer = await api.ask(method, path, { token: ann.access })
        expect([answer.status, answer.json, answer.headers.get('allow')]).toEqual([
          405,
          { detail: `Method "${method}" not allowed.` },
          allow,
        ])
        if (path !== '/api/token/') expect((await api.ask(method, path)).status).toBe(401)
        expect((await api.ask('OPTIONS', path, { token: ann.access })).status).toBe(200)
      }
    })

    test('pages of other origins may call with credentials', async () => {
      const headers = { origin: 'https://elsewhere.example' }
      const answer = await people.api.ask('GET', '/api/chats/', { token: ann.access, headers })
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://elsewhere.example')
      const asked = { ...headers, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
      expect((await people.api.ask('OPTIONS', '/api/chats/private/', { headers: asked })).status).toBe(204)
    })
  })
}
