/** The OpenAPI document of this API, for the page that shows it. */
export const openapi = (): object => ({
  openapi: '3.1.0',
  info: {
    title: 'Realtime Chat API',
    version: 'v1',
    description:
      'Rooms and messages. What happens in a room comes over the socket `/ws/chat/{room_name}/`, which `/chat/websocket-docs/` describes.',
  },
  security: [{ Bearer: [] }],
  paths: {
    '/users/auth/register/': { post: open('users', 'Register', { body: 'Register', ok: ['201', 'Registered'], also: ['400'] }) },
    '/users/auth/login/': {
      post: open('users', 'Obtain a pair of tokens', { body: 'Login', ok: ['200', 'Tokens'], also: ['400', '401'] }),
    },
    '/users/token/refresh/': {
      post: open('users', 'Exchange a refresh token for an access token', {
        body: 'Refresh',
        ok: ['200', 'Refreshed'],
        also: ['400', '401'],
      }),
    },
    '/users/auth/profile/': {
      get: closed('users', 'Your profile', { ok: ['200', 'Profile'] }),
      put: closed('users', 'Change your names', { body: 'Names', ok: ['200', 'Profile'], also: ['400'] }),
      patch: closed('users', 'Change your names', { body: 'Names', ok: ['200', 'Profile'], also: ['400'] }),
    },
    '/chat/rooms/': {
      get: open('rooms', 'The rooms, by name; signed in, your own private ones, too', { ok: ['200', 'Room', 'list'] }),
    },
    '/chat/rooms/create/': { post: closed('rooms', 'Make a room', { body: 'NewRoom', ok: ['201', 'Room'], also: ['400'] }) },
    '/chat/rooms/{room_id}/': {
      parameters: [inPath('room_id', uuid)],
      get: closed('rooms', 'One room', { ok: ['200', 'Room'], also: ['404'] }),
      put: closed('rooms', 'Rename or describe a room; its creator only', {
        body: 'RoomChange',
        ok: ['200', 'Room'],
        also: ['400', '403', '404'],
      }),
      patch: closed('rooms', 'The same, of the fields that are there', {
        body: 'RoomChange',
        ok: ['200', 'Room'],
        also: ['400', '403', '404'],
      }),
      delete: closed('rooms', 'Delete a room; its creator only', { ok: ['204', null], also: ['403', '404'] }),
    },
    '/chat/dm/{target_user_id}': {
      parameters: [inPath('target_user_id', integer)],
      get: closed('rooms', 'The room of you and another, made on first use', { ok: ['200', 'Room'], also: ['400', '404'] }),
    },
    '/chat/rooms/{room_id}/members/add/': {
      parameters: [inPath('room_id', uuid)],
      post: closed('members', 'Add somebody to a private room; its creator only', {
        body: 'NewMember',
        ok: ['200', 'Room'],
        also: ['400', '403', '404'],
      }),
    },
    '/chat/rooms/{room_id}/members/remove/{user_id}/': {
      parameters: [inPath('room_id', uuid), inPath('user_id', integer)],
      delete: closed('members', 'Remove a member; the creator of the room only', { ok: ['200', 'Room'], also: ['400', '403', '404'] }),
    },
    '/chat/messages/{message_id}/edit/': {
      parameters: [inPath('message_id', uuid)],
      put: closed('messages', 'Edit your own message', { body: 'Content', ok: ['200', 'Content'], also: ['400', '404'] }),
      patch: closed('messages', 'Edit your own message', { body: 'Content', ok: ['200', 'Content'], also: ['400', '404'] }),
    },
    '/chat/messages/{message_id}/delete/': {
      parameters: [inPath('message_id', uuid)],
      delete: closed('messages', 'Delete your own message', { ok: ['204', null], also: ['404'] }),
    },
    '/chat/websocket-docs/': {
      get: {
        tags: ['messages'],
        summary: 'How the socket talks',
        security: [],
        responses: { '200': { description: 'A text in Markdown.', content: { 'text/markdown': { schema: { type: 'string' } } } } },
      },
    },
  },
  components: { securitySchemes: { Bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } }, schemas },
})

type Answers = { body?: string; ok: [status: string, schema: string | null, list?: 'list']; also?: string[] }

const faults: Record<string, string> = {
  '400': 'Something is wrong with a field.',
  '401': 'The token or the password is not valid.',
  '403': 'You may not do this.',
  '404': 'There is no such thing, or it is not yours to see.',
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

const open = (tag: string, summary: string, answers: Answers) => ({ ...described(tag, summary, answers), security: [] })
const closed = (tag: string, summary: string, { also = [], ...answers }: Answers) =>
  described(tag, summary, { ...answers, also: [...also, '401'] })

function described(tag: string, summary: string, { body, ok: [status, name, list], also = [] }: Answers) {
  const schema = name === null ? null : list === 'list' ? { type: 'array', items: ref(name) } : ref(name)
  const success = { description: 'Done.', ...(schema !== null && { content: { 'application/json': { schema } } }) }
  const content = body === undefined ? null : { schema: ref(body) }
  return {
    tags: [tag],
    summary,
    ...(content !== null && {
      requestBody: {
        required: true,
        content: { 'application/json': content, 'application/x-www-form-urlencoded': content, 'multipart/form-data': content },
      },
    }),
    responses: { [status]: success, ...Object.fromEntries(also.map((code) => [code, { description: faults[code] }])) },
  }
}

const text = { type: 'string' }
const uuid = { type: 'string', format: 'uuid' }
const integer = { type: 'integer' }
const optionalText = { type: ['string', 'null'] }

const inPath = (name: string, schema: object) => ({ name, in: 'path', required: true, schema })
const object = (properties: Record<string, object>, required: string[] = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
})

const schemas = {
  Register: object({ username: text, email: { type: 'string', format: 'email' }, password: text }, ['username', 'password']),
  Registered: object({ username: text, email: text }),
  Login: object({ username: text, password: text }),
  Tokens: object({ access: text, refresh: text }),
  Refresh: object({ refresh: text }),
  Refreshed: object({ access: text, refresh: text }, ['access']),
  Profile: object({ id: integer, username: text, email: text, first_name: text, last_name: text }),
  Names: object({ first_name: text, last_name: text }, []),
  NewRoom: object({ room_name: text, description: optionalText, is_private: { type: 'boolean', default: false } }, ['room_name']),
  RoomChange: object({ room_name: text, description: optionalText }, []),
  Room: object(
    {
      room_id: uuid,
      room_name: text,
      created_at: { type: 'string', format: 'date-time' },
      creator_username: text,
      description: optionalText,
      is_private: { type: 'boolean' },
      message_count: integer,
    },
    ['room_id', 'room_name', 'created_at', 'description', 'is_private', 'message_count'],
  ),
  NewMember: object({ user_id: integer }),
  Content: object({ content: text }),
}
