import type { Dialect, Door } from '../dialect.ts'
import { failure } from '../drf.ts'
import { openapi } from './openapi.ts'
import { routes } from './rest.ts'
import { encoder } from './shapes.ts'
import { socketDoor } from './socket.ts'

const name = 'realtime-chat'

/** The lifetimes of the original, in seconds. */
const original = { access: 300, refresh: 86_400 }

export const realtimeChat = (tokens: Door['tokens'] = original): Dialect => ({
  name,
  door: { dia: name, passwordMin: 1, sharedEmail: true, anyUsername: false, tokens },
  routes,
  failure,
  credentials: true,
  socket: socketDoor,
  encoder,
  lossy: false,
  takesFloods: true,
  reference: { path: '/swagger/', title: 'Realtime Chat API', document: openapi },
})
