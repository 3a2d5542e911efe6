import { ChatError } from '@parlance/protocol'
import type { Actor, RestAnswer, RestCall } from '../dialect.ts'
import { anybody, content, email, newPassword, readTexts, routesOf, signedIn, username } from '../drf.ts'
import { wholeHistory } from '../histories.ts'
import { tokenPair } from '../simplejwt.ts'
import { entryOf } from './shapes.ts'

/** Fewer than the native API asks for. */
export const passwordMin = 6

export const routes = [
  ...routesOf({ path: '/api/register/', name: 'Register', allow: ['POST', 'OPTIONS'], enter: anybody, methods: { POST: register } }),
  ...tokenPair('/api/login/'),
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

/** Everything one may read of the room of that name, oldest first; nothing where there is no such room. */
async function history(call: RestCall, actor: Actor): Promise<RestAnswer> {
  try {
    return await wholeHistory({ call, actor, room: `name:${call.params.room}`, print: (messages) => messages.map(entryOf) })
  } catch (error) {
    // A room that is not one's to read and a name that no room can have are like names never used.
    if (error instanceof ChatError && ['not_found', 'forbidden', 'invalid_input'].includes(error.code)) return { status: 200, body: [] }
    throw error
  }
}
