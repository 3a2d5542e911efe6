import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import type { OlderRequest } from '../../harness/older-client.ts'
import { backends } from '../../harness/server.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { type Member, older, type Older, type Room } from './people.ts'

let world: World
let people: Older
let [ann, bob]: Member[] = []
let open: Room
let secret: Room

type Case = {
  what: string
  method: string
  path: () => string
  as?: () => Member | undefined
  sent?: OlderRequest
  answer: [number, unknown]
}

const required = 'This field is required.'
const blank = 'This field may not be blank.'
const notFound = { detail: 'Not found.' }
const denied = { detail: 'You do not have permission to perform this action.' }
const unsigned = { detail: 'Authentication credentials were not provided.' }
const taken = { room_name: ['chat room with this room name already exists.'] }
const dictionary = { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }
const [hers, his] = [() => ann, () => bob]
const at =
  (room: () => Room, rest = '') =>
  () =>
    `/chat/rooms/${room().room_id}/${rest}`
const to = (path: string) => () => path

const accounts: Case[] = [
  {
    what: 'registering with nothing',
    method: 'POST',
    path: to('/users/auth/register/'),
    sent: { json: {} },
    answer: [400, { username: [required], password: [required] }],
  },
  {
    what: 'registering with a list',
    method: 'POST',
    path: to('/users/auth/register/'),
    sent: { json: [] },
    answer: [400, dictionary],
  },
  {
    what: 'registering with a bad address',
    method: 'POST',
    path: to('/users/auth/register/'),
    sent: { json: { username: 'new', password: 'a', email: 'nope' } },
    answer: [400, { email: ['Enter a valid email address.'] }],
  },
  {
    what: 'logging in with half a form',
    method: 'POST',
    path: to('/users/auth/login/'),
    sent: { form: { username: 'ann' } },
    answer: [400, { password: [required] }],
  },
  {
    what: 'logging in as nobody',
    method: 'POST',
    path: to('/users/auth/login/'),
    sent: { json: { username: 'no\u0001body', password: 'x' } },
    answer: [401, { error: 'Invalid Credentials' }],
  },
  {
    what: 'refreshing with nonsense',
    method: 'POST',
    path: to('/users/token/refresh/'),
    sent: { json: { refresh: 'x.y.z' } },
    answer: [401, { detail: 'Token is invalid or expired', code: 'token_not_valid' }],
  },
  { what: 'refreshing with nothing', method: 'POST', path: to('/users/token/refresh/'), answer: [400, { refresh: [required] }] },
  { what: 'a profile of nobody', method: 'GET', path: to('/users/auth/profile/'), answer: [401, unsigned] },
  {
    what: 'a name that is no text',
    method: 'PUT',
    path: to('/users/auth/profile/'),
    as: hers,
    sent: { json: { first_name: ['x'], last_name: null } },
    answer: [400, { first_name: ['Not a valid string.'], last_name: ['This field may not be null.'] }],
  },
]

const rooms: Case[] = [
  {
    what: 'a room without a name',
    method: 'POST',
    path: to('/chat/rooms/create/'),
    as: hers,
    sent: { json: {} },
    answer: [400, { room_name: [required] }],
  },
  {
    what: 'a room with a blank name and a lie about its privacy',
    method: 'POST',
    path: to('/chat/rooms/create/'),
    as: hers,
    sent: { json: { room_name: ' ', is_private: 'maybe' } },
    answer: [400, { room_name: [blank], is_private: ['Must be a valid boolean.'] }],
  },
  {
    what: 'a room with a name too long',
    method: 'POST',
    path: to('/chat/rooms/create/'),
    as: hers,
    sent: { json: { room_name: 'x'.repeat(limits.room_name_chars + 1) } },
    answer: [400, { room_name: ['Ensure this field has no more than 255 characters.'] }],
  },
  {
    what: 'a room with NUL in its description',
    method: 'POST',
    path: to('/chat/rooms/create/'),
    as: hers,
    sent: { json: { room_name: 'nul', description: 'a\u0000b' } },
    answer: [400, { description: ['Null characters are not allowed.'] }],
  },
  {
    what: 'a room under a reserved name',
    method: 'POST',
    path: to('/chat/rooms/create/'),
    as: hers,
    sent: { json: { room_name: 'dm_1_2' } },
    answer: [400, taken],
  },
  {
    what: 'a room under the name of a private one',
    method: 'POST',
    path: to('/chat/rooms/create/'),
    as: his,
    sent: { json: { room_name: 'secret' } },
    answer: [400, taken],
  },
  {
    what: 'a room in XML',
    method: 'POST',
    path: to('/chat/rooms/create/'),
    as: hers,
    sent: { body: '<room/>', headers: { 'content-type': 'text/xml' } },
    answer: [415, { detail: 'Unsupported media type "text/xml" in request.' }],
  },
  {
    what: 'a room that is not there',
    method: 'GET',
    path: to('/chat/rooms/0190f0aa-0000-7000-8000-00000000000a/'),
    as: hers,
    answer: [404, notFound],
  },
  { what: 'a room whose id is none', method: 'DELETE', path: to('/chat/rooms/1/'), as: hers, answer: [404, notFound] },
  { what: 'a room of others', method: 'GET', path: at(() => secret), as: his, answer: [404, notFound] },
  { what: 'deleting a room of others', method: 'DELETE', path: at(() => secret), as: his, answer: [404, notFound] },
  { what: 'a room without a token', method: 'GET', path: at(() => open), answer: [401, unsigned] },
  {
    what: 'renaming a room to a name that is taken',
    method: 'PATCH',
    path: at(() => open),
    as: hers,
    sent: { json: { room_name: 'secret' } },
    answer: [400, taken],
  },
  {
    what: 'renaming a room to nothing',
    method: 'PUT',
    path: at(() => open),
    as: hers,
    sent: { json: { description: 'x' } },
    answer: [400, { room_name: [required] }],
  },
  {
    what: 'renaming a room one did not make',
    method: 'PATCH',
    path: at(() => open),
    as: his,
    sent: { json: { room_name: 'mine' } },
    answer: [403, denied],
  },
  { what: 'a talk with a word', method: 'GET', path: to('/chat/dm/bob'), as: hers, answer: [404, notFound] },
  {
    what: 'a talk with a number no user can have',
    method: 'GET',
    path: to(`/chat/dm/${'9'.repeat(30)}`),
    as: hers,
    answer: [404, notFound],
  },
]

