import { describe, expect, test } from 'bun:test'
import { createOlderClient, type OlderClient } from '../harness/older-client.ts'
import { backends, startServer } from '../harness/server.ts'
import documented from './realtime-chat-documented.json' with { type: 'json' }
import latest from './realtime-chat.json' with { type: 'json' }
import { expectAlike, unexplained } from './differences.ts'
import type { Difference, Recording } from './recording.ts'
import { replay } from './replayer.ts'

// Sentences of the guide, which is looked up below.
const byId = 'A room is shown, changed and deleted by its id; changing and deleting is for its creator, others get 403.'
const notThere = 'To everybody else a private room is 404.'
const unlisted = 'Private rooms and rooms of two are listed to their members only.'
const whole = 'A room that is made is answered whole, with its id.'
const slash = '`/chat/dm/<user id>/` with a slash is the same.'
const removing = 'A member is removed by the number users have everywhere; who is no member, or oneself, is 400.'
const closing = 'A refused socket opens and is then closed with the documented code.'
const inside = 'The creator of a private room is a member.'
const names = 'Names with a hyphen, a blank or the like are no names for a socket; the room opens by its id instead.'
const forms = '`{"message"}`, `{"content"}` and `{"type":"message"}` with either are all taken.'
const typing = '`typing` is taken.'
const oneFrame = 'Live messages and history are the same frame, with `message_id`, `edited_at` and `is_deleted`.'
const sender = '`sender_id` is the number of the sender, as text.'
const zulu = 'Times are ISO with `Z`.'
const numbers = 'A number is stored and sent as its text.'
const notJson = 'Text that is not JSON and binary frames are answered `{"error":"Invalid JSON format received"}` and the socket stays.'
const once = 'One of two sockets of a person tells nobody when it comes or goes; it gets its own `user_join` all the same.'
const ownDocument = '`/swagger/` shows this API from this server.'
const ownWords = '`/chat/websocket-docs/` is answered, in our words.'
const tokens = 'They carry two claims more: `dia`, the API they were issued at, and `sid`, the login.'

const [id, time] = ['<id>', '<iso time>']
const json = 'application/json'
const missing = 'Message content is missing'
const crashed = { code: 1011, reason: '' }

/** What is at one place of some steps. */
const at = (steps: readonly string[], place: string, [recorded, ours, because]: [unknown, unknown, string]): Difference[] =>
  steps.map((step) => ({ step, at: place, recorded, ours, because }))

type Answer = { status: number; type?: string; body: unknown }

/** An answer in place of a page of the framework. */
const instead = (step: string, [recorded, ours]: [Answer, Answer], because: string): Difference[] => [
  ...(recorded.status === ours.status ? [] : at([step], '/status', [recorded.status, ours.status, because])),
  ...at([step], '/type', [recorded.type ?? 'text/html', ours.type ?? json, because]),
  ...at([step], '/body', [recorded.body, ours.body, because]),
]

const general = '/chat/rooms/2f59b5fc-512a-4bb7-92b1-2112b729f4d7/'
const secret = '/chat/rooms/657908f9-6a45-4617-86de-256db6f763fa/'
const assertion = (path: string): Answer => ({ status: 500, body: `AssertionError at ${path}` })
const noPage = (path: string): Answer => ({ status: 404, body: `Page not found at ${path}` })
const notFound: Answer = { status: 404, body: { detail: 'Not found.' } }
const forbidden: Answer = { status: 403, body: { detail: 'You do not have permission to perform this action.' } }

/** People and frames of one recording, whose names end alike. */
function wordsOf(run: string) {
  const person = (who: string) => `${who}_${run}`
  const room = (room_name: string, description: string | null, is_private = false) => ({
    room_id: id,
    room_name,
    created_at: time,
    creator_username: person('alice'),
    description,
    is_private,
    message_count: 0,
  })
  const said = (message: string, sender_id = '1', who = 'alice') => ({
    type: 'chat_message',
    message,
    message_id: id,
    sender_username: person(who),
    sender_id,
    timestamp: time,
    edited_at: null,
    is_deleted: false,
  })
  return {
    room,
    said,
    came: (user_id: string, who: string) => ({ type: 'user_join', user_id, username: person(who) }),
    went: (user_id: string, who: string) => ({ type: 'user_leave', user_id, username: person(who) }),
    user: (number: string, who: string) => ({ id: number, username: person(who) }),
    /** The message that we take where the original answered an error. */
    taken: (step: string, message: string): Difference[] => [
      ...at([step], '/frames/0', [{ error: missing }, undefined, forms]),
      ...at([step], '/frames/0', [undefined, said(message), forms]),
    ],
    made: (step: string): Difference[] =>
      Object.entries({ room_id: id, created_at: time, creator_username: person('alice'), message_count: 0 }).flatMap(([key, value]) =>
        at([step], `/body/${key}`, [undefined, value, whole]),
      ),
  }
}

