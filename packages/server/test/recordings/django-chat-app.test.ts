import { expect, test } from 'bun:test'
import { createOlderClient } from '../harness/older-client.ts'
import { createRest } from '../harness/rest.ts'
import { backends, startServer } from '../harness/server.ts'
import recording from './django-chat-app.json' with { type: 'json' }
import { expectAlike, otherwise, unexplained } from './differences.ts'
import type { Difference, Recording } from './recording.ts'
import { replay } from './replayer.ts'

// Sentences of the guide, which is looked up below.
const root = 'The paths are those of the document, without `/api`.'
const noAddress = 'A missing `email` is 400.'
const anyCase = 'The case of an address does not matter at a login.'
const tokens = 'They carry two claims more: `dia`, the API they were issued at, and `sid`, the login.'
const natural = 'A message needs `receiver` and `content`; `room` and `sender` in the body may be there and count for nothing.'
const outsiders = 'Who is not in a private room neither reads nor writes there: 404.'
const refresh = 'Refresh tokens do not speak on a socket.'
const kept = 'Messages of the socket are kept.'
const unknown = 'A message to nobody is refused, and the socket ends.'
const noToken = 'A socket whose frame has no token or a bad one ends with 4001.'
const listening = 'A socket hears nothing before its first frame with a good token.'
const binary = 'A binary frame is answered with an error before the socket ends.'
const oddName = 'A channel with anything but letters, digits, `_` and `-` in its name is 403.'
const noBody = 'A logout has no body.'
const unknownPath = 'An unknown path is 404 as `application/problem+json`.'

const json = 'application/json'
const html = 'text/html'
const id = '<id>'
const token = '<token>'
const timestamp = '<iso time>'
const person = (who: string) => `${who}_460a04`

const entry = (content: string, from: string, to: string) => ({
  id,
  sender_username: person(from),
  receiver_username: person(to),
  content,
  timestamp,
  room: id,
  sender: id,
  receiver: id,
})
const frame = (message: string) => ({ type: 'message', message, sender: id, receiver: id })
const typing = { type: 'typing', sender: id }
const nothing = {
  type: '/docs/errors#not_found',
  title: 'There is no such thing, or it is not yours to see.',
  status: 404,
  code: 'not_found',
  detail: 'Nothing answers at this path.',
  request_id: id,
}
const notFound = { success: false, message: 'Not found.' }

const typed = (step: string, [recorded, ours]: [string, string], because: string): Difference => ({
  step,
  at: '/type',
  recorded,
  ours,
  because,
})

const sent = (content: string, to: string) => ({ success: true, data: entry(content, 'alice', to), message: 'Message sent successfully.' })

