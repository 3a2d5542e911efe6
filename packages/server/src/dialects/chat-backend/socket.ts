import type { SocketDoor } from '../dialect.ts'
import { uuid } from '../names.ts'
import { refusal, talkIn } from '../room-talk.ts'
import { frameOf, textOf } from './shapes.ts'

const path = new RegExp(`^/ws/chat/(${uuid})/?$`, 'i')

export const socketDoor: SocketDoor = {
  // Without a token only a client of this API can mean a UUID, and it is refused like any bad one.
  roomPath: { x: new RegExp(`^${uuid}$`, 'i'), header: false, tokenless: true, room: 'id' },
  async admit(handshake, lobby) {
    const [, id] = path.exec(handshake.path) ?? []
    if (id === undefined) return null
    try {
      const login = await lobby.authenticate(handshake.query.get('token') ?? '')
      return talkIn({ textOf, frameOf }, login, await lobby.call(login, 'rooms.get', { room: id.toLowerCase() }))
    } catch (error) {
      return refusal(error)
    }
  },
}
