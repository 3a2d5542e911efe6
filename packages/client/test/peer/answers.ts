import { ChatError, type InputOf, type OperationName, type OutputOf, type Policy, type Room } from '@parlance/protocol'
import { brief, type Hall, type Person, type World } from './world.ts'

/** What tests of the client ask for; accounts are the door's business: it knows the tokens. */
export type Answers = { [N in Exclude<OperationName, `accounts.${string}`>]?: (me: Person, input: InputOf<N>) => OutputOf<N> }

const policy: Policy = {
  read: 'members',
  join: 'nobody',
  post: 'members',
  add: 'members',
  remove: 'admins',
  manage: 'owner',
  history: 'open',
  listed: 'members',
}

/** The operations of the catalog, as far as a client can tell them from the real ones. */
export const answersOf = (world: World): Answers => ({
  'users.get': (me, { user }) => userOf(world.person(me, user)),
  'users.search': (_, { query = '' }) => ({
    items: [...world.people.values()].filter(({ username }) => username.includes(query)).map((person) => userOf(person)),
    next: null,
  }),
  // There are no admins here.
  'users.suspend': () => refuse(),
  'users.restore': () => refuse(),
  'rooms.create': (me, { kind, name, title, members = [] }) => {
    if (name !== undefined && [...world.halls.values()].some((other) => other.name === name)) throw new ChatError('name_taken')
    const hall = world.addHall(me, kind, { ...(name !== undefined && { name }), ...(title !== undefined && { title }) })
    for (const ref of members) world.join(hall, world.person(me, ref))
    return { room: roomOf(world, hall, me), dup: false }
  },
  'rooms.direct': (me, { user }) => {
    const other = world.person(me, user)
    const pair = [...world.halls.values()].find(({ kind, members }) => kind === 'direct' && members.has(me.id) && members.has(other.id))
    if (pair !== undefined) return { room: roomOf(world, pair, me), created: false }
    const hall = world.addHall(me, 'direct')
    world.join(hall, other)
    return { room: roomOf(world, hall, me), created: true }
  },
  'rooms.list': (me) => ({
    items: [...world.halls.values()]
      .filter(({ members }) => members.has(me.id))
      .map((hall) => ({ room: roomOf(world, hall, me), last_message: hall.messages.at(-1) ?? null })),
    next: null,
  }),
  'rooms.browse': (me) => ({
    items: [...world.halls.values()].filter(({ kind }) => kind === 'public').map((hall) => roomOf(world, hall, me)),
    next: null,
  }),
  'rooms.get': (me, { room }) => roomOf(world, world.hall(me, room), me),
  'rooms.join': (me, { room }) => {
    const hall = world.hall(me, room)
    world.join(hall, me)
    return roomOf(world, hall, me)
  },
  'rooms.leave': (me, { room }) => {
    world.leave(world.hall(me, room), me)
    return null
  },
  'rooms.read': (me, { room, n }) => {
    const hall = world.hall(me, room)
    const member = hall.members.get(me.id)
    if (member === undefined) throw new ChatError('forbidden')
    member.read = Math.max(member.read, Math.min(n, hall.messages.length))
    world.fact(me, { uev: 'room.read', data: { room: hall.id, read: member.read } })
    world.tell({ to: hall, from: brief(me), read: member.read })
    return { read: member.read, unread: hall.messages.length - member.read }
  },
  'rooms.typing': (me, { room, typing = true }) => {
    world.tell({ to: world.hall(me, room), from: brief(me), typing })
    return null
  },
  'rooms.events': (me, { room, after, limit = 200 }) => {
    const hall = world.hall(me, room)
    const upto = Math.min(hall.log.length, after + limit)
    return { room: hall.id, after, upto: Math.max(after, upto), floor: 0, events: world.eventsOf(hall, after, upto) }
  },
  'me.events': (me, { after }) => ({ after, upto: Math.max(after, me.useq), events: me.facts.filter(({ useq }) => useq > after) }),
  'members.list': (me, { room }) => ({
    items: [...world.hall(me, room).members].map(([id, { role, read }]) => ({
      user: userOf(world.person(me, id)),
      role,
      joined_at: world.now,
      read,
    })),
    next: null,
  }),
  'members.add': (me, { room, user }) => {
    const person = world.person(me, user)
    world.join(world.hall(me, room), person)
    return { user: userOf(person), role: 'member', joined_at: world.now, read: 0 }
  },
  'members.update': () => {
    throw new ChatError('forbidden')
  },
  'members.remove': (me, { room, user }) => {
    world.leave(world.hall(me, room), world.person(me, user))
    return null
  },
  'messages.send': (me, { room, content, cid, reply_to }) => {
    const hall = world.hall(me, room)
    if (hall.kind === 'public') world.join(hall, me)
    return world.say(hall, me, { content, ...(cid !== undefined && { cid }), ...(reply_to !== undefined && { reply_to }) })
  },
  'messages.list': (me, { room, before, limit = 50 }) => {
    const { messages } = world.hall(me, room)
    const end = before === undefined ? messages.length : Math.min(messages.length, before - 1)
    const start = Math.max(0, end - limit)
    return { items: messages.slice(start, end), more_before: start > 0, more_after: end < messages.length }
  },
  'messages.get': (me, { room, message }) => world.message(world.hall(me, room), message),
  'messages.edit': (me, { room, message, content }) => {
    const hall = world.hall(me, room)
    const found = world.message(hall, message)
    if (found.sender.id !== me.id) throw new ChatError('forbidden')
    return world.replace(hall, { ...found, content: content ?? found.content, rev: hall.log.length + 1, edited_at: world.now }, 'edited')
  },
  'messages.delete': (me, { room, message }) => {
    const hall = world.hall(me, room)
    const found = world.message(hall, message)
    if (found.sender.id !== me.id) throw new ChatError('forbidden')
    world.replace(hall, { ...found, content: '', rev: hall.log.length + 1, deleted_at: world.now }, 'deleted')
    return null
  },
  'presence.get': (_, { users }) => ({ items: users.map((user) => ({ user, status: 'unknown' as const })) }),
  'rooms.index': () => ({ items: [], next: null }),
  'presence.here': () => ({ items: [] }),
})

function refuse(): never {
  throw new ChatError('forbidden')
}

function userOf({ id, username }: Person): OutputOf<'users.get'> {
  return { id, username, first_name: '', last_name: '' }
}

function roomOf(world: World, hall: Hall, me: Person): Room {
  const { id, kind, name, title, creator, members, log, messages } = hall
  const mine = members.get(me.id)
  const other = [...members.keys()].find((member) => member !== me.id)
  const peer = kind === 'direct' ? brief(world.person(me, other ?? me.id)) : null
  const stay = mine && { role: mine.role, joined_at: world.now, read: mine.read, unread: messages.length - mine.read }
  const state = { description: null, meta: null, policy, archived: false, slow_mode_s: 0, ttl_s: null, floor_seq: 0, floor_n: 0 }
  const counts = { seq: log.length, n: messages.length, members: members.size, large: false, me: stay ?? null }
  return { id, kind, name, title, ...state, creator, peer, created_at: world.now, ...counts }
}
