import { ChatError, type Room } from '@parlance/protocol'
import type { Actor, RestCall } from '../dialect.ts'
import { idOf } from '../names.ts'
import { numbered, type Printed, roomOf } from './shapes.ts'

/** Rooms as this API prints them; the numbers they need are asked for all of them at once. */
export async function printRooms(call: RestCall, reader: Actor | null, rooms: readonly Room[]): Promise<Printed[]> {
  const needed = rooms.map(numbered)
  const [people, nameless] = [needed.flatMap((one) => one.people), needed.flatMap((one) => one.rooms)]
  const [persons, found] = await Promise.all([
    reader === null || people.length === 0 ? [] : call.directory.people(reader, people),
    reader === null || nameless.length === 0 ? [] : call.directory.rooms(reader, nameless),
  ])
  const numbers = new Map([...persons, ...found].map(({ id, number }) => [id, number]))
  return rooms.map((room) => roomOf(room, reader, numbers))
}

/** The room of the path, if the caller may read it; what is no id is like one unknown. */
export async function roomAt(call: RestCall, actor: Actor): Promise<Room> {
  const room = idOf(call.params.room)
  if (room === null) throw new ChatError('not_found')
  return await call.call(actor, 'rooms.get', { room })
}
