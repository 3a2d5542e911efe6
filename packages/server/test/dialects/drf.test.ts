import { describe, expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import type { Login, RestCall } from '../../src/dialects/dialect.ts'
import {
  anybody,
  email,
  failure,
  fieldErrors,
  newPassword,
  readTexts,
  Refused,
  routesOf,
  signedIn,
  timestamp,
  username,
} from '../../src/dialects/drf.ts'

const fields = [username, email, newPassword(6)]

/** What a body is refused with, or the fields read from it. */
function outcome(body: unknown): unknown {
  try {
    return Object.fromEntries(readTexts(body, fields))
  } catch (error) {
    if (error instanceof ChatError && error.faults !== undefined) return fieldErrors(error.faults)
    throw error
  }
}

const form = (...entries: [string, string | File][]): FormData => {
  const data = new FormData()
  for (const [name, value] of entries) data.append(name, value)
  return data
}

describe('fields are read', () => {
  const cases: [what: string, body: unknown, read: object][] = [
    ['from an object', { username: 'ann', email: 'a@b.co', password: '123456' }, { username: 'ann', email: 'a@b.co', password: '123456' }],
    ['without those that may be missing', { username: 'ann', password: '123456' }, { username: 'ann', password: '123456' }],
    [
      'with those that may be blank',
      { username: 'ann', email: '  ', password: '123456' },
      { username: 'ann', email: '', password: '123456' },
    ],
    ['without surrounding blanks', { username: ' ann\n', password: ' 123456 ' }, { username: 'ann', password: '123456' }],
    ['from numbers', { username: 7.5, password: 123456 }, { username: '7.5', password: '123456' }],
    [
      'from letters of any script',
      { username: 'Ünïcødé_漢字.@+-', password: '123456' },
      { username: 'Ünïcødé_漢字.@+-', password: '123456' },
    ],
    [
      'from the last of the values that a form repeats',
      form(['username', 'a'], ['username', 'b'], ['password', '123456']),
      { username: 'b', password: '123456' },
    ],
    [
      'up to their bounds',
      { username: 'é'.repeat(150), password: '😀'.repeat(6) },
      { username: 'é'.repeat(150), password: '😀'.repeat(6) },
    ],
  ]
  test.each(cases)('%s', (_, body, read) => {
    expect(outcome(body)).toEqual(read)
  })
})

describe('the framework’s own words refuse', () => {
  const required = ['This field is required.']
  const charset = 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.'
  const ok = { username: 'ann', password: '123456' }
  const cases: [what: string, body: unknown, errors: object][] = [
    ['missing fields', {}, { username: required, password: required }],
    ['no body', undefined, { username: required, password: required }],
    ['inherited names', Object.create({ username: 'ann' }) as object, { username: required, password: required }],
    ['null', { ...ok, username: null, email: null }, { username: ['This field may not be null.'], email: ['This field may not be null.'] }],
    ['blanks', { username: ' ', password: '' }, { username: ['This field may not be blank.'], password: ['This field may not be blank.'] }],
    ['a boolean', { ...ok, username: true }, { username: ['Not a valid string.'] }],
    ['a list', { ...ok, username: ['ann'] }, { username: ['Not a valid string.'] }],
    ['an object', { ...ok, password: {} }, { password: ['Not a valid string.'] }],
    ['a file', form(['username', new File(['x'], 'x.txt')], ['password', '123456']), { username: ['Not a valid string.'] }],
    ['a name with a blank', { ...ok, username: 'a b' }, { username: [charset] }],
    ['a name that cannot be seen', { ...ok, username: '\u3164' }, { username: [charset] }],
    [
      'a name that is long and has blanks',
      { ...ok, username: 'a b'.repeat(51) },
      { username: [charset, 'Ensure this field has no more than 150 characters.'] },
    ],
    ['a short password', { ...ok, password: '12345' }, { password: ['Ensure this field has at least 6 characters.'] }],
    [
      'a password that is short without its blanks',
      { ...ok, password: ' 12345 ' },
      { password: ['Ensure this field has at least 6 characters.'] },
    ],
    ['a huge password', { ...ok, password: 'x'.repeat(1025) }, { password: ['Ensure this field has no more than 1024 bytes.'] }],
    ['NUL', { ...ok, password: '123456\0' }, { password: ['Null characters are not allowed.'] }],
    ['half a surrogate pair', { ...ok, password: '123456\ud800' }, { password: ['Surrogate characters are not allowed: U+D800.'] }],
    [
      'everything at once, in the order of the fields',
      { password: 'x', email: 'x' },
      { username: required, email: ['Enter a valid email address.'], password: ['Ensure this field has at least 6 characters.'] },
    ],
    ['a list for a body', [1], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
    ['a text for a body', 'x', { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] }],
    ['numbers for a body', 1.5, { non_field_errors: ['Invalid data. Expected a dictionary, but got float.'] }],
    ['null for a body', null, { non_field_errors: ['No data provided'] }],
  ]
  test.each(cases)('%s', (_, body, errors) => {
    const refused = outcome(body)
    expect(refused).toEqual(errors)
    expect(Object.keys(refused as object)).toEqual(Object.keys(errors))
  })
})

describe('who comes in', () => {
  const ann: Login = { number: 1, id: 'u1', username: 'ann', session: 's1', expiresAt: 0, sessionEndsAt: 0 }
  const asking = (authorization: string | null, verdict: ChatError | null = null): RestCall => ({
    method: 'GET',
    path: '/x/',
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(authorization === null ? {} : { authorization }),
    body: () => Promise.resolve({}),
    content: () => Promise.resolve(undefined),
    cookie: { value: null, set() {}, clear() {} },
    wait: () => Promise.resolve(),
    authenticate: (token) =>
      verdict === null && token === 'good' ? Promise.resolve(ann) : Promise.reject(verdict ?? new ChatError('unauthenticated')),
    call: () => Promise.reject(new ChatError('internal')),
    sendTo: () => Promise.reject(new ChatError('internal')),
    directory: {
      people: () => Promise.resolve([]),
      rooms: () => Promise.resolve([]),
      members: () => Promise.resolve(new Map()),
      messages: () => Promise.resolve(new Map()),
      roomOfTwo: () => Promise.resolve(null),
      present: () => Promise.resolve([]),
      direct: () => Promise.resolve(null),
      roomOfMessage: () => Promise.resolve(null),
    },
  })
  const refusal = async (entering: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await entering.catch((reason: unknown) => reason)
    return error instanceof Refused ? error.body : error
  }

  test('a good token, for some views nobody, and a token after any number of blanks', async () => {
    expect([await anybody(asking('Bearer good')), await signedIn(asking('Bearer   good ')), await anybody(asking(null))]).toEqual([
      ann,
      ann,
      null,
    ])
  })

  test('not a suspended account', async () => {
    const body = { detail: 'User is inactive', code: 'user_inactive' }
    expect(await refusal(anybody(asking('Bearer good', new ChatError('suspended'))))).toEqual(body)
  })

  test('nobody while the server cannot tell', async () => {
    for (const failed of [new ChatError('overloaded'), new Error('no database') as ChatError]) {
      expect(await refusal(anybody(asking('Bearer good', failed)))).toBe(failed)
    }
  })

  test('is asked first of every method, also of those that are not answered', async () => {
    const GET = () => Promise.resolve({ status: 200, body: 'x' })
    const routes = routesOf({ path: '/x/:y/', name: 'X', allow: ['GET', 'OPTIONS'], enter: signedIn, methods: { GET } })
    expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /x/:y/', '* /x/:y/', '* /x/:y', 'GET /x/:y'])
    const [get, other] = routes
    expect(await get?.handle(asking('Bearer good'))).toEqual({ status: 200, body: 'x', headers: { allow: 'GET, OPTIONS' } })
    expect(await refusal(other?.handle(asking(null)) ?? Promise.resolve())).toEqual({
      detail: 'Authentication credentials were not provided.',
    })
    expect(await refusal(other?.handle(asking('Bearer good')) ?? Promise.resolve())).toMatchObject({ code: 'method_not_allowed' })
  })
})

test('addresses are told from what cannot be one', () => {
  const judge = (address: string) => email.check?.(address).length === 0
  expect(
    ['a@b.co', 'first.last+tag@sub.example.org', "o'neil@example.com", 'x@bücher.example', 'x@a-b.de'].filter((one) => !judge(one)),
  ).toEqual([])
  const bad = [
    'nope',
    '@b.co',
    'a@',
    'a@b',
    'a@b.c',
    'a b@c.de',
    'a@b..co',
    'a@-b.co',
    'a@b-.co',
    '.a@b.co',
    'a..b@c.de',
    'a@b.co\n',
    `a@${'b'.repeat(64)}.co`,
  ]
  expect(bad.filter(judge)).toEqual([])
  expect(email.check?.(`${'a'.repeat(250)}@b.co`)).toEqual(['Ensure this field has no more than 254 characters.'])
})

test('faults of elements stand under their index', () => {
  const fault = (path: string, message: string) => ({ path, code: 'x', message })
  expect(
    fieldErrors([fault('/ids/0', 'one'), fault('/name', 'two'), fault('/name', 'three'), fault('/ids/2', 'four'), fault('', 'five')]),
  ).toEqual({
    ids: { 0: ['one'], 2: ['four'] },
    name: ['two', 'three'],
    non_field_errors: ['five'],
  })
})

describe('a refusal in the framework’s words', () => {
  const cases: [error: ChatError, body: object, headers?: object][] = [
    [new ChatError('method_not_allowed'), { detail: 'Method "PUT" not allowed.' }],
    [new ChatError('not_found'), { detail: 'Not found.' }],
    [new ChatError('forbidden'), { detail: 'You do not have permission to perform this action.' }],
    [new ChatError('registration_closed'), { detail: 'This server does not take registrations.' }],
    [
      new ChatError('rate_limited', { retry_ms: 1200 }),
      { detail: 'Request was throttled. Expected available in 2 seconds.' },
      { 'retry-after': '2' },
    ],
    [new Refused('unauthenticated', { detail: 'who?' }), { detail: 'who?' }, { 'www-authenticate': 'Bearer realm="api"' }],
  ]
  const call = { method: 'PUT', path: '/x/', requestId: 'r1', allow: ['GET', 'OPTIONS'] }

  for (const [error, body, headers] of cases) {
    test(error.code, () => {
      expect(failure(error, call)).toEqual({ status: error.status, body, headers: { allow: 'GET, OPTIONS', ...headers } })
    })
  }

  test('a taken name is a fault of its field', () => {
    const body = { username: ['A user with that username already exists.'] }
    expect(failure(new ChatError('username_taken'), call)).toMatchObject({ status: 400, body })
  })

  test('what is not ours says nothing', () => {
    expect(failure(new Error('secret'), { ...call, allow: [] })).toEqual({
      status: 500,
      body: { detail: 'A server error occurred.' },
      headers: {},
    })
  })
})

test('times have microseconds and end in Z, of events and of messages alike', () => {
  expect(timestamp(Date.UTC(2026, 10, 20, 17, 49, 34, 697))).toBe('2026-11-20T17:49:34.697000Z')
  expect(timestamp('2026-11-20T17:49:34.000Z')).toBe('2026-11-20T17:49:34.000000Z')
})
