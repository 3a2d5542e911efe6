import { limits } from '@parlance/protocol'
import type { Dialect } from '../dialect.ts'
import { failure } from '../drf.ts'
import { routes } from './rest.ts'
import { encoder } from './shapes.ts'
import { socketDoor } from './socket.ts'

const name = 'chat-backend'
const day = 24 * 60 * 60

export const chatBackend: Dialect = {
  name,
  // Nobody registers here, so that the rules for names and passwords never apply.
  door: {
    dia: name,
    passwordMin: limits.password_chars,
    sharedEmail: false,
    anyUsername: false,
    tokens: { access: day, refresh: 7 * day },
  },
  routes,
  failure,
  credentials: true,
  socket: socketDoor,
  encoder,
  lossy: false,
  takesFloods: true,
}
