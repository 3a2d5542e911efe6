import { ChatError, type Room } from '@parlance/protocol'
import type { Actor, Lobby, SocketDoor } from '../dialect.ts'
import { unescaped } from '../names.ts'
import { refusal, talkIn } from '../room-talk.ts'
import { frameOf, textOf } from './shapes.ts'

const path = /^\/ws\/chat\/([\p{L}\p{N}_]+)\/?$/u
const roomName = /^[\p{L}\p{N}_]+$/u

/** The room that the first connect under an unused name makes: everybody's and nobody's. */
const firstUse = { kind: 'public', ownerless: true, policy: { listed: 'users', manage: 'nobody' } } as const

export const socketDoor: SocketDoor = {
  roomPath: { x: roomName, header: false, tokenless: false, room: null },
  async admit(handshake, lobby) {
    const [, name] = path.exec(unescaped(handshake.path)) ?? []
    if (name === undefined) return null
    try {
      const login = await lobby.authenticate(handshake.query.get('token') ?? '')
      return talkIn({ textOf, frameOf }, login, await roomNamed(lobby, login, name))
    } catch (error) {
      return refusal(error)
    }
  },
}

async function roomNamed(lobby: Lobby, actor: Actor, name: string): Promise<Room> {
  const find = () => lobby.call(actor, 'rooms.get', { room: `name:${name}` })
  try {
    return await find()
  } catch (error) {
    if (!isCode(error, 'not_found')) throw error
  }
  try {
    return (await lobby.call(actor, 'rooms.create', { ...firstUse, name })).room
  } catch (error) {
    // Somebody else was first, or it is a private room: then looking again says so.
    if (!isCode(error, 'name_taken')) throw error
    return await find()
  }
}

const isCode = (error: unknown, code: ChatError['code']): boolean => error instanceof ChatError && error.code === code