/** What holds for every message frame. */
const frames: Difference[] = [
  { at: '/frames/*/timestamp', recorded: '<iso time of no zone>', ours: time, because: zulu },
  { at: '/frames/*/timestamp', recorded: '<iso time with an offset>', ours: time, because: zulu },
  { at: '/frames/*/message_id', recorded: undefined, ours: id, because: oneFrame },
  { at: '/frames/*/edited_at', recorded: undefined, ours: null, because: oneFrame },
  { at: '/frames/*/is_deleted', recorded: undefined, ours: false, because: oneFrame },
]

const ofLatest = (pages: { swagger: string; words: string }): Difference[] => {
  const { room, said, came, went, user, taken, made } = wordsOf('ed8dbd')
  const gen = (description: string): Answer => ({ status: 200, body: room('gen_ed8dbd', description) })
  const priv = room('priv_ed8dbd', 'p', true)
  const direct = room('dm_1_2', 'Direct message between alice_ed8dbd and bob_ed8dbd', true)
  const histories = [
    'bob: list, history, then own join?',
    'alice2: users unique per user id',
    'carol after: carol connects: carol joins: is alice listed?',
    'carol after: carol connects: carol',
  ]
  const back = 'bob after: bob connects: private added member'
  const fifth = ['bob after: {"content": 5}', 'alice after: edit']
  return [
    ...['access claims', 'refresh claims'].flatMap((step) => [
      ...at([step], '/dia', [undefined, 'realtime-chat', tokens]),
      ...at([step], '/sid', [undefined, id, tokens]),
    ]),
    ...['create public', 'create private', 'create odd name'].flatMap(made),
    ...at(['rooms'], '/body/2', [priv, undefined, unlisted]),
    ...instead('detail', [assertion(general), gen('d')], byId),
    ...instead('detail of private room by non-member', [assertion(secret), notFound], notThere),
    ...instead('detail unknown', [assertion('/chat/rooms/c0814ed2-fd65-4841-86ef-fca593cc3d8b/'), notFound], byId),
    ...instead('detail non-uuid', [noPage('/chat/rooms/1/'), notFound], byId),
    ...instead('PUT creator', [assertion(general), gen('d2')], byId),
    ...instead('PATCH creator', [assertion(general), gen('d3')], byId),
    ...instead('PUT missing name', [assertion(general), { status: 400, body: { room_name: ['This field is required.'] } }], byId),
    ...instead('PUT by non-creator (README: must be creator)', [assertion(general), forbidden], byId),
    ...instead('...who is the creator now', [assertion(general), gen('d3')], byId),
    ...instead('DELETE by non-creator', [assertion(general), forbidden], byId),
    ...instead('dm with slash', [noPage('/chat/dm/2/'), { status: 200, body: direct }], slash),
    ...instead('members remove int id (route wants uuid)', [noPage(`${secret}members/remove/2/`), { status: 200, body: priv }], removing),
    ...instead(
      'members remove uuid',
      [{ status: 500, body: `OverflowError at ${secret}members/remove/fdddf5ae-5e31-45ae-9a87-9cc35eb499c7/` }, notFound],
      removing,
    ),
    ...at(['swagger (stubbed here)'], '/body', ['<html>stub swagger</html>', pages.swagger, ownDocument]),
    ...instead(
      'websocket-docs',
      [
        { status: 500, body: 'FileNotFoundError at /chat/websocket-docs/' },
        { status: 200, type: 'text/markdown; charset=utf-8', body: pages.words },
      ],
      ownWords,
    ),
    ...at(['anon connects: no token', 'anon connects: bad token', 'alice connects: refresh token'], '/result', [
      403,
      'closed with 4001',
      closing,
    ]),
    ...at(['alice connects: private, creator but not member'], '/result', [403, 'open', inside]),
    ...at(['carol connects: private, non member', 'carol connects: dm non member'], '/result', [403, 'closed with 4003', closing]),
    ...at(['carol connects: dm_ room that does not exist'], '/result', [403, 'closed with 4000', closing]),
    ...at(['alice connects: hyphen room'], '/result', [500, 'closed with 4001', names]),
    ...taken('alice after: README/WEBSOCKET_API form', 'Hello world!'),
    ...taken('alice after: {"type": "message", "message": "x"}', 'x'),
    ...at(histories, '/frames/1', [undefined, said('Hello world!'), forms]),
    ...at(histories, '/frames/2', [undefined, said('x'), forms]),
    ...frames,
    { at: '/frames/*/edited_at', recorded: undefined, ours: time, because: oneFrame },
    { at: '/frames/*/edited_at', recorded: '<iso time of no zone>', ours: time, because: zulu },
    { at: '/frames/*/is_deleted', recorded: undefined, ours: true, because: oneFrame },
    { at: '/frames/*/sender_id', recorded: 'alice_ed8dbd', ours: '1', because: sender },
    { at: '/frames/*/sender_id', recorded: 'bob_ed8dbd', ours: '2', because: sender },
    ...at(fifth, '/frames/0/message', [5, '5', numbers]),
    ...at(['bob after: alice2 connects: second socket of alice'], '/frames/0', [came('1', 'alice'), undefined, once]),
    ...at(['bob: leave although alice still has a socket'], '/frames/0', [went('1', 'alice'), undefined, once]),
    ...at(histories.slice(2), '/frames/0/users/0', [undefined, user('1', 'alice'), once]),
    ...['carol after: bad json', 'carol after: binary'].flatMap((step) => [
      ...at([step], '/frames/0', [undefined, { error: 'Invalid JSON format received' }, notJson]),
      ...at([step], '/closed', [crashed, null, notJson]),
    ]),
    ...at(['auto room in list'], '/body/1', [direct, undefined, unlisted]),
    ...at(['auto room in list'], '/body/4', [priv, undefined, unlisted]),
    ...at(['auto room in list'], '/body/1/description', ['d', 'd3', byId]),
    ...at(['auto room in list'], '/body/1/message_count', [3, 5, forms]),
    ...at([back], '/frames/0', [{ type: 'room_users_list', users: [user('2', 'bob')] }, undefined, removing]),
    ...at([back], '/frames/1', [came('2', 'bob'), undefined, removing]),
    ...at([back], '/closed', [null, { code: 4003, reason: 'no access to this room' }, removing]),
    ...instead('DELETE by creator', [assertion(secret), { status: 204, type: '', body: '' }], byId),
  ]
}

