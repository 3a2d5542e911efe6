import { ChatError, type Room } from '@parlance/protocol'
import type { Actor, Lobby } from '../dialect.ts'
import { idOf, titleName } from '../names.ts'
import { directName } from './shapes.ts'

/** The room a socket enters, as it stood at the handshake. */
export type Entered = Pick<Room, 'id' | 'seq' | 'n'>

/** Why the socket is closed as soon as it is open. */
export class Closing extends Error {
  readonly code: 4000 | 4003

  constructor(code: 4000 | 4003) {
    super(`closed with ${code}`)
    this.code = code
  }
}

/** The close code of a refusal; null for what is no answer to give. */
export function closeFor({ status, code }: ChatError): number | null {
  if (status === 401 || code === 'suspended') return 4001
  return status < 500 ? 4000 : null
}

const isWord = /^[\p{L}\p{N}_]+$/u
const reserved = 'dm_'

/** The public room that the first connect under an unused name makes. */
export const publicPolicy = { listed: 'anyone', add: 'nobody', remove: 'owner', manage: 'owner' } as const

/** The room that {x} names, made if it is a name never used. Throws a Closing where there is none to enter. */
export async function enterable(lobby: Lobby, reader: Actor, x: string): Promise<Entered> {
  const id = idOf(x)
  if (id !== null) return (await readable(lobby, reader, id)) ?? refuse(4000)
  if (x.startsWith(reserved)) return await direct(lobby, reader, x)
  const known = (await readable(lobby, reader, `name:${x}`)) ?? (await titled(lobby, reader, x))
  if (known !== null) return known
  if (!isWord.test(x)) return refuse(4000)
  try {
    const description = `public chat room : ${x}`
    return (await lobby.call(reader, 'rooms.create', { kind: 'public', name: x, description, policy: publicPolicy })).room
  } catch (error) {
    if (!isCode(error, 'name_taken')) throw error
    // Somebody else was first, or it is a private room: then looking again says so.
    return (await readable(lobby, reader, `name:${x}`)) ?? refuse(4003)
  }
}

async function readable(lobby: Lobby, reader: Actor, room: string): Promise<Room | null> {
  try {
    return await lobby.call(reader, 'rooms.get', { room })
  } catch (error) {
    if (isCode(error, 'not_found') || isCode(error, 'invalid_input')) return null
    throw isCode(error, 'banned') || isCode(error, 'forbidden') ? new Closing(4003) : error
  }
}

/**
 * The one-to-one room of a name that is derived from its pair. A third person is refused alike whether the two have a room or not: that
 * they talk to each other is theirs to know.
 */
async function direct(lobby: Lobby, reader: Actor, x: string): Promise<Entered> {
  const numbers = (/^dm_(\d{1,15})_(\d{1,15})$/.exec(x) ?? []).slice(1).map(Number)
  const [one, other] = numbers
  if (one === undefined || other === undefined || directName(one, other) !== x) return refuse(4000)
  if (!numbers.includes(reader.number)) {
    const people = await lobby.directory.people(reader, numbers)
    return refuse(people.length === new Set(numbers).size ? 4003 : 4000)
  }
  const id = await lobby.directory.direct(reader, one === reader.number ? other : one)
  return (id === null ? null : await readable(lobby, reader, id)) ?? refuse(4000)
}

/** A group with nothing but a title, found by the number at the end of the name it is shown under. */
async function titled(lobby: Lobby, reader: Actor, x: string): Promise<Room | null> {
  const [, number] = /_(\d{1,15})$/.exec(x) ?? []
  if (number === undefined) return null
  const [found] = await lobby.directory.rooms(reader, [Number(number)])
  const room = found === undefined ? null : await readable(lobby, reader, found.id)
  return room !== null && room.kind === 'group' && room.name === null && titleName(room.title, Number(number)) === x ? room : null
}

function refuse(code: 4000 | 4003): never {
  throw new Closing(code)
}

const isCode = (error: unknown, code: ChatError['code']): boolean => error instanceof ChatError && error.code === code