/** Everywhere we answer otherwise than the original did. */
const differences: Difference[] = [
  ...otherwise({
    step: 'README path literally',
    status: [404, 201],
    recorded: 'Page not found at /register/',
    ours: { success: true, data: { id, username: 'q' }, message: 'User registered successfully!' },
    because: root,
  }),
  typed('README path literally', [html, json], root),
  { step: 'users', at: '/body/data/0', recorded: undefined, ours: { id, username: 'q' }, because: root },
  ...otherwise({
    step: 'register no email',
    status: [500, 400],
    recorded: { message: "Unexpected error: 'email'" },
    ours: { message: 'This field is required.' },
    because: noAddress,
  }),
  ...['access claims', 'refresh claims'].flatMap((step) => [
    { step, at: '/dia', recorded: undefined, ours: 'django-chat-app', because: tokens },
    { step, at: '/sid', recorded: undefined, ours: id, because: tokens },
  ]),
  ...otherwise({
    step: 'login email other case',
    status: [401, 200],
    recorded: { success: false, message: 'Invalid email or password.' },
    ours: { success: true, message: 'User logged in successfully!', data: { access_token: token, refresh_token: token } },
    because: anyCase,
  }),
  ...otherwise({
    step: 'send: natural body',
    status: [400, 201],
    recorded: { success: false, message: 'This field is required.' },
    ours: sent('hi', 'bob'),
    because: natural,
  }),
  ...otherwise({
    step: 'send as non-member',
    status: [201, 404],
    recorded: { ...sent('outsider', 'bob'), data: entry('outsider', 'carol', 'bob') },
    ours: notFound,
    because: outsiders,
  }),
  ...otherwise({
    step: 'send: room in body differs from url',
    status: [201, 404],
    recorded: sent('elsewhere', 'bob'),
    ours: notFound,
    because: natural,
  }),
  ...otherwise({
    step: 'list as non member',
    status: [200, 404],
    recorded: {
      success: true,
      data: [
        entry('hi', 'alice', 'bob'),
        entry('spoof', 'alice', 'carol'),
        entry('outsider', 'carol', 'bob'),
        entry('elsewhere', 'alice', 'bob'),
      ],
      message: 'Messages fetched successfully.',
    },
    ours: notFound,
    because: outsiders,
  }),
  typed('logout', [json, ''], noBody),
  { step: 'logout', at: '/body', recorded: { success: true, message: 'Logged out successfully!' }, ours: '', because: noBody },
  { step: 'no token refresh route', at: '/body', recorded: 'Page not found at /api/token/refresh/', ours: nothing, because: unknownPath },
  typed('no token refresh route', [html, 'application/problem+json'], unknownPath),
  { step: 'bob after: join', at: '/frames/0', recorded: { type: 'join', username: person('alice') }, ours: undefined, because: listening },
  { step: 'alice after: unknown receiver', at: '/frames/0', recorded: frame('unknown receiver'), ours: undefined, because: unknown },
  {
    step: 'alice after: unknown receiver',
    at: '/frames/0',
    recorded: undefined,
    ours: { type: 'error', message: 'Unknown receiver.' },
    because: unknown,
  },
  { step: 'alice after: unknown receiver', at: '/closed', recorded: null, ours: { code: 1000, reason: '' }, because: unknown },
  { step: 'bob after: unknown receiver', at: '/frames/0', recorded: frame('unknown receiver'), ours: undefined, because: unknown },
  {
    step: 'messages after WS (persisted?)',
    at: '/body/data/0',
    recorded: undefined,
    ours: entry('hi', 'alice', 'bob'),
    because: natural,
  },
  ...['Hey there!', 'type omitted', 'string receiver'].map((content, index) => ({
    step: 'messages after WS (persisted?)',
    at: `/body/data/${index + 3}`,
    recorded: undefined,
    ours: entry(content, 'alice', 'bob'),
    because: kept,
  })),
  {
    step: 'messages after WS (persisted?)',
    at: '/body/data/2',
    recorded: entry('outsider', 'carol', 'bob'),
    ours: undefined,
    because: outsiders,
  },
  {
    step: 'messages after WS (persisted?)',
    at: '/body/data/3',
    recorded: entry('elsewhere', 'alice', 'bob'),
    ours: undefined,
    because: natural,
  },
  ...['x after: missing token', 'x after: bad token'].map((step) => ({
    step,
    at: '/closed/code',
    recorded: 1000,
    ours: 4001,
    because: noToken,
  })),
  { step: 'x after: refresh token accepted?', at: '/frames/0', recorded: typing, ours: undefined, because: refresh },
  {
    step: 'x after: refresh token accepted?',
    at: '/frames/0',
    recorded: undefined,
    ours: { type: 'unauthorized', message: 'Invalid or expired token.' },
    because: refresh,
  },
  { step: 'x after: refresh token accepted?', at: '/closed', recorded: null, ours: { code: 4001, reason: '' }, because: refresh },
  { step: 'alice: others are unaffected', at: '/frames/0', recorded: typing, ours: undefined, because: refresh },
  { step: 'bob: nothing on disconnect', at: '/frames/0', recorded: typing, ours: undefined, because: refresh },
  {
    step: 'x after: binary',
    at: '/frames/0',
    recorded: undefined,
    ours: { type: 'error', message: 'Binary frames are not supported.' },
    because: binary,
  },
  { step: 'x after: binary', at: '/closed/code', recorded: 1006, ours: 1000, because: binary },
  { step: 'x connects: odd room name', at: '/result', recorded: 500, ours: 403, because: oddName },
]

test('every difference is explained in the guide', async () => {
  expect(await unexplained(differences)).toEqual([])
})

for (const { name, env } of await backends()) {
  test(`the recording of the original is answered alike, but for the differences listed (${name})`, async () => {
    await using server = await startServer({ env: await env() })
    const rest = createRest(server.url)
    const report = await replay(recording as Recording, {
      client: createOlderClient(server.url),
      differences,
      // Somebody of that name joins, through whoever speaks: everybody in the channel hears it, and nothing is kept.
      async marker(text, silent) {
        if (silent) return null
        const { access_token } = await rest.call('accounts.register', { username: text, password: 'correct horse' })
        return { token: access_token, type: 'join' }
      },
    })
    expectAlike(report, { recording: recording as Recording, where: name, atLeast: 300 })
    // Each marker is somebody new, whose password is hashed.
  }, 60_000)
}
