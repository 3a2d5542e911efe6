import { ChatError, limits, type Message, type OutputOf, type Room } from '@parlance/protocol'
import type { Actor, Listed, RestAnswer, RestCall } from '../dialect.ts'
import { atMost, content, fieldReader, readTexts, Refused, routesOf, signedIn } from '../drf.ts'
import { arrayOf, wholeHistory } from '../histories.ts'
import { wholeNumber } from '../keys.ts'
import { idOf } from '../names.ts'
import { patiently } from '../patience.ts'
import { tokenPair, tokenRefresh } from '../simplejwt.ts'
import { readGroup, readPerson } from './fields.ts'
import { chatOf, messageOf } from './shapes.ts'

/** The originals print all members of a chat; so many are, those who came first. */
const membersShown = 1000
/** How far back is looked for a last message that was not deleted. */
const lastLength = 50

const post = ['POST', 'OPTIONS']
const get = ['GET', 'HEAD', 'OPTIONS']

/** The rule of groups made here: whoever is inside adds and removes, and nobody is above the others. */
const equals = { kind: 'group', ownerless: true, policy: { add: 'members', remove: 'members', manage: 'members' } } as const

export const routes = [
  ...tokenPair('/api/token/'),
  ...tokenRefresh('/api/token/refresh/'),
  ...routesOf({ path: '/api/chats/', name: 'Chat List', allow: get, enter: signedIn, methods: { GET: list } }),
  ...routesOf({ path: '/api/chats/private/', name: 'Private', allow: post, enter: signedIn, methods: { POST: openPrivate } }),
  ...routesOf({ path: '/api/chats/group/', name: 'Group', allow: post, enter: signedIn, methods: { POST: makeGroup } }),
  ...routesOf({ path: '/api/chats/:chat/', name: 'Chat Instance', allow: get, enter: signedIn, methods: { GET: detail } }),
  ...routesOf({ path: '/api/chats/:chat/add-member/', name: 'Add Member', allow: post, enter: signedIn, methods: { POST: add } }),
  ...routesOf({ path: '/api/chats/:chat/remove-member/', name: 'Remove Member', allow: post, enter: signedIn, methods: { POST: remove } }),
  ...routesOf({
    path: '/api/chats/:chat/messages/',
    name: 'Message List',
    allow: ['GET', 'POST', 'HEAD', 'OPTIONS'],
    enter: signedIn,
    methods: { GET: messages, POST: send },
  }),
]

type Entry = OutputOf<'rooms.list'>['items'][number]
type Chat = ReturnType<typeof chatOf>

/** Every chat one is in, the one joined first before the others. */
async function list(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const pages: Entry[][] = []
  let cursor: string | null = null
  do {
    const asked: { limit: number; cursor?: string } = { limit: limits.page_max, ...(cursor !== null && { cursor }) }
    const page: OutputOf<'rooms.list'> = await patiently(call, () => call.call(actor, 'rooms.list', asked))
    pages.unshift(page.items.toReversed())
    cursor = page.next
  } while (cursor !== null)
  if (pages.length === 1) return { status: 200, body: await chats(call, actor, pages[0] ?? []) }
  return { status: 200, pieces: arrayOf(printed(call, actor, pages)) }
}

async function* printed(call: RestCall, actor: Actor, pages: readonly Entry[][]): AsyncGenerator<Chat[]> {
  for (const page of pages) yield await patiently(call, () => chats(call, actor, page))
}

async function chats(call: RestCall, actor: Actor, entries: readonly Entry[]): Promise<Chat[]> {
  const rooms = entries.map(({ room }) => room.id)
  const [members, lasts] = await Promise.all([
    rooms.length === 0 ? new Map<string, Listed[]>() : call.directory.members(actor, rooms, membersShown),
    Promise.all(entries.map((entry) => standingLast(call, actor, entry))),
  ])
  const told = lasts.filter((last) => last !== null)
  const print = await printer(call, actor, told)
  return entries.map(({ room }, index) => {
    const last = lasts[index] ?? null
    return chatOf(room, { members: members.get(room.id) ?? [], last: last && print(last) })
  })
}

/** The last message, or the last that was not deleted. */
async function standingLast(call: RestCall, actor: Actor, { room, last_message: last }: Entry): Promise<Message | null> {
  return last?.deleted_at === undefined ? last : await lastOf(call, actor, room.id)
}

/** The newest message that was not deleted. */
async function lastOf(call: RestCall, actor: Actor, room: string): Promise<Message | null> {
  const { items } = await call.call(actor, 'messages.list', { room, limit: lastLength })
  return items.findLast(({ deleted_at }) => deleted_at === undefined) ?? null
}

