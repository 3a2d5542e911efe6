import { ChatError, type Fault, type InputOf, limits, type Room } from '@parlance/protocol'
import type { Actor, RestAnswer, RestCall, RestRoute } from '../dialect.ts'
import { anybody, atMost, content, fieldNames, fieldReader, readTexts, Refused, routesOf, signedIn, type TextField } from '../drf.ts'
import { slowed } from '../patience.ts'
import { listRooms } from './list.ts'
import { memberRoutes } from './members.ts'
import { publicPolicy } from './names.ts'
import { printRooms, roomAt } from './printed.ts'

const gets = ['GET', 'HEAD', 'OPTIONS']

export const roomRoutes: RestRoute[] = [
  ...routesOf({ path: '/chat/rooms/', name: 'Chat Room List', allow: gets, enter: caller, methods: { GET: listRooms } }),
  ...routesOf({
    path: '/chat/rooms/create/',
    name: 'Chat Room Create',
    allow: ['POST', 'OPTIONS'],
    enter: signedIn,
    methods: { POST: create },
  }),
  ...routesOf({
    path: '/chat/rooms/:room/',
    name: 'Chat Room',
    allow: ['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'],
    enter: signedIn,
    methods: { GET: show, PUT: change, PATCH: change, DELETE: remove },
  }),
  ...memberRoutes,
  // Documented without the slash, so that is no reason to be sent elsewhere.
  ...routesOf({ path: '/chat/dm/:user/', name: 'Direct Message', allow: gets, enter: signedIn, methods: { GET: direct } }).map((route) =>
    route.method === 'GET' && !route.path.endsWith('/') ? { ...route, allow: gets, handle: bareDirect } : route,
  ),
]

/** Whoever calls; a bad token counts as none. */
async function caller(call: RestCall): Promise<Actor | null> {
  try {
    return await anybody(call)
  } catch (error) {
    if (error instanceof Refused) return null
    throw error
  }
}

async function show(call: RestCall, actor: Actor): Promise<RestAnswer> {
  return { status: 200, body: await printRoom(call, actor, await roomAt(call, actor)) }
}

async function printRoom(call: RestCall, actor: Actor, room: Room): Promise<object> {
  const [printed] = await printRooms(call, actor, [room])
  if (printed === undefined) throw new Error('a room that is not printed')
  return printed
}

async function create(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { name, description = null, isPrivate } = newRoom(await content(call))
  const about = { name, ...(description !== null && { description }) }
  const input: InputOf<'rooms.create'> = isPrivate
    ? { kind: 'group', ...about, policy: { add: 'owner', remove: 'owner', manage: 'owner' } }
    : { kind: 'public', ...about, policy: publicPolicy }
  const { room } = await named(() => call.call(actor, 'rooms.create', input))
  return { status: 201, body: await printRoom(call, actor, room) }
}

async function change(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const room = await roomAt(call, actor)
  let changes: RoomFields
  try {
    changes = nameAndDescription(await content(call), { needsName: call.method === 'PUT' })
  } catch (error) {
    // Whose room it is not hears that, and not what is wrong with the body.
    await changeNothing(call, actor, room)
    throw error
  }
  const isEmpty = Object.keys(changes).length === 0
  const update = () => named(() => call.call(actor, 'rooms.update', { room: room.id, ...changes }))
  const changed = isEmpty ? await changeNothing(call, actor, room) : await update()
  return { status: 200, body: await printRoom(call, actor, changed) }
}

/** The room as it is, for whoever may change it. A partial update may leave everything out; natively that is a mistake. */
async function changeNothing(call: RestCall, actor: Actor, room: Room): Promise<Room> {
  try {
    return await call.call(actor, 'rooms.update', { room: room.id })
  } catch (error) {
    if (!(error instanceof ChatError) || error.code !== 'invalid_input') throw error
    return room
  }
}

async function remove(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { id } = await roomAt(call, actor)
  await call.call(actor, 'rooms.delete', { room: id })
  return { status: 204, body: null }
}

type RoomFields = { name?: string; description?: string | null }

const nameField: TextField = { name: 'room_name', check: (text) => atMost(text, limits.room_name_chars) }
const descriptionField: TextField = {
  name: 'description',
  optional: true,
  check: (text) => atMost(text, limits.room_description_chars),
}

/** What a body says of a new room, with all faults at once. */
function newRoom(body: unknown): RoomFields & { isPrivate: boolean } {
  const read = fieldReader(body)
  const faults: Fault[] = []
  const fields = collecting(faults, () => nameAndDescription(body, { needsName: true }))
  const isPrivate = collecting(faults, () => truth(read('is_private'), 'is_private'))
  if (fields === undefined || isPrivate === undefined) throw new ChatError('invalid_input', { errors: faults })
  return { ...fields, isPrivate }
}

/** What of a room can be changed here. */
function nameAndDescription(body: unknown, { needsName }: { needsName: boolean }): RoomFields {
  const read = fieldReader(body)
  const asksForName = needsName || fieldNames(body).includes('room_name')
  const isNull = read('description') === null
  const texts = readTexts(body, [...(asksForName ? [nameField] : []), ...(isNull ? [] : [descriptionField])])
  const [name, description] = [texts.get('room_name'), isNull ? null : texts.get('description')]
  return { ...(name !== undefined && { name }), ...(description !== undefined && { description }) }
}

/** Adds the faults of a reading to those known. */
function collecting<T>(faults: Fault[], work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof ChatError) || error.faults === undefined) throw error
    faults.push(...error.faults)
    return undefined
  }
}

const yes = ['true', '1', 'on', 'yes', 'y', 't']
const no = ['false', '0', 'off', 'no', 'n', 'f', '']

/** A truth value as the framework reads it; absent is false. */
function truth(value: unknown, field: string): boolean {
  if (value === undefined) return false
  const text = typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string' ? String(value).toLowerCase() : null
  if (text !== null && yes.includes(text)) return true
  if (text !== null && no.includes(text)) return false
  const message = value === null ? 'This field may not be null.' : 'Must be a valid boolean.'
  throw new ChatError('invalid_input', { errors: [{ path: `/${field}`, code: 'type', message }] })
}

/** A name that is taken, or reserved, is a fault of its field. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isReserved = error instanceof ChatError && error.faults?.some(({ code }) => code === 'reserved') === true
    const isTaken = error instanceof ChatError && error.code === 'name_taken'
    throw isTaken || isReserved ? new ChatError('invalid_input', { errors: [takenName] }) : error
  }
}

const takenName: Fault = { path: '/room_name', code: 'taken', message: 'chat room with this room name already exists.' }

async function bareDirect(call: RestCall): Promise<RestAnswer> {
  const answer = await direct(slowed(call), await signedIn(call))
  return { ...answer, headers: { ...answer.headers, allow: gets.join(', ') } }
}

async function direct(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const [, number] = /^(\d{1,15})$/.exec(call.params.user ?? '') ?? []
  if (number === undefined) throw new ChatError('not_found')
  if (Number(number) === actor.number)
    return { status: 400, body: JSON.stringify(withOneself), headers: { 'content-type': 'application/json' } }
  const [peer] = await call.directory.people(actor, [Number(number)])
  if (peer === undefined) throw new ChatError('not_found')
  const { room } = await call.call(actor, 'rooms.direct', { user: peer.id })
  return { status: 200, body: await printRoom(call, actor, room) }
}

const withOneself = 'Cannot create or direct message with yourself.'
