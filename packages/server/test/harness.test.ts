import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { ChatError, type ErrorCode, type ErrorDetails, problemOf } from '@parlance/protocol'
import { createRest } from './harness/rest.ts'
import { Refused, Unpublished } from './harness/schemas.ts'
import { connect, SocketClosed } from './harness/socket.ts'

const id = '019a3f0e-5b7c-7d21-9c44-0000000000a1'
const at = '2026-11-20T17:49:34.699Z'
const profile = { id, username: 'alice', email: '', first_name: '', last_name: '', created_at: at }
const message = { id, room: id, seq: 2, n: 1, rev: 2, sender: { id, username: 'alice' }, kind: 'text', content: 'hi', created_at: at }

/** A server that answers whatever the test says, so that wrong answers can be shown to the clients. */
let respond: (request: Request) => Response | Promise<Response>
let script: (text: string) => unknown[]
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (request, self) => (self.upgrade(request) ? undefined : respond(request)),
  websocket: {
    message(socket, text) {
      for (const frame of script(String(text))) socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
      if (String(text) === 'leave') socket.close(4503, 'drain')
    },
  },
})
afterAll(() => server.stop(true))

const rest = createRest(server.url.href)
const problem = (code: ErrorCode, details: ErrorDetails = {}, headers: Record<string, string> = {}) => {
  const body = problemOf(new ChatError(code, details), 'r1')
  return Response.json(body, { status: body.status, headers: { 'Content-Type': 'application/problem+json', ...headers } })
}

beforeEach(() => {
  respond = () => problem('internal')
  script = () => []
})

describe('the REST client', () => {
  test('puts input fields where the catalog says and gives back the result', async () => {
    const seen: string[] = []
    respond = async (request) => {
      const { pathname, search } = new URL(request.url)
      seen.push(`${request.method} ${pathname}${search} ${request.headers.get('authorization')} ${await request.text()}`)
      return request.method === 'GET' ? Response.json({ items: [] }) : Response.json({ message, dup: false }, { status: 201 })
    }
    expect(await rest.call('presence.get', { users: [id, id] }, { token: 't' })).toEqual({ items: [] })
    expect(await rest.ask('messages.send', { room: 'name:a b/c', content: 'hi' })).toMatchObject({ status: 201, result: { dup: false } })
    expect(seen).toEqual([
      `GET /api/v1/presence?users=${id}%2C${id} Bearer t `,
      'POST /api/v1/rooms/name%3Aa%20b%2Fc/messages null {"content":"hi"}',
    ])
  })

  test('throws a refusal with its code and details', async () => {
    respond = () => problem('rate_limited', { retry_ms: 800 }, { 'Retry-After': '1' })
    const error: unknown = await rest.call('accounts.me', {}).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(Refused)
    expect(error).toMatchObject({ code: 'rate_limited', status: 429, retryMs: 800 })
    expect(await rest.ask('accounts.me', {})).toMatchObject({ status: 429, result: null, problem: { code: 'rate_limited' } })
  })

  const wrong: [string, () => Response][] = [
    ['an unknown field', () => Response.json({ ...profile, surprise: 1 })],
    ['a missing field', () => Response.json({ ...profile, email: undefined })],
    ['a field of the wrong type', () => Response.json({ ...profile, username: 7 })],
    ['another status of success', () => Response.json(profile, { status: 201 })],
    ['an answer that is not JSON by its type', () => new Response(JSON.stringify(profile))],
    ['nothing where something is due', () => new Response(null, { status: 204 })],
    ['a problem that is not typed as one', () => Response.json(problemOf(new ChatError('not_found'), 'r1'), { status: 404 })],
    ['a code the operation does not list', () => problem('room_full')],
    [
      'a code under another status',
      () =>
        Response.json(
          { ...problemOf(new ChatError('internal'), 'r1'), status: 418 },
          { status: 418, headers: { 'Content-Type': 'application/problem+json' } },
        ),
    ],
    [
      'an unknown field in a problem',
      () =>
        Response.json(
          { ...problemOf(new ChatError('internal'), 'r1'), stack: '…' },
          { status: 500, headers: { 'Content-Type': 'application/problem+json' } },
        ),
    ],
    ['a time to wait without the header', () => problem('rate_limited', { retry_ms: 800 })],
    ['a header that ends before the time to wait', () => problem('rate_limited', { retry_ms: 1_800 }, { 'Retry-After': '1' })],
  ]
  test.each(wrong)('does not accept %s', async (_, answer) => {
    respond = answer
    expect(await rest.ask('accounts.me', {}).catch((caught: unknown) => caught)).toBeInstanceOf(Unpublished)
    expect(await rest.raw('GET', '/api/v1/me').catch((caught: unknown) => caught)).toBeInstanceOf(Unpublished)
  })

  test('expects 200 for a repeat and 201 for a first time', async () => {
    respond = () => Response.json({ message, dup: true }, { status: 200 })
    expect(await rest.ask('messages.send', { room: id, content: 'hi' })).toMatchObject({ status: 200 })
    respond = () => Response.json({ message, dup: true }, { status: 201 })
    expect(await rest.ask('messages.send', { room: id, content: 'hi' }).catch((caught: unknown) => caught)).toBeInstanceOf(Unpublished)
  })

  test('gives back a raw answer as it came, and checks refusals of paths that are no operation', async () => {
    respond = () => new Response('plain', { status: 200 })
    expect(await (await rest.raw('GET', '/healthz')).text()).toBe('plain')
    respond = () => new Response('Not Found', { status: 404 })
    expect((await rest.raw('GET', '/elsewhere')).status).toBe(404)
    expect(await rest.raw('GET', '/api/v1/nothing').catch((caught: unknown) => caught)).toBeInstanceOf(Unpublished)
  })
})

