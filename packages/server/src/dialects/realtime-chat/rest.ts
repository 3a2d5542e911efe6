import type { Actor, RestAnswer, RestCall, RestRoute } from '../dialect.ts'
import { anybody, atMost, content, email, newPassword, readTexts, routesOf, signedIn, type TextField, unasked, username } from '../drf.ts'
import { isRefusal, tokenRefresh } from '../simplejwt.ts'
import { messageRoutes } from './messages.ts'
import { roomRoutes } from './rooms.ts'
import { websocketDocs } from './websocket-docs.ts'

const posts = ['POST', 'OPTIONS']
/** Of a first or last name. */
const nameChars = 150

export const routes: RestRoute[] = [
  ...routesOf({ path: '/users/auth/register/', name: 'Register', allow: posts, enter: anybody, methods: { POST: register } }),
  ...routesOf({ path: '/users/auth/login/', name: 'Login', allow: posts, enter: unasked, methods: { POST: login } }),
  ...tokenRefresh('/users/token/refresh/'),
  ...routesOf({
    path: '/users/auth/profile/',
    name: 'User Profile',
    allow: ['GET', 'PUT', 'PATCH', 'HEAD', 'OPTIONS'],
    enter: signedIn,
    methods: { GET: profile, PUT: rename, PATCH: rename },
  }),
  ...roomRoutes,
  ...messageRoutes,
  ...routesOf({
    path: '/chat/websocket-docs/',
    name: 'WebSocket documentation',
    allow: ['GET', 'HEAD', 'OPTIONS'],
    enter: unasked,
    methods: {
      GET: () => Promise.resolve({ status: 200, body: websocketDocs, headers: { 'content-type': 'text/markdown; charset=utf-8' } }),
    },
  }),
]

async function register(call: RestCall): Promise<RestAnswer> {
  const fields = readTexts(await content(call), [username, email, newPassword(1)])
  const { user } = await call.call(null, 'accounts.register', Object.fromEntries(fields))
  return { status: 201, body: { username: user.username, email: user.email } }
}

async function login(call: RestCall): Promise<RestAnswer> {
  const fields = readTexts(await content(call), [{ name: 'username' }, { name: 'password' }])
  try {
    const { access_token: access, refresh_token } = await call.call(null, 'accounts.login', Object.fromEntries(fields))
    return { status: 200, body: { access, refresh: refresh_token } }
  } catch (error) {
    if (!isRefusal(error, 'invalid_credentials')) throw error
    // The view's own answer: the framework asks for a token only where it refuses.
    return { status: 401, body: { error: 'Invalid Credentials' } }
  }
}

async function profile(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const me = await call.call(actor, 'accounts.me', {})
  const { username: name, email: address, first_name, last_name } = me
  return { status: 200, body: { id: actor.number, username: name, email: address, first_name, last_name } }
}

const nameField = (name: string): TextField => ({ name, optional: true, check: (text) => atMost(text, nameChars) })

async function rename(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const fields = readTexts(await content(call), [nameField('first_name'), nameField('last_name')])
  if (fields.size > 0) await call.call(actor, 'accounts.update', Object.fromEntries(fields))
  return await profile(call, actor)
}
