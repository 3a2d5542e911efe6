import { ChatError, type Room } from '@parlance/protocol'
import type { Actor, RestAnswer, RestCall, RestRoute } from '../dialect.ts'
import { content, fieldReader, Refused, routesOf, signedIn } from '../drf.ts'
import { wholeNumber } from '../keys.ts'
import { printRooms, roomAt } from './printed.ts'

export const memberRoutes: RestRoute[] = [
  ...routesOf({
    path: '/chat/rooms/:room/members/add/',
    name: 'Add Room Member',
    allow: ['POST', 'OPTIONS'],
    enter: signedIn,
    methods: { POST: add },
  }),
  ...routesOf({
    path: '/chat/rooms/:room/members/remove/:user/',
    name: 'Remove Room Member',
    allow: ['DELETE', 'OPTIONS'],
    enter: signedIn,
    methods: { DELETE: remove },
  }),
]

/** An id that no user has: asked with it, the gate says what the caller may do in general. */
const nobody = '00000000-0000-0000-0000-000000000000'

async function add(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const room = await roomAt(call, actor)
  const asked = fieldReader(await content(call))('user_id')
  const number = wholeNumber(asked)
  if (asked === undefined || asked === null || asked === '') throw wrong('User ID to add is required.')
  const [person] = number === null ? [] : await call.directory.people(actor, [number])
  const present = person === undefined ? [] : await call.directory.present(actor, room.id, [person.number])
  await permitted('add members to', () => call.call(actor, 'members.add', { room: room.id, user: person?.id ?? nobody }))
  if (present.length > 0) throw wrong(`${person?.username} is already a member of this room.`)
  return await answer(call, actor, room)
}

async function remove(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const room = await roomAt(call, actor)
  const number = wholeNumber(call.params.user)
  if (number === actor.number)
    throw room.me?.role === 'owner' ? wrong('You cannot remove yourself from the room.') : denied('remove members from')
  const [person] = number === null ? [] : await call.directory.people(actor, [number])
  const present = person === undefined ? [] : await call.directory.present(actor, room.id, [person.number])
  if (person !== undefined && present.length === 0 && room.me?.role === 'owner')
    throw wrong(`${person.username} is not a member of this room.`)
  await permitted('remove members from', () => call.call(actor, 'members.remove', { room: room.id, user: person?.id ?? nobody }))
  return await answer(call, actor, room)
}

async function answer(call: RestCall, actor: Actor, { id }: Room): Promise<RestAnswer> {
  const [body] = await printRooms(call, actor, [await call.call(actor, 'rooms.get', { room: id })])
  return { status: 200, body }
}

const denied = (what: string): Refused => new Refused('forbidden', { detail: `You do not have permission to ${what} this room.` })

const wrong = (detail: string): Refused => new Refused('invalid_input', { detail })

async function permitted(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const isForbidden = error instanceof ChatError && error.code === 'forbidden'
    throw isForbidden ? denied(what) : error
  }
}
