import { expect, test } from 'bun:test'
import { createOlderClient } from '../harness/older-client.ts'
import { createRest } from '../harness/rest.ts'
import { backends, startServer, type TestServer } from '../harness/server.ts'
import recording from './chat-backend.json' with { type: 'json' }
import { expectAlike, otherwise, unexplained } from './differences.ts'
import type { Difference, PersonStep, Recording } from './recording.ts'
import { replay } from './replayer.ts'

// Sentences of the guide, which is looked up below.
const tokens = 'They carry two claims more: `dia`, the API they were issued at, and `sid`, the login.'
const emails = 'Other people\'s `email` reads `""` unless `SHOW_EMAILS=on`.'
const leftovers =
  "Only what the document names is answered: the others of a chat's and of the list's methods are 405, and `GET /api/` is 404."
const noChat = "A chat that is not one's own, that does not exist, or whose id is no UUID is 404."
const noNumber = 'A `user_id` that is no number is 404, like an unknown one.'
const times = 'Frames carry times with `Z`, the same as the history.'
const refresh = 'Refresh tokens do not open a socket.'
const pushed = 'A message sent by HTTP reaches the sockets.'
const removed = 'Whoever is removed from a chat is out of it at once: the socket ends with 4403, and nothing more is sent through it.'
const ignored = 'Text that is not JSON, and a `message` that is not a text, are ignored and the socket stays.'
const wrongType = 'A refresh token in place of an access token is called invalid, like any bad one.'
const noSlash = 'A path without its last slash is answered, except for GET, which is sent on to the path with it (301).'
const unknownPath = 'An unknown path is 404 as `application/problem+json`.'
const parseError = 'The text after `JSON parse error -` is ours.'
const sharedPath = 'Otherwise realtime-chat; then django-realtime-chat-api.'

const json = 'application/json'
const html = 'text/html'
const id = '<id>'
const created_at = '<iso time>'
const person = (who: string, email = `${who}_a59c7d@x.org`) => ({ id, username: `${who}_a59c7d`, email })
const frame = (message: string, at: string) => ({ type: 'chat_message', id, message, sender_id: id, chat_id: id, created_at: at })
const offset = '<iso time with an offset>'
const crashed = { code: 1011, reason: '' }
const aliceSaid = (content: string) => ({ id, chat: id, sender: person('alice'), content, created_at })
const teamOf = (name: string) => ({
  id,
  is_group: true,
  name,
  created_at,
  members: ['alice', 'bob', 'carol'].map((who) => person(who)),
  last_message: aliceSaid('5'),
})

const typed = (differences: Difference[], [recorded, ours]: [string, string]): Difference[] => [
  ...differences,
  ...differences.slice(0, 1).map(({ step, because }) => ({ step, at: '/type', recorded, ours, because })),
]

/** A crash with its page, and what we answer. */
const crash = (step: string, title: string, told: { status: number; body: object; because: string }): Difference[] =>
  typed(otherwise({ step, status: [500, told.status], recorded: title, ours: told.body, because: told.because }), [html, json])

const refused = (method: string) => ({ detail: `Method "${method}" not allowed.` })
const nothing = {
  type: '/docs/errors#not_found',
  title: 'There is no such thing, or it is not yours to see.',
  status: 404,
  code: 'not_found',
  detail: 'Nothing answers at this path.',
  request_id: id,
}
const notFound = { detail: 'Not found.' }
const noSuchChat = { status: 404, body: notFound, because: noChat }
const ofChat = (chat: string, rest = '') => `/api/chats/${chat}/${rest}`
const team = 'cd192f05-3fc2-463f-95ba-777847319924'
const direct = 'ffc80417-10f8-442a-b673-731f25549321'
const random = '53d4808b-f70e-4ff1-b463-70482c801832'
const hidden = (at: string, ...people: string[]): Difference[] =>
  people.map((who) => ({ at, recorded: person(who).email, ours: '', because: emails }))

