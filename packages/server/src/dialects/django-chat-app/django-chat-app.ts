import type { Dialect } from '../dialect.ts'
import { failure } from './failure.ts'
import { passwordMin, routes } from './rest.ts'
import { encoder } from './shapes.ts'
import { socketDoor } from './socket.ts'

const name = 'django-chat-app'
const day = 24 * 60 * 60

export const djangoChatApp: Dialect = {
  name,
  door: { dia: name, passwordMin, sharedEmail: false, anyUsername: true, tokens: { access: 3 * day, refresh: 30 * day } },
  routes,
  failure,
  credentials: true,
  socket: socketDoor,
  encoder,
  lossy: false,
  takesFloods: true,
}
