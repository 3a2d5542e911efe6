import type { Dialect } from '../dialect.ts'
import { failure } from '../drf.ts'
import { passwordMin, routes } from './rest.ts'
import { encoder } from './shapes.ts'
import { socketDoor } from './socket.ts'

const name = 'django-realtime-chat-api'
const minute = 60
const day = 24 * 60 * minute

export const djangoRealtimeChatApi: Dialect = {
  name,
  door: { dia: name, passwordMin, sharedEmail: true, anyUsername: false, tokens: { access: 5 * minute, refresh: day } },
  routes,
  failure,
  credentials: true,
  socket: socketDoor,
  encoder,
  lossy: false,
  takesFloods: true,
}
