import { describe, expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import type { Lobby, Login, RoomPath, SocketDoor } from '../../src/dialects/dialect.ts'
import { meantFor, sharedRoom } from '../../src/transport/arbitration.ts'

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const word = /^\w+$/
const plain: RoomPath = { x: word, header: false, tokenless: false, room: null }

/** Five APIs that differ in every way a declaration can, in the order of preference. */
const paths: Record<string, RoomPath> = {
  header: { ...plain, header: true },
  words: plain,
  ids: { ...plain, x: uuid, tokenless: true, room: 'id' },
  numbers: { ...plain, x: /^\d+$/, room: 'number' },
  open: { x: /^[\w-]+$/, header: false, tokenless: true, room: null },
}
type Name = 'header' | 'words' | 'ids' | 'numbers' | 'open'
const all: readonly Name[] = ['header', 'words', 'ids', 'numbers', 'open']

const chat = '0190f0aa-0000-7000-8000-00000000000a'
const secret = '0190f0aa-0000-7000-8000-00000000000b'
const unknown = '0190f0aa-0000-7000-8000-00000000000c'
const rooms = [
  { number: 7, id: chat },
  { number: 8, id: secret },
]

const ann: Login = { number: 1, id: 'u1', username: 'ann', session: 's1', expiresAt: 0, sessionEndsAt: 0 }
/** `of-x` is a token issued at x, `old-x` an expired one; `native` has no issuer among them; all else proves nobody. */
const lobby: Lobby = {
  authenticate: (token) =>
    token === 'native' || token.startsWith('of-') ? Promise.resolve(ann) : Promise.reject(new ChatError('unauthenticated')),
  call: (_actor, _name, input) =>
    (input as { room: string }).room === chat ? Promise.resolve({} as never) : Promise.reject(new ChatError('not_found')),
  directory: {
    people: () => Promise.resolve([]),
    rooms: (_reader, refs) => Promise.resolve(rooms.filter(({ number, id }) => refs.includes(number) || refs.includes(id))),
    members: () => Promise.resolve(new Map()),
    messages: () => Promise.resolve(new Map()),
    roomOfTwo: () => Promise.resolve(null),
    present: () => Promise.resolve([]),
    direct: () => Promise.resolve(null),
    roomOfMessage: () => Promise.resolve(null),
  },
  dialectOf: (token) => /^(?:of|old)-(\w+)$/.exec(token)?.[1] ?? null,
}

type Sent = { query?: string; header?: string }

async function meant(x: string, { query, header }: Sent, on: readonly Name[] = all): Promise<string | null> {
  const dialects = all
    .filter((name) => on.includes(name))
    .map((name) => ({ name, socket: { admit: () => null, roomPath: paths[name] } as SocketDoor }))
  const found = await meantFor(
    dialects,
    {
      x,
      query: new URLSearchParams(query === undefined ? {} : { token: query }),
      headers: new Headers(header === undefined ? {} : { authorization: header }),
    },
    lobby,
  )
  return found?.name ?? null
}

describe('with all of them on', () => {
  const cases: [what: string, asked: [x: string, sent: Sent], name: Name][] = [
    ['the API a token was issued at', ['general', { query: 'of-words' }], 'words'],
    ['the same with the token expired', ['general', { query: 'old-words' }], 'words'],
    ['the same with the token in a header', ['general', { header: 'Bearer of-words' }], 'words'],
    ['the API of ids by its token', [unknown, { query: 'of-ids' }], 'ids'],
    ['the API of numbers by its token', ['99', { query: 'of-numbers' }], 'numbers'],
    ['the API of any name by its token', [chat, { query: 'of-open' }], 'open'],
    ['not an API whose rooms cannot be called so', ['general', { query: 'of-ids' }], 'header'],
    ['the API that reads headers, for a token of nobody among them', ['general', { header: 'Bearer native' }], 'header'],
    ['the same for a bad one', ['general', { header: 'bearer  nonsense' }], 'header'],
    ['a room’s id, for who may read it', [chat, { query: 'native' }], 'ids'],
    ['a room’s id, for the token of another API that has no such rooms', [chat, { query: 'of-words' }], 'ids'],
    ['a room’s number, for who may read it', ['7', { query: 'native' }], 'numbers'],
    ['no number of a room one may not read', ['8', { query: 'native' }], 'header'],
    ['no number without a room', ['99', { query: 'native' }], 'header'],
    ['an id of a room one may not read: by its look', [secret, { query: 'native' }], 'ids'],
    ['a plain name', ['general', { query: 'native' }], 'header'],
    ['a name with a hyphen', ['a-b', { query: 'native' }], 'open'],
    ['a bad token by the look of an id', [unknown, { query: 'nonsense' }], 'ids'],
    ['a bad token by the look of a number', ['99', { query: 'nonsense' }], 'numbers'],
    ['a bad token under a plain name', ['general', { query: 'nonsense' }], 'header'],
    ['no token under an id', [chat, {}], 'ids'],
    ['no token under a plain name', ['general', {}], 'open'],
    ['no token under a number', ['7', {}], 'open'],
    ['an empty token', ['general', { query: '' }], 'open'],
    ['a header of another scheme', ['general', { header: 'Basic YTpi' }], 'open'],
  ]
  test.each(cases)('%s', async (_, asked, name) => {
    expect(await meant(...asked)).toBe(name)
  })

  test('nobody where {x} can be nobody’s', async () => {
    expect([await meant('a b', {}), await meant('a b', { query: 'of-words' }), await meant('a b', { query: 'nonsense' })]).toEqual([
      null,
      null,
      null,
    ])
  })
})

describe('what is off takes no part', () => {
  const cases: [what: string, asked: [x: string, sent: Sent, on: Name[]], name: Name | null][] = [
    ['a token of one that is off', ['general', { query: 'of-header' }, ['words', 'open']], 'words'],
    ['a header without anybody who reads it', ['general', { header: 'Bearer native' }, ['words']], 'words'],
    ['a bad token where only one is on', ['general', { query: 'nonsense' }, ['words']], 'words'],
    ['no token where only one is on that needs it', ['general', {}, ['words']], null],
    ['an id where nobody has ids', [chat, { query: 'native' }, ['words', 'header']], null],
    ['an id without a token where nobody has ids', [chat, {}, ['open']], 'open'],
    ['a number where nobody has numbers', ['7', { query: 'native' }, ['header', 'words']], 'header'],
    ['a bad token under a number where nobody has numbers', ['7', { query: 'nonsense' }, ['words', 'open']], 'words'],
    ['anything where none is on', ['general', { query: 'native' }, []], null],
  ]
  test.each(cases)('%s', async (_, asked, name) => {
    expect(await meant(...asked)).toBe(name)
  })
})

test('a server that cannot tell whose token it is says so', async () => {
  const failing: Lobby = { ...lobby, authenticate: () => Promise.reject(new ChatError('overloaded')) }
  const dialects = [{ name: 'words', socket: { admit: () => null, roomPath: plain } }]
  const asked = { x: 'general', query: new URLSearchParams({ token: 'native' }), headers: new Headers() }
  const refused: unknown = await meantFor(dialects, asked, failing).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'overloaded' })
})

test('the shared path is the one with a room in it, with or without the slash at its end', () => {
  const found = ['/ws/chat/a/', '/ws/chat/a%20b/', '/ws/chat/%zz/', '/ws/chat/a', '/ws/chat//', '/ws/chat/a/b/', '/x/ws/chat/a/', '/ws']
  expect(found.map(sharedRoom)).toEqual(['a', 'a b', '%zz', 'a', null, null, null, null])
})
