import { limits } from '@parlance/protocol'
import type { Dialect } from '../dialect.ts'
import { problem, routes, socketRoute } from './rest.ts'
import { encoder } from './shapes.ts'
import { socketDoor } from './socket.ts'
import { streamEncoders, streamRoutes } from './stream.ts'

/** Dialect zero: our own API, on the same interface as the older ones. */
export const native = (tokens: { access: number; refresh: number }): Dialect => ({
  name: 'native',
  door: { dia: 'native', passwordMin: limits.password_chars, sharedEmail: false, anyUsername: false, tokens },
  routes: [...routes, ...streamRoutes, socketRoute],
  failure: problem,
  credentials: false,
  socket: socketDoor,
  encoder,
  streams: streamEncoders,
  lossy: true,
})
