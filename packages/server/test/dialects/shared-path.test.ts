import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { createOlderClient, type OlderClient } from '../harness/older-client.ts'
import { openWorld, type Person, type World } from '../harness/world.ts'

/** Whom a real server takes a handshake for, seen from outside: by its status, and by what the socket does. */
type Meant = 'realtime-chat' | 'refused by it' | 'django-realtime-chat-api' | 'chat-backend' | 'django-chat-app' | 403

let world: World
let api: OlderClient
let ann: Person
let room: string
let secret: string
/** Tokens of one person by the API they were issued at. */
const tokens = new Map<string, string>()
beforeAll(async () => {
  world = await openWorld()
  api = createOlderClient(world.server.url)
  const account = { username: 'many', email: 'many@example.org', password: '12345678' }
  const { user, access_token } = await world.rest.call('accounts.register', account)
  ann = { id: user.id, username: user.username, token: access_token, refresh: '' }
  const eve = await world.person('eve')
  room = (await world.rest.call('rooms.create', { kind: 'public', name: 'plaza' }, ann)).room.id
  secret = await world.group([eve])
  const at = async (path: string) => (await api.ask('POST', path, { json: account })).json as Record<string, string>
  tokens.set('native', ann.token)
  tokens.set('chat-backend', (await at('/api/token/')).access ?? '')
  tokens.set('django-realtime-chat-api', (await at('/api/login/')).access ?? '')
  tokens.set('realtime-chat', (await at('/users/auth/login/')).access ?? '')
  const { data } = (await api.ask('POST', '/login/', { json: account })).json as { data: { access_token: string } }
  tokens.set('django-chat-app', data.access_token)
  tokens.set('nonsense', 'abc')
})
afterAll(() => world[Symbol.asyncDispose]())

type Sent = { query?: string; header?: string }

/** What a message from elsewhere looks like tells the API; one that is none of a room is told by its error. */
async function meant(x: string, { query, header }: Sent): Promise<Meant> {
  const path = `/ws/chat/${x}/${query === undefined ? '' : `?token=${tokens.get(query)}`}`
  const headers: Record<string, string> = header === undefined ? {} : { Authorization: `Bearer ${tokens.get(header)}` }
  const status = await api.handshake(path, headers)
  if (status !== 101) return status as Meant
  await using socket = await api.open(path, headers)
  socket.send('{}')
  const keys = new Map<string, Meant>([
    ['type id message sender_id chat_id created_at', 'chat-backend'],
    ['type message username timestamp', 'django-realtime-chat-api'],
  ])
  return await eventually(async () => {
    if (socket.ended !== null && socket.ended.code === 4001 && socket.frames.length === 0) return 'refused by it'
    // Only one of them greets, and only one asks for a token in the frame.
    const told = JSON.stringify(socket.frames)
    if (told.includes('room_users_list')) return 'realtime-chat'
    if (told.includes('Token is missing.')) return 'django-chat-app'
    socket.send({ message: 'who am I' })
    const found = socket.frames.map((frame) => keys.get(Object.keys(frame as object).join(' '))).find((name) => name !== undefined)
    if (found === undefined) throw new Error(`nothing is known of it yet: ${told}`)
    return found
  })
}

const cases: [what: string, x: () => string, sent: Sent, outcome: Meant][] = [
  ['a name with a token of django-realtime-chat-api', () => 'plaza', { query: 'django-realtime-chat-api' }, 'django-realtime-chat-api'],
  ['a name with a token of realtime-chat', () => 'plaza', { query: 'realtime-chat' }, 'realtime-chat'],
  ['a name with a token of django-chat-app', () => 'plaza', { query: 'django-chat-app' }, 'django-chat-app'],
  ['a name with a token of chat-backend, which has no names', () => 'plaza', { query: 'chat-backend' }, 'realtime-chat'],
  ['a name with a native token', () => 'plaza', { query: 'native' }, 'realtime-chat'],
  ['a name with a native token in a header', () => 'plaza', { header: 'native' }, 'realtime-chat'],
  ['a name with a token of realtime-chat in a header', () => 'plaza', { header: 'realtime-chat' }, 'realtime-chat'],
  ['a name with a token of django-realtime-chat-api in a header', () => 'plaza', { header: 'django-realtime-chat-api' }, 403],
  ['a name with a bad token', () => 'plaza', { query: 'nonsense' }, 'refused by it'],
  ['a name with a bad token in a header', () => 'plaza', { header: 'nonsense' }, 'refused by it'],
  ['a name without a token', () => 'plaza', {}, 'django-chat-app'],
  ['a name with a hyphen without a token', () => 'a-b', {}, 'django-chat-app'],
  ['a number without a token', () => '12', {}, 'django-chat-app'],
  ['an id with a token of chat-backend', () => room, { query: 'chat-backend' }, 'chat-backend'],
  ['an id with a native token', () => room, { query: 'native' }, 'chat-backend'],
  ['an id with a token of django-realtime-chat-api, which has no ids', () => room, { query: 'django-realtime-chat-api' }, 'chat-backend'],
  ['an id with a bad token', () => room, { query: 'nonsense' }, 403],
  ['an id without a token', () => room, {}, 403],
  ['an id with a token of chat-backend in a header', () => room, { header: 'chat-backend' }, 403],
  ['an id of a room one may not read, with a token of chat-backend', () => secret, { query: 'chat-backend' }, 403],
  ['what nobody’s rooms are called', () => 'a.b', { query: 'native' }, 403],
]

describe('the shared path takes', () => {
  test.each(cases)('%s', async (_, x, ...[sent, outcome]) => {
    expect(await meant(x(), sent)).toBe(outcome)
  })
})
