import { ChatError, limits, type Message, type OutputOf, type Room } from '@parlance/protocol'
import type { Actor, RestAnswer, RestCall } from '../dialect.ts'
import { anybody, atMost, content, email, fieldReader, readText, readTexts, routesOf, signedIn, type TextField, unasked } from '../drf.ts'
import { wholeHistory } from '../histories.ts'
import { patiently } from '../patience.ts'
import { Failed } from './failure.ts'
import { readMessage, readNewRoom } from './fields.ts'
import { enveloped, messageOf, roomOf } from './shapes.ts'

/** Fewer than the native API asks for. */
export const passwordMin = 6
/** The originals send whole lists; so many entries of one are sent. */
const listLength = 10_000
/** They print all members of a room; so many are, those who came first. */
const membersShown = 1000

const post = ['POST', 'OPTIONS']
const get = ['GET', 'HEAD', 'OPTIONS']
const both = ['GET', 'POST', 'HEAD', 'OPTIONS']

export const routes = [
  ...routesOf({ path: '/register/', name: 'Register', allow: post, enter: anybody, methods: { POST: register } }),
  ...routesOf({ path: '/login/', name: 'Login', allow: post, enter: unasked, methods: { POST: login } }),
  ...routesOf({ path: '/logout/', name: 'Logout', allow: post, enter: signedIn, methods: { POST: logout } }),
  ...routesOf({ path: '/users/', name: 'User List', allow: get, enter: signedIn, methods: { GET: users } }),
  ...routesOf({ path: '/rooms/', name: 'Chat Room', allow: both, enter: signedIn, methods: { GET: rooms, POST: makeRoom } }),
  ...routesOf({ path: '/my-rooms/', name: 'My Chat Rooms', allow: get, enter: signedIn, methods: { GET: ownRooms } }),
  ...routesOf({ path: '/messages/:room/', name: 'Message', allow: both, enter: signedIn, methods: { GET: messages, POST: send } }),
]

const accountFields: TextField[] = [
  { name: 'username', check: (text) => atMost(text, limits.username_chars) },
  { ...email, optional: false },
  {
    name: 'password',
    check: (text) => [
      ...(Array.from(text).length < passwordMin ? [`Password must be at least ${passwordMin} characters long.`] : []),
      ...(Buffer.byteLength(text) > limits.password_bytes ? [`Ensure this field has no more than ${limits.password_bytes} bytes.`] : []),
    ],
  },
]

async function register(call: RestCall): Promise<RestAnswer> {
  const fields = accountTexts(await content(call))
  const { user, access_token } = await call.call(null, 'accounts.register', Object.fromEntries(fields))
  const { number } = await call.authenticate(access_token)
  return { status: 201, body: enveloped({ id: number, username: user.username }, 'User registered successfully!') }
}

/** A blank address has words of its own, which it says where nothing before it is wrong. */
function accountTexts(body: unknown): Map<string, string> {
  try {
    return readTexts(body, accountFields)
  } catch (error) {
    const [first] = error instanceof ChatError ? (error.faults ?? []) : []
    const isBlank = first?.path === '/email' && first.message === 'This field may not be blank.'
    throw isBlank ? new Failed('invalid_input', { detail: 'Email is required.' }) : error
  }
}

async function login(call: RestCall): Promise<RestAnswer> {
  const read = fieldReader(await content(call))
  const [username, password] = [readText(read('email'), { name: 'email' }), readText(read('password'), { name: 'password' })]
  if (!username.text || !password.text) throw new Failed('invalid_input', { detail: 'Both email and password are required.' })
  const { access_token, refresh_token } = await enter(call, { username: username.text, password: password.text })
  const data = { access_token, refresh_token }
  return { status: 200, body: { success: true, message: 'User logged in successfully!', data } }
}

/** Whatever is wrong with an address or a password, a login says only that they do not fit. */
async function enter(call: RestCall, fields: { username: string; password: string }): Promise<OutputOf<'accounts.login'>> {
  try {
    return await call.call(null, 'accounts.login', fields)
  } catch (error) {
    const isRefusal = error instanceof ChatError && ['invalid_credentials', 'suspended', 'invalid_input'].includes(error.code)
    throw isRefusal ? new Failed('invalid_credentials', { detail: 'Invalid email or password.' }) : error
  }
}

/** Spends the refresh token and nothing else. The status forbids a body. */
async function logout(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { text } = readText(fieldReader(await content(call))('refresh'), { name: 'refresh' })
  if (!text) throw new Failed('invalid_input', { detail: 'Refresh token is required.' })
  try {
    await call.call(actor, 'accounts.logout', { refresh_token: text })
  } catch (error) {
    if (!(error instanceof ChatError) || !['invalid_refresh', 'invalid_input', 'suspended'].includes(error.code)) throw error
    const reason = error.code === 'invalid_refresh' ? error.faults?.[0]?.message : undefined
    throw new Failed('invalid_input', { detail: `Logout failed: ${reason ?? 'Token is invalid or expired'}` })
  }
  return { status: 205, body: '' }
}

async function users(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const found = await everyPage(call, actor, 'users.search')
  const data = []
  for (let i = 0; i < found.length; i += limits.page_max) {
    const ids = found.slice(i, i + limits.page_max).map(({ id }) => id)
    for (const { number, username } of await patiently(call, () => call.directory.people(actor, ids))) data.push({ id: number, username })
  }
  return {
    status: 200,
    body: enveloped(
      data.toSorted((a, b) => a.id - b.id),
      'User list fetched successfully.',
    ),
  }
}