const members: Case[] = [
  {
    what: 'adding nobody',
    method: 'POST',
    path: at(() => secret, 'members/add/'),
    as: hers,
    sent: { json: { user_id: null } },
    answer: [400, { detail: 'User ID to add is required.' }],
  },
  {
    what: 'adding a word',
    method: 'POST',
    path: at(() => secret, 'members/add/'),
    as: hers,
    sent: { json: { user_id: 'bob' } },
    answer: [404, notFound],
  },
  {
    what: 'adding oneself',
    method: 'POST',
    path: at(() => secret, 'members/add/'),
    as: hers,
    sent: { form: { user_id: '1' } },
    answer: [400, { detail: 'ann is already a member of this room.' }],
  },
  {
    what: 'adding to a public room',
    method: 'POST',
    path: at(() => open, 'members/add/'),
    as: hers,
    sent: { json: { user_id: 2 } },
    answer: [403, { detail: 'You do not have permission to add members to this room.' }],
  },
  {
    what: 'adding to a room of others',
    method: 'POST',
    path: at(() => secret, 'members/add/'),
    as: his,
    sent: { json: { user_id: 2 } },
    answer: [404, notFound],
  },
  {
    what: 'removing oneself',
    method: 'DELETE',
    path: at(() => secret, 'members/remove/1/'),
    as: hers,
    answer: [400, { detail: 'You cannot remove yourself from the room.' }],
  },
  {
    what: 'removing who is not in',
    method: 'DELETE',
    path: at(() => secret, 'members/remove/2/'),
    as: hers,
    answer: [400, { detail: 'bob is not a member of this room.' }],
  },
  {
    what: 'removing who does not exist',
    method: 'DELETE',
    path: at(() => secret, 'members/remove/99999/'),
    as: hers,
    answer: [404, notFound],
  },
  {
    what: 'editing a message whose id is none',
    method: 'PUT',
    path: to('/chat/messages/5/edit/'),
    as: hers,
    sent: { json: { content: 'x' } },
    answer: [404, notFound],
  },
  {
    what: 'deleting a message that is not there',
    method: 'DELETE',
    path: to('/chat/messages/0190f0aa-0000-7000-8000-00000000000a/delete/'),
    as: hers,
    answer: [404, notFound],
  },
]

for (const { name: engine, env } of await backends()) {
  describe(`bad input of realtime-chat (${engine})`, () => {
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      people = older(world.server.url)
      ;[ann, bob] = [await people.person('ann'), await people.person('bob')]
      open = await people.room(ann, { room_name: 'open' })
      secret = await people.room(ann, { room_name: 'secret', is_private: true })
    })
    afterAll(async () => {
      const errors = world.server.lines.filter((line) => line.includes('"level":"error"'))
      await world[Symbol.asyncDispose]()
      expect(errors).toEqual([])
    })

    describe.each([
      ['accounts', accounts],
      ['rooms', rooms],
      ['members and messages', members],
    ])('of %s', (_, cases) => {
      test.each(cases)('$what is refused in the words of the framework', async ({ method, path, as, sent, answer: [status, body] }) => {
        const who = as?.()
        const answer = await people.ask(method, path(), { ...sent, ...(who !== undefined && { as: who }) })
        expect([answer.status, answer.json]).toEqual([status, body])
      })
    })
  })
}
