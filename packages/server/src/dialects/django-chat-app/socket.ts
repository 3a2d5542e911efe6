import type { SocketDoor } from '../dialect.ts'
import { unescaped } from '../names.ts'
import { Talk } from './talk.ts'

const name = '[\\p{L}\\p{N}_-]{1,255}'
const path = new RegExp(`^/ws/chat/(${name})/?$`, 'u')

export const socketDoor: SocketDoor = {
  roomPath: { x: new RegExp(`^${name}$`, 'u'), header: false, tokenless: true, room: null },
  /** Everybody comes in; who does not say at once who they are hears nothing and does not stay. */
  admit(handshake) {
    const [, x] = path.exec(unescaped(handshake.path)) ?? []
    return x === undefined ? null : { accept: (socket) => new Talk(socket, x) }
  },
}