/** Everywhere we answer otherwise than the original did. */
const differences: Difference[] = [
  ...['access claims', 'refresh claims'].flatMap((step) => [
    { step, at: '/dia', recorded: undefined, ours: 'chat-backend', because: tokens },
    { step, at: '/sid', recorded: undefined, ours: id, because: tokens },
  ]),
  ...hidden('/body/members/*/email', 'alice', 'bob', 'carol', 'dave'),
  ...hidden('/body/*/members/*/email', 'alice', 'bob', 'carol'),
  ...hidden('/body/*/last_message/sender/email', 'alice'),
  { at: '/headers/Allow', recorded: 'GET, POST, HEAD, OPTIONS', ours: 'GET, HEAD, OPTIONS', because: leftovers },
  { at: '/headers/Allow', recorded: 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS', ours: 'GET, HEAD, OPTIONS', because: leftovers },
  {
    step: 'chats with refresh token as bearer',
    at: '/body/messages/0/message',
    recorded: 'Token has wrong type',
    ours: 'Token is invalid or expired',
    because: wrongType,
  },
  ...crash('detail non-member (D not; use private as carol)', `DoesNotExist at ${ofChat(direct)}`, noSuchChat),
  ...crash('detail random uuid', `DoesNotExist at ${ofChat(random)}`, noSuchChat),
  ...crash('detail non-uuid', `ValidationError at ${ofChat('123')}`, noSuchChat),
  ...crash('add member by non-member', `DoesNotExist at ${ofChat(direct, 'add-member/')}`, noSuchChat),
  ...crash('add member bad type', `ValueError at ${ofChat(team, 'add-member/')}`, {
    status: 404,
    body: { detail: 'User not found.' },
    because: noNumber,
  }),
  ...typed(
    otherwise({
      step: 'list non-uuid',
      status: [404, 404],
      recorded: `Page not found at ${ofChat('77', 'messages/')}`,
      ours: notFound,
      because: noChat,
    }),
    [html, json],
  ),
  {
    step: 'send bad json',
    at: '/body/detail',
    recorded: 'JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)',
    ours: 'JSON parse error - not well-formed JSON',
    because: parseError,
  },
  ...crash('no trailing slash POST', 'RuntimeError at /api/token', {
    status: 400,
    body: { password: ['This field is required.'] },
    because: noSlash,
  }),
  ...typed(
    otherwise({
      step: 'unknown path',
      status: [404, 404],
      recorded: 'Page not found at /api/nope/',
      ours: nothing,
      because: unknownPath,
    }),
    [html, 'application/problem+json'],
  ),
  ...typed(
    otherwise({
      step: 'api root',
      status: [200, 404],
      recorded: { chats: 'http://127.0.0.1:8100/api/chats/' },
      ours: nothing,
      because: leftovers,
    }),
    [json, 'application/problem+json'],
  ),
  { step: 'api root', at: '/headers/Allow', recorded: 'GET, HEAD, OPTIONS', ours: undefined, because: leftovers },
  ...otherwise({
    step: 'POST chats/ (leftover create)',
    status: [201, 405],
    recorded: { ...teamOf('raw'), members: [], last_message: null },
    ours: refused('POST'),
    because: leftovers,
  }),
  ...otherwise({
    step: 'PUT chats/id/ (leftover)',
    status: [200, 405],
    recorded: teamOf('renamed'),
    ours: refused('PUT'),
    because: leftovers,
  }),
  ...otherwise({
    step: 'PATCH chats/id/ (leftover)',
    status: [200, 405],
    recorded: teamOf('renamed2'),
    ours: refused('PATCH'),
    because: leftovers,
  }),
  { step: 'remove bob while connected', at: '/body/name', recorded: 'renamed2', ours: 'Team Chat', because: leftovers },
  ...otherwise({
    step: 'DELETE as non-member',
    status: [404, 405],
    recorded: notFound,
    ours: refused('DELETE'),
    because: leftovers,
  }),
  ...typed(
    otherwise({
      step: 'DELETE chats/id/ (leftover, any member)',
      status: [204, 405],
      recorded: '',
      ours: refused('DELETE'),
      because: leftovers,
    }),
    ['', json],
  ),
  { step: 'connect: refresh token in query', at: '/result', recorded: 'open', ours: 403, because: refresh },
  { step: 'connect: non-uuid chat', at: '/result', recorded: 500, ours: 101, because: sharedPath },
  { at: '/frames/*/created_at', recorded: offset, ours: created_at, because: times },
  ...['bob after: HTTP send while WS open: does it reach the socket', 'alice after: HTTP send'].map((step) => ({
    step,
    at: '/frames/0',
    recorded: undefined,
    ours: frame('via http', created_at),
    because: pushed,
  })),
  ...['bob', 'alice'].map((who) => ({
    step: `${who} after: send {"message": "still here?"}`,
    at: '/frames/0',
    recorded: frame('still here?', offset),
    ours: undefined,
    because: removed,
  })),
  {
    step: 'bob after: send {"message": "still here?"}',
    at: '/closed',
    recorded: null,
    ours: { code: 4403, reason: 'no access to this room' },
    because: removed,
  },
  {
    step: 'history after ws',
    at: '/body/6',
    recorded: { ...aliceSaid('still here?'), sender: person('bob') },
    ours: undefined,
    because: removed,
  },
  { step: 'alice after: send non-string message', at: '/closed', recorded: crashed, ours: null, because: ignored },
  { step: 'alice after: send not json', at: '/closed', recorded: crashed, ours: null, because: ignored },
]

test('every difference is explained in the guide', async () => {
  expect(await unexplained(differences)).toEqual([])
})

/** Accounts come from the operator. */
const makeWith =
  ({ running }: TestServer) =>
  async ({ username, email, password }: PersonStep): Promise<number> => {
    const { registrar } = running.house.services
    const door = { dia: 'native', passwordMin: 8, sharedEmail: false, anyUsername: false, tokens: { access: 60, refresh: 60 } }
    return (await registrar.create({ username, email, password }, { door, admin: false, session: null })).number
  }

for (const { name, env } of await backends()) {
  test(`the recording of the original is answered alike, but for the differences listed (${name})`, async () => {
    await using server = await startServer({ env: await env() })
    const rest = createRest(server.url)
    const report = await replay(recording as Recording, {
      client: createOlderClient(server.url),
      differences,
      marker: (message) => ({ message }),
      person: makeWith(server),
      async sweep({ text, path, kept }) {
        const room = path.split('/').at(-2) ?? ''
        const { items } = await rest.call('messages.list', { room }, { token: kept.get('alice.access') })
        const marker = items.find(({ content }) => content === text)
        const token = kept.get(`${marker?.sender.username.split('_')[0]}.access`)
        await rest.call('messages.delete', { room, message: marker?.id ?? '' }, { token })
      },
    })
    expectAlike(report, { recording: recording as Recording, where: name, atLeast: 500 })
  })
}
