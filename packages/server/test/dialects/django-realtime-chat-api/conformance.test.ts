import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createOlderClient, type OlderClient, type OlderSocket } from '../../harness/older-client.ts'
import { startServer, type TestServer } from '../../harness/server.ts'

let server: TestServer
let api: OlderClient
beforeAll(async () => {
  // Beside other APIs a handshake may be theirs.
  server = await startServer({ env: { DIALECTS: 'django-realtime-chat-api' } })
  api = createOlderClient(server.url)
})
afterAll(() => server[Symbol.asyncDispose]())

type Frame = { type: string; message: string; username: string; timestamp: string }
type Tokens = { access: string; refresh: string }

const isoZ = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const password = '12345678'
const email = 'test@test.com'

const login = async (username: string): Promise<Tokens> =>
  (await api.ask('POST', '/api/login/', { json: { username, password } })).json as Tokens

describe.each(['', '/django-realtime-chat-api'])('below "%s/"', (prefix) => {
  const name = (base: string) => base + prefix.length
  const room = (base: string) => `${prefix}/ws/chat/${name(base)}/`
  const history = (base: string, token: string) => api.ask('GET', `${prefix}/api/chat/history/${name(base)}/`, { token })
  const [user1, user2] = [name('testuser'), name('second')]
  let one: Tokens
  let two: Tokens
  const sockets: OlderSocket[] = []
  let first: OlderSocket
  let second: OlderSocket
  let elsewhere: OlderSocket
  afterAll(() => Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]())))

  /** Everything a socket got before a message that its own room is sent now. */
  const before = async (socket: OlderSocket, marker: string) => {
    socket.send({ message: marker })
    return await socket.upto((frame) => (frame as Frame).message === marker)
  }

  test('registering answers the name and the address, without the password', async () => {
    const { status, json } = await api.ask('POST', `${prefix}/api/register/`, { json: { username: user1, email, password } })
    expect(status).toBe(201)
    expect(json).toEqual({ username: user1, email })
  })

  test('a taken name and a password of five characters are refused by field', async () => {
    const again = await api.ask('POST', `${prefix}/api/register/`, { json: { username: user1, email, password } })
    expect([again.status, again.json]).toEqual([400, { username: ['A user with that username already exists.'] }])
    const short = await api.ask('POST', `${prefix}/api/register/`, { json: { username: user2, email, password: '12345' } })
    expect([short.status, short.json]).toEqual([400, { password: ['Ensure this field has at least 6 characters.'] }])
  })

  test('a login answers two tokens at the top level, a wrong password 401 with detail', async () => {
    const good = await api.ask('POST', `${prefix}/api/login/`, { json: { username: user1, password } })
    expect(good.status).toBe(200)
    expect(Object.keys(good.json as object)).toEqual(['refresh', 'access'])
    const bad = await api.ask('POST', `${prefix}/api/login/`, { json: { username: user1, password: 'wrong' } })
    expect([bad.status, bad.json]).toEqual([401, { detail: 'No active account found with the given credentials' }])
    await api.ask('POST', `${prefix}/api/register/`, { json: { username: user2, email, password } })
    one = await login(user1)
    two = await login(user2)
  })

  test('the history needs a bearer and answers an array', async () => {
    expect((await api.ask('GET', `${prefix}/api/chat/history/${name('global')}/`)).status).toBe(401)
    const { status, json } = await history('global', one.access)
    expect([status, json]).toEqual([200, []])
  })

  test('the history of a name never used is empty', async () => {
    const { status, json } = await history('never', one.access)
    expect([status, json]).toEqual([200, []])
  })

  test('a socket without a token, with a bad one and with the refresh token is refused with 403', async () => {
    expect(await api.handshake(room('global'))).toBe(403)
    expect(await api.handshake(`${room('global')}?token=abc`)).toBe(403)
    expect(await api.handshake(`${room('global')}?token=${one.refresh}`)).toBe(403)
  })

  test('a socket with an access token opens and is told nothing', async () => {
    first = await api.open(`${room('global')}?token=${one.access}`)
    second = await api.open(`${room('global')}?token=${two.access}`)
    elsewhere = await api.open(`${room('room2')}?token=${one.access}`)
    sockets.push(first, second, elsewhere)
    expect(await before(second, 'nothing before')).toEqual([])
    expect(await first.take(1)).toHaveLength(1)
    expect(first.frames).toHaveLength(1)
  })

  test('what one sends both get, in one frame of four keys', async () => {
    first.send({ message: 'Hello world' })
    const [mine] = (await first.take(1)) as Frame[]
    const [theirs] = (await second.take(1)) as Frame[]
    expect(mine).toEqual({ type: 'chat_message', message: 'Hello world', username: user1, timestamp: expect.stringMatching(isoZ) })
    expect([theirs]).toEqual([mine])
  })

  test('a socket in another room gets nothing of it', async () => {
    expect(await before(elsewhere, 'only here')).toEqual([])
  })

  test('an empty and a missing message are ignored and the socket stays usable', async () => {
    first.send({ message: '' })
    first.send({})
    expect(await before(first, 'still here')).toEqual([])
  })

  test('the history has what was sent, oldest first, in entries of three keys', async () => {
    const { json } = await history('global', two.access)
    const stamped = { timestamp: expect.stringMatching(isoZ) }
    expect(json).toEqual([
      { username: user2, message: 'nothing before', ...stamped },
      { username: user1, message: 'Hello world', ...stamped },
      { username: user1, message: 'still here', ...stamped },
    ])
    const frames = first.frames as Frame[]
    expect((json as Frame[])[1]?.timestamp).toBe(frames[1]?.timestamp ?? 'none')
  })

  test('a room has its own history', async () => {
    const there = (await history('room2', two.access)).json as Frame[]
    expect(there.map(({ message }) => message)).toEqual(['only here'])
  })
})