/** Public rooms and one's own. */
async function rooms(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const open = await everyPage(call, actor, 'rooms.browse')
  const own = (await everyPage(call, actor, 'rooms.list')).map(({ room }) => room)
  const all = [...new Map([...open, ...own].map((room) => [room.id, room])).values()]
  return { status: 200, body: enveloped(await shown(call, actor, all), 'All chat rooms fetched successfully.') }
}

async function ownRooms(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const own = (await everyPage(call, actor, 'rooms.list')).map(({ room }) => room)
  return { status: 200, body: enveloped(await shown(call, actor, own), 'Your chat rooms fetched successfully.') }
}

type Listing = 'users.search' | 'rooms.browse' | 'rooms.list'

/** A whole list, page by page, as fast as the reader's budget allows. */
async function everyPage<N extends Listing>(call: RestCall, actor: Actor, name: N): Promise<OutputOf<N>['items']> {
  const items: OutputOf<N>['items'] = []
  let cursor: string | null = null
  do {
    const asked: { limit: number; cursor?: string } = { limit: limits.page_max, ...(cursor !== null && { cursor }) }
    const page: OutputOf<Listing> = await patiently(call, () => call.call(actor, name, asked))
    ;(items as unknown[]).push(...page.items)
    cursor = page.next
  } while (cursor !== null && items.length < listLength)
  return items
}

/** Rooms as this API prints them, the oldest first. */
async function shown(call: RestCall, actor: Actor, found: readonly Room[]): Promise<ReturnType<typeof roomOf>[]> {
  const printed: ReturnType<typeof roomOf>[] = []
  for (let i = 0; i < found.length; i += limits.page_max) {
    const page = found.slice(i, i + limits.page_max)
    const ids = page.map(({ id }) => id)
    const numbers = new Map((await patiently(call, () => call.directory.rooms(actor, ids))).map(({ id, number }) => [id, number]))
    const members = await patiently(call, () => call.directory.members(actor, ids, membersShown))
    for (const room of page) {
      const number = numbers.get(room.id)
      // A room that was deleted or left meanwhile is none of the list.
      if (number === undefined || !members.has(room.id)) continue
      printed.push(roomOf(room, { number, reader: actor.username, members: (members.get(room.id) ?? []).map((person) => person.number) }))
    }
  }
  return printed.toSorted((a, b) => a.id - b.id)
}

/** The rule of rooms made here: a group with a name, its maker the owner. */
async function makeRoom(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { directory } = call
  const { name, members } = await readNewRoom(await content(call), { actor, directory })
  const { room } = await create(call, actor, { kind: 'group', name, members: members.map(({ id }) => id) })
  const [data] = await shown(call, actor, [room])
  return { status: 201, body: enveloped(data, 'Chat room created successfully.') }
}

async function create(call: RestCall, actor: Actor, room: { kind: 'group'; name: string; members: string[] }) {
  try {
    return await call.call(actor, 'rooms.create', room)
  } catch (error) {
    // Names that may be nobody's are as good as taken.
    const isReserved = error instanceof ChatError && error.faults?.some(({ code }) => code === 'reserved')
    throw isReserved ? new ChatError('name_taken') : error
  }
}

/** The room that the path names by its number; null where there is none of that number. */
async function roomNamed({ params, directory }: RestCall, actor: Actor): Promise<{ number: number; id: string } | null> {
  const asked = params.room ?? ''
  if (!/^\d+$/.test(asked)) throw new ChatError('not_found')
  return (await directory.rooms(actor, [Number(asked)]))[0] ?? null
}

async function messages(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const room = await roomNamed(call, actor)
  const answer: RestAnswer = room === null ? { status: 200, body: [] } : await history(call, actor, room)
  const [before, after] = JSON.stringify(enveloped('*', 'Messages fetched successfully.')).split('"*"')
  if ('pieces' in answer) return { ...answer, pieces: within(answer.pieces, before ?? '', after ?? '') }
  return 'body' in answer ? { ...answer, body: enveloped(answer.body, 'Messages fetched successfully.') } : answer
}

async function* within(pieces: AsyncIterable<string>, before: string, after: string): AsyncGenerator<string> {
  yield before
  yield* pieces
  yield after
}

const history = (call: RestCall, actor: Actor, room: { number: number; id: string }): Promise<RestAnswer> =>
  wholeHistory({ call, actor, room: room.id, print: (page) => printed(call, actor, { room, page }) })

type Page = { room: { number: number; id: string }; page: readonly Message[] }

async function printed({ directory }: RestCall, actor: Actor, { room, page }: Page): Promise<ReturnType<typeof messageOf>[]> {
  if (page.length === 0) return []
  const numbered = await directory.messages(
    actor,
    room.id,
    page.map(({ n }) => n),
  )
  return page.flatMap((message) => {
    const its = numbered.get(message.n)
    return its === undefined ? [] : [messageOf(message, room.number, its)]
  })
}

/** The room is that of the path and the sender whoever asks, whatever the body says of them. */
async function send(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const room = await roomNamed(call, actor)
  if (room === null) throw new ChatError('not_found')
  // Whose room it is not learns nothing by the faults of the body.
  await call.call(actor, 'rooms.get', { room: room.id })
  const { directory } = call
  const { receiver, text } = await readMessage(await content(call), { actor, directory })
  const { number, id, username } = receiver
  const addressee = { person: { number, id, username }, as: number }
  const { message } = await call.sendTo(actor, addressee, { room: room.id, content: text })
  const [data] = await printed(call, actor, { room, page: [message] })
  return { status: 201, body: enveloped(data, 'Message sent successfully.') }
}
