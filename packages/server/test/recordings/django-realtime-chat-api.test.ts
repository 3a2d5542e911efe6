import { expect, test } from 'bun:test'
import { createOlderClient } from '../harness/older-client.ts'
import { backends, startServer } from '../harness/server.ts'
import recording from './django-realtime-chat-api.json' with { type: 'json' }
import { expectAlike, unexplained } from './differences.ts'
import type { Difference, Recording } from './recording.ts'
import { replay } from './replayer.ts'

// Sentences of the guide, which is looked up below.
const ignored = 'Non-JSON text, arrays and binary frames are ignored and the socket stays.'
const blank = 'A blank message is ignored.'
const numbers = 'A number is stored and sent as its text.'
const noPath = 'A room name with anything but letters, digits and `_` is 403 on the socket.'
const anything = 'anything else is django-chat-app, whose clients prove themselves later.'
const badToken = 'a bad token under a plain name is realtime-chat, which opens and then closes with 4001.'
const isoTimes = 'Frames carry ISO times with `Z`, the same as the history; the key keeps its name.'
const tokens = 'They carry two claims more: `dia`, the API they were issued at, and `sid`, the login.'
const crashed = { code: 1011, reason: '' }
const frame = (message: unknown) => ({ type: 'chat_message', message, username: 'alice_92efb7', timestamp: '<time with a space>' })

/** Everywhere we answer otherwise than the original did, whatever else is on. */
const always: Difference[] = [
  {
    at: '/frames/*/timestamp',
    recorded: '<time with a space>',
    ours: '<iso time>',
    because: isoTimes,
  },
  { step: 'what comes of a blank message', at: '/frames/0', recorded: frame('   '), ours: undefined, because: blank },
  { step: 'what comes of a number', at: '/frames/0/message', recorded: 5, ours: '5', because: numbers },
  { step: 'what comes of text that is not JSON', at: '/closed', recorded: crashed, ours: null, because: ignored },
  { step: 'what comes of an array', at: '/closed', recorded: crashed, ours: null, because: ignored },
  { step: 'what comes of a binary frame', at: '/closed', recorded: crashed, ours: null, because: ignored },
  { step: 'bob got what alice sent meanwhile', at: '/frames/0', recorded: frame('   '), ours: undefined, because: blank },
  { step: 'bob got what alice sent meanwhile', at: '/frames/0/message', recorded: 5, ours: '5', because: numbers },
  {
    step: 'history of global at the end',
    at: '/body/1',
    recorded: { username: 'alice_92efb7', message: '   ', timestamp: '<iso time>' },
    ours: undefined,
    because: blank,
  },
  ...['access claims', 'refresh claims'].flatMap((step) => [
    { step, at: '/dia', recorded: undefined, ours: 'django-realtime-chat-api', because: tokens },
    { step, at: '/sid', recorded: undefined, ours: '<id>', because: tokens },
  ]),
]

const handshake = (step: string, [recorded, ours]: [number, number], because: string): Difference[] => [
  { step, at: '/result', recorded, ours, because },
]
/** Where no other API can be meant, and where handshakes that were refused may be another's. */
const settings: { what: string; env: Record<string, string>; differences: Difference[] }[] = [
  {
    what: 'alone',
    env: { DIALECTS: recording.system },
    differences: [...always, ...handshake('connect to a room with a hyphen', [500, 403], noPath)],
  },
  {
    what: 'beside the others',
    env: {},
    differences: [
      ...always,
      ...handshake('connect to a room with a hyphen', [500, 101], anything),
      ...handshake('connect without a token', [403, 101], anything),
      ...handshake('connect with a bad token', [403, 101], badToken),
    ],
  },
]

test('every difference is explained in the guide', async () => {
  expect(await unexplained(settings.flatMap(({ differences }) => differences))).toEqual([])
})

const places = (await backends()).flatMap(({ name, env: database }) => settings.map((setting) => ({ name, database, ...setting })))

test.each(places)('the recording of the original is answered alike, but for the differences listed ($what, $name)', async (place) => {
  const { what, name, env, database, differences } = place
  await using server = await startServer({ env: { ...(await database()), ...env } })
  const report = await replay(recording as Recording, {
    client: createOlderClient(server.url),
    differences,
    marker: (message) => ({ message }),
  })
  expectAlike(report, { recording: recording as Recording, where: `${what}, ${name}`, atLeast: 150 })
})
