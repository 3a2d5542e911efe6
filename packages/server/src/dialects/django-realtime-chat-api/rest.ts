import { ChatError, limits, type Message, type OutputOf } from '@parlance/protocol'
import type { Actor, RestAnswer, RestCall } from '../dialect.ts'
import { anybody, content, email, newPassword, readTexts, Refused, routesOf, signedIn, unasked, username } from '../drf.ts'
import { entryOf } from './shapes.ts'

/** Fewer than the native API asks for. */
export const passwordMin = 6
/** The original sends the whole history; so much of it is. */
const historyLength = 10_000

export const routes = [
  ...routesOf({ path: '/api/register/', name: 'Register', allow: ['POST', 'OPTIONS'], enter: anybody, methods: { POST: register } }),
  ...routesOf({ path: '/api/login/', name: 'Token Obtain Pair', allow: ['POST', 'OPTIONS'], enter: unasked, methods: { POST: login } }),
  ...routesOf({
    path: '/api/chat/history/:room/',
    name: 'Chat History',
    allow: ['GET', 'OPTIONS'],
    enter: signedIn,
    methods: { GET: history },
  }),
]

async function register(call: RestCall): Promise<RestAnswer> {
  const fields = readTexts(await content(call), [username, email, newPassword(passwordMin)])
  const { user } = await call.call(null, 'accounts.register', Object.fromEntries(fields))
  return { status: 201, body: { username: user.username, email: user.email } }
}

async function login(call: RestCall): Promise<RestAnswer> {
  const fields = readTexts(await content(call), [{ name: 'username' }, { name: 'password' }])
  const { refresh_token: refresh, access_token: access } = await enter(call, Object.fromEntries(fields))
  return { status: 200, body: { refresh, access } }
}

/** Whatever is wrong with a name or a password, a login says only that they do not fit. */
async function enter(call: RestCall, fields: Record<string, string>): Promise<OutputOf<'accounts.login'>> {
  try {
    return await call.call(null, 'accounts.login', fields)
  } catch (error) {
    const isRefusal = error instanceof ChatError && ['invalid_credentials', 'suspended', 'invalid_input'].includes(error.code)
    throw isRefusal ? new Refused('invalid_credentials', { detail: 'No active account found with the given credentials' }) : error
  }
}

/** Everything one may read of the room of that name, oldest first; nothing where there is no such room. */
async function history(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const room = `name:${call.params.room}`
  const newest = await newestOf(call, actor, room)
  if (newest === null || !newest.more_before) return { status: 200, body: printed(newest?.items ?? []) }
  return { status: 200, pieces: arrayOf(pagesUpto(call, { actor, room, newest: newest.items })) }
}

const printed = (messages: readonly Message[]) => messages.filter(({ deleted_at }) => deleted_at === undefined).map(entryOf)

async function newestOf(call: RestCall, actor: Actor, room: string): Promise<OutputOf<'messages.list'> | null> {
  try {
    return await call.call(actor, 'messages.list', { room, limit: limits.history_max })
  } catch (error) {
    // A room that is not one's to read and a name that no room can have are like names never used.
    if (error instanceof ChatError && ['not_found', 'forbidden', 'invalid_input'].includes(error.code)) return null
    throw error
  }
}

/** The page given and what comes before it, oldest first. */
async function* pagesUpto(
  call: RestCall,
  { actor, room, newest }: { actor: Actor; room: string; newest: readonly Message[] },
): AsyncGenerator<readonly Message[]> {
  const end = newest[0]?.n ?? 0
  let after = Math.max(0, (newest.at(-1)?.n ?? 0) - historyLength)
  while (after < end - 1) {
    const { items } = await patiently(call, () => call.call(actor, 'messages.list', { room, after, limit: limits.history_max }))
    const last = items.at(-1)
    if (last === undefined) break
    after = last.n
    yield items.filter(({ n }) => n < end)
  }
  yield newest
}

/** A long history may cost more than its reader's budget holds at once: then it comes as slowly as the budget grows. */
async function patiently<T>(call: RestCall, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'rate_limited') throw error
      await call.wait(error.retryMs ?? 1000)
    }
  }
}

async function* arrayOf(pages: AsyncIterable<readonly Message[]>): AsyncGenerator<string> {
  let before = '['
  for await (const page of pages) {
    const entries = printed(page)
    if (entries.length === 0) continue
    yield before + entries.map((entry) => JSON.stringify(entry)).join(',')
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}