/** Prints messages whose senders were looked up at once. */
async function printer(
  call: RestCall,
  actor: Actor,
  told: readonly Message[],
): Promise<(message: Message) => ReturnType<typeof messageOf>> {
  const ids = [...new Set(told.map(({ sender }) => sender.id))]
  const people = new Map((ids.length === 0 ? [] : await call.directory.people(actor, ids)).map((person) => [person.id, person]))
  return (message) => {
    const sender = people.get(message.sender.id)
    if (sender === undefined) throw new Error(`the sender ${message.sender.id} is missing`)
    return messageOf(message, sender)
  }
}

/** One chat with everything the original prints of it. */
async function whole(call: RestCall, actor: Actor, room: Room): Promise<Chat> {
  const [chat] = await chats(call, actor, [{ room, last_message: await lastOf(call, actor, room.id) }])
  if (chat === undefined) throw new Error('a chat without a shape')
  return chat
}

/** The room that the path names; what cannot be an id names none. */
async function roomOf(call: RestCall, actor: Actor): Promise<Room> {
  return await call.call(actor, 'rooms.get', { room: chatId(call) })
}

function chatId({ params }: RestCall): string {
  const id = idOf(params.chat)
  if (id === null) throw new ChatError('not_found')
  return id
}

async function detail(call: RestCall, actor: Actor): Promise<RestAnswer> {
  return { status: 200, body: await whole(call, actor, await roomOf(call, actor)) }
}

async function openPrivate(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { directory } = call
  const peer = await readPerson(await content(call), 'other_user_id', { actor, directory })
  if (peer.number === actor.number) throw new Refused('invalid_input', { detail: 'Cannot create private chat with yourself.' })
  const { room, created } = await call.call(actor, 'rooms.direct', { user: peer.id })
  return { status: created ? 201 : 200, body: await whole(call, actor, room) }
}

async function makeGroup(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { directory } = call
  const { name, members } = await readGroup(await content(call), { actor, directory })
  const ids = members.map((person) => person.id)
  const first = ids.slice(0, limits.initial_members)
  const { room } = await call.call(actor, 'rooms.create', { ...equals, title: name, members: first })
  for (const user of ids.slice(first.length)) await patiently(call, () => call.call(actor, 'members.add', { room: room.id, user }))
  return { status: 201, body: await whole(call, actor, room) }
}

async function add(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { room, person } = await memberAsked(call, actor, 'Cannot add members to a private chat.')
  await call.call(actor, 'members.add', { room: room.id, user: person.id })
  return { status: 200, body: await whole(call, actor, room) }
}

async function remove(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { room, person } = await memberAsked(call, actor, 'Cannot remove members from a private chat.')
  // Who leaves sees the chat for the last time.
  const before = await whole(call, actor, room)
  try {
    await call.call(actor, 'members.remove', { room: room.id, user: person.id })
  } catch (error) {
    // Whoever is no member is removed already.
    if (!(error instanceof ChatError) || error.code !== 'not_found') throw error
  }
  const body =
    person.number === actor.number
      ? { ...before, members: before.members.filter((member) => member.id !== actor.number) }
      : await whole(call, actor, room)
  return { status: 200, body }
}

/** The chat of the path and the person of `user_id`, in the order in which the original looks for what is wrong. */
async function memberAsked(call: RestCall, actor: Actor, inPrivate: string): Promise<{ room: Room; person: Listed }> {
  const room = await roomOf(call, actor)
  if (room.kind === 'direct') throw new Refused('invalid_input', { detail: inPrivate })
  const value = fieldReader(await content(call))('user_id')
  if (value === undefined || value === null || value === '' || value === 0 || value === false)
    throw new Refused('invalid_input', { detail: 'user_id is required.' })
  const number = wholeNumber(value)
  const [person] = number === null ? [] : await call.directory.people(actor, [number])
  if (person === undefined) throw new Refused('not_found', { detail: 'User not found.' })
  return { room, person }
}

async function messages(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const print = async (page: readonly Message[]) => page.map(await printer(call, actor, page))
  return await inside(wholeHistory({ call, actor, room: chatId(call), print }))
}

async function send(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const room = chatId(call)
  await inside(call.call(actor, 'rooms.get', { room }))
  const text = readTexts(await content(call), [{ name: 'content', check: (typed) => atMost(typed, limits.content_chars) }]).get('content')
  const { message } = await inside(call.call(actor, 'messages.send', { room, content: text ?? '' }))
  const print = await printer(call, actor, [message])
  return { status: 201, body: print(message) }
}

/** Messages of a chat that is not one's own are forbidden, whether there is such a chat or not. */
async function inside<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof ChatError && error.code === 'not_found' ? new ChatError('forbidden') : error
  }
}