describe('the socket client', () => {
  const welcome = { welcome: { conn: 'c1', user: profile, protocol: '1.0', heartbeat: 25_000, expires_in: 900, limits: {} } }
  const ready = { ready: { mode: 'heads', epoch: 'e1', useq: 0 } }
  const joined = { ev: 'member.joined', room: id, seq: 3, at, data: { user: { id, username: 'bob' }, role: 'member', by: null } }

  test('says hello, calls, and takes frames in the order they came', async () => {
    script = (text) => {
      const frame = JSON.parse(text) as { hello?: object; id?: number; op?: string }
      if (frame.hello) return [welcome, { heads: [{ room: id, seq: 2, n: 1, read: 0 }] }, ready]
      return [
        joined,
        { ...joined, seq: 4 },
        frame.op === 'accounts.me' ? { id: frame.id, ok: profile } : { id: frame.id, err: { code: 'not_found', detail: 'No.' } },
      ]
    }
    await using socket = await connect(server.url.href)
    expect(await socket.hello('t')).toMatchObject({ ready: { mode: 'heads' }, heads: [{ room: id, seq: 2 }] })
    expect(await socket.op('accounts.me', {})).toEqual(profile)
    const error: unknown = await socket.op('rooms.get', { room: id }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'Refused', code: 'not_found' })
    expect((await socket.next('heads')).heads).toHaveLength(1)
    expect((await socket.next('ev', ({ seq }) => seq > 3)).seq).toBe(4)
    // The third event is the first of the second call: the fourth was taken, and what is before it passed over.
    expect((await socket.next('ev')).seq).toBe(3)
    expect(socket.frames.map(({ kind }) => kind)).toEqual(['welcome', 'heads', 'ready', 'ev', 'ev', 'ok', 'ev', 'ev', 'err'])
  })

  const wrong: [string, unknown][] = [
    ['an unknown frame', { surprise: 1 }],
    ['an unknown event', { ...joined, ev: 'member.danced' }],
    ['an unknown field', { pong: 1, surprise: 1 }],
    ['an unknown field in the data of an event', { ...joined, data: { ...joined.data, surprise: 1 } }],
    ['an event that may be dropped under no name', { eph: 'log' }],
    ['a frame that another key leads', { limits: {}, ...welcome }],
    ['an answer nobody asked for', { id: 99, ok: null }],
    ['something that is no object', '[]'],
    ['something that is not JSON', '{'],
  ]
  test.each(wrong)('does not accept %s', async (_, frame) => {
    script = () => [frame]
    const socket = await connect(server.url.href)
    socket.send({ ping: 1 })
    expect(await socket.next('pong').catch((caught: unknown) => (caught as Error).name)).toMatch(/^(Unpublished|SyntaxError)$/)
    // What was wrong is not forgotten by a test that catches it once.
    expect(await socket[Symbol.asyncDispose]().catch(() => 'thrown again')).toBe('thrown again')
  })

  test.each([
    ['a result with an unknown field', { id: 1, ok: { ...profile, surprise: 1 } }],
    ['a code the operation does not list', { id: 1, err: { code: 'room_full', detail: 'No.' } }],
  ])('does not accept %s', async (_, frame) => {
    script = () => [frame]
    const socket = await connect(server.url.href)
    expect(await socket.op('accounts.me', {}).catch((caught: unknown) => caught)).toBeInstanceOf(Unpublished)
  })

  test('tells whoever waits how the socket ended', async () => {
    await using socket = await connect(server.url.href)
    const waiting = socket.next('pong').catch((caught: unknown) => caught)
    socket.sendRaw('leave')
    expect(await waiting).toBeInstanceOf(SocketClosed)
    expect(await waiting).toMatchObject({ code: 4503, reason: 'drain' })
    expect(await socket.closed).toEqual({ code: 4503, reason: 'drain' })
  })

  test('stops waiting after its patience', async () => {
    await using socket = await connect(server.url.href)
    const error: unknown = await socket.next('pong', undefined, { timeout_ms: 20 }).catch((caught: unknown) => caught)
    expect(String(error)).toContain('waited 20 ms for a frame pong')
  })
})