const ofDocumented = (): Difference[] => {
  const { room, said, taken, made } = wordsOf('dcf8b0')
  const path = '/chat/rooms/22070174-1fe7-41c5-8fd7-748a65ecee5d/'
  return [
    ...made('create'),
    ...instead('detail by uuid (route is int)', [noPage(path), { status: 200, body: room('gen_dcf8b0', 'd') }], byId),
    ...frames,
    ...taken('alice after: {"content": "x"}', 'x'),
    ...at(['alice after: {"type": "typing", "is_typing": true}'], '/frames/0', [{ error: missing }, undefined, typing]),
    ...at(['bob: list, history, own join'], '/frames/2', [undefined, said('x'), forms]),
  ]
}

/** The original rotated refresh tokens and let access tokens live for an hour when it was recorded. */
const settings = { ACCESS_TOKEN_LIFETIME_MINUTES: '60', REFRESH_TOKEN_LIFETIME_DAYS: '1', ROTATE_REFRESH_TOKENS: 'True' }

type Counted = { room_name?: string; message_count?: number }

/** Markers are messages, too. */
function discount(body: unknown, markers: ReadonlyMap<string, number>): unknown {
  if (Array.isArray(body)) return body.map((one) => discount(one, markers))
  const { room_name: name, message_count: count } = (typeof body === 'object' && body !== null ? body : {}) as Counted
  return count === undefined ? body : { ...(body as object), message_count: count - (markers.get(`/ws/chat/${name}/`) ?? 0) }
}

async function pagesOf(client: OlderClient) {
  const [swagger, words] = await Promise.all([client.ask('GET', '/swagger/'), client.ask('GET', '/chat/websocket-docs/')])
  return { swagger: swagger.text, words: words.text }
}

test('every difference is explained in the guide', async () => {
  expect(await unexplained([...ofLatest({ swagger: '', words: '' }), ...ofDocumented()])).toEqual([])
})

describe.each(await backends())(
  'the recording of the original is answered alike, but for the differences listed ($name)',
  ({ name, env }) => {
    const cases = [
      { recording: latest as Recording, differencesOf: ofLatest, atLeast: 550 },
      { recording: documented as Recording, differencesOf: ofDocumented, atLeast: 60 },
    ]
    for (const { recording, differencesOf, atLeast } of cases) {
      test(recording.system, async () => {
        await using server = await startServer({ env: { ...settings, ...(await env()) } })
        const client = createOlderClient(server.url)
        const differences = differencesOf(await pagesOf(client))
        const marker = (message: string) => ({ message })
        const report = await replay(recording, { client, differences, marker, discount, closes: true })
        expectAlike(report, { recording, where: name, atLeast })
        // A socket without a token is waited for until it is closed.
      }, 60_000)
    }
  },
)
