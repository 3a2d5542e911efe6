import { ChatError, type Fault, type InputOf, limits, type Message, type OutputOf, type Role, type Room } from '@parlance/protocol'
import { metaFault, packMeta } from '../rules/bounds.ts'
import { may } from '../rules/permissions.ts'
import { directPolicy, isReservedName, policyFor } from '../rules/room-kinds.ts'
import type { RoomRow } from '../store/rows.ts'
import type { Actor, Deps, Handlers } from './deps.ts'
import { withoutMessages } from './emit.ts'
import { actorOf } from './parts/actor.ts'
import { numberCursors, textCursors } from './parts/cursors.ts'
import { noDigest } from './parts/digests.ts'
import { among } from './parts/people.ts'
import { demand } from './parts/standings.ts'
import { keyOf, settingsOf } from './views.ts'

const listCursors = numberCursors('rooms')
const browseCursors = numberCursors('public-rooms')
const indexCursors = textCursors('room-index')
/** How old a remembered standing may be where nothing is written that the store would check (ms). */
const recently = 1000

type Taken = Pick<Deps, 'store' | 'clock' | 'newId' | 'digest' | 'refs' | 'views' | 'emit' | 'lanes' | 'membership' | 'marking' | 'purge'>
type Create = InputOf<'rooms.create'>
type Names =
  | `rooms.${'create' | 'update' | 'archive' | 'unarchive' | 'delete' | 'direct' | 'list' | 'browse' | 'index' | 'get'}`
  | `rooms.${'join' | 'leave' | 'read' | 'typing'}`

export function createRooms(deps: Taken): Pick<Handlers, Names> {
  const { refs, views, lanes, membership } = deps
  return {
    'rooms.create': (call, input) => lanes.inTurn(call.lane, () => create(deps, actorOf(call), input)),
    'rooms.update': (call, input) => lanes.inTurn(call.lane, () => update(deps, actorOf(call), input)),
    'rooms.direct': (call, { user }) => lanes.inTurn(call.lane, () => direct(deps, actorOf(call), user)),
    'rooms.list': (call, input) => list(deps, actorOf(call), input),
    'rooms.browse': (call, input) => browse(deps, actorOf(call), input),
    'rooms.index': ({ actor }, input) => index(deps, actor, input),
    'rooms.read': (call, input) => read(deps, actorOf(call), input),
    'rooms.typing': (call, input) => typing(deps, actorOf(call), input),

    async 'rooms.get'(call, { room }) {
      const actor = actorOf(call)
      return await views.room(actor.number, await refs.see(actor, room))
    },

    'rooms.archive': (call, { room }) => lanes.inTurn(call.lane, () => archive(deps, actorOf(call), { room, archived: true })),
    'rooms.unarchive': (call, { room }) => lanes.inTurn(call.lane, () => archive(deps, actorOf(call), { room, archived: false })),

    'rooms.delete': (call, { room }) =>
      lanes.inTurn(call.lane, async () => {
        await remove(deps, actorOf(call), room)
        return null
      }),

    'rooms.join': (call, { room }) =>
      lanes.inTurn(call.lane, async () => {
        const actor = actorOf(call)
        const { seen } = await membership.enter({
          room,
          by: actor,
          role: 'member',
          whom({ standing }) {
            demand(standing, 'join')
            return Promise.resolve(actor)
          },
        })
        return await viewNow(deps, actor, seen.room)
      }),

    'rooms.leave': (call, { room }) =>
      lanes.inTurn(call.lane, async () => {
        const actor = actorOf(call)
        await membership.depart({ room, by: actor, whom: () => Promise.resolve(actor) })
        return null
      }),
  }
}

async function create(deps: Taken, actor: Actor, input: Create): Promise<{ room: Room; dup: boolean }> {
  const { store, clock, refs, emit } = deps
  const { kind, ownerless = false, cid = null } = input
  const chosen = policyFor({ kind, ownerless, wish: input.policy ?? {} })
  const faults = [...createFaults(input), ...('faults' in chosen ? chosen.faults : [])]
  if ('faults' in chosen || faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
  const named = await refs.users(actor, input.members ?? [])
  const missing = named.indexOf(undefined)
  if (missing >= 0) throw new ChatError('not_found', { detail: `There is no such user: ${input.members?.[missing]}` })
  const people = [actor, ...named.filter((user) => user !== undefined)]
  const members = new Set(people.map(({ number }) => number))
  members.delete(actor.number)
  const { name = null, title = null, description = null, meta = null } = input
  const room = { id: deps.newId(), kind, name, title, description, meta, policy: chosen.policy, created_at: clock.now() }
  const outcome = await store.queue.write('rooms.create', {
    room: { ...room, creator: actor.number, creatorRole: creatorRole(input), members: [...members], userRooms: limits.user_rooms },
    cid,
    digest: cid === null ? noDigest : deps.digest({ ...input, cid: undefined }),
  })
  if (!('room' in outcome)) throw new ChatError(outcome.status === 'conflict' ? 'cid_conflict' : outcome.status)
  if (outcome.status === 'created') {
    emit.room(outcome.events, withoutMessages(keyOf(outcome.room), among(people)))
    emit.user(outcome.userEvents, keyOf(outcome.room))
    emit.named(keyOf(outcome.room), true)
  }
  return { room: await viewNow(deps, actor, outcome.room), dup: outcome.status === 'known' }
}

/** Where nobody owns the room its maker is one of the members of a group, and of a public room not even that. */
function creatorRole({ kind, ownerless = false }: Create): Role | null {
  if (!ownerless) return 'owner'
  return kind === 'group' ? 'member' : null
}

function createFaults({ kind, name, meta }: Create): Fault[] {
  const faults: Fault[] = []
  if (kind === 'public' && name === undefined) faults.push(unnamedFault)
  if (name !== undefined && isReservedName(name)) faults.push(reservedFault)
  if (meta !== undefined && packMeta(meta) === null) faults.push(metaFault)
  return faults
}

async function update(deps: Taken, actor: Actor, { room: ref, policy: wish, ...fields }: InputOf<'rooms.update'>): Promise<Room> {
  const { store, clock, refs, emit } = deps
  const { seen, outcome } = await refs.change(actor, ref, async ({ room, standing }) => {
    const managed = Object.keys(fields).length > 0
    // Who could change nothing anyway hears that first, and not that nothing was given.
    if (managed || wish === undefined) demand(standing, 'manage')
    if (wish !== undefined) demand(standing, 'govern')
    if (room.kind === 'direct') throw new ChatError('forbidden')
    // Where only the owner changes the policy there is one.
    const chosen = policyFor({ kind: room.kind, ownerless: false, wish: wish ?? {}, present: room.policy })
    const faults = [...updateFaults(room, fields), ...('faults' in chosen ? chosen.faults : [])]
    if (!managed && wish === undefined) faults.push(nothingFault)
    if ('faults' in chosen || faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
    const change = { room: room.number, by: actor.number, acl: room.acl, at: clock.now() }
    return await store.queue.write('rooms.update', { ...change, ...fields, ...(wish !== undefined && { policy: chosen.policy }) })
  })
  if (outcome.status === 'name_taken') throw new ChatError('name_taken')
  const { room } = outcome
  emit.room(outcome.events, { ...withoutMessages(keyOf(room), among([actor])), settings: settingsOf(room) })
  if (fields.name !== undefined && room.name !== seen.room.name) emit.named(keyOf(room), false)
  return await deps.views.room(actor.number, { room, member: seen.member })
}

function updateFaults({ kind }: RoomRow, { name, meta }: Omit<InputOf<'rooms.update'>, 'room'>): Fault[] {
  const faults: Fault[] = []
  if (kind === 'public' && name === null) faults.push(unnamedFault)
  if (name && isReservedName(name)) faults.push(reservedFault)
  if (meta && packMeta(meta) === null) faults.push(metaFault)
  return faults
}

const unnamedFault: Fault = { path: '/name', code: 'required', message: 'A public room needs a name.' }
const reservedFault: Fault = { path: '/name', code: 'reserved', message: 'Names that begin with dm_ are reserved.' }
const nothingFault: Fault = { path: '', code: 'required', message: 'Give at least one field to change.' }

async function archive(deps: Taken, actor: Actor, { room: ref, archived }: { room: string; archived: boolean }): Promise<Room> {
  const { store, clock, refs, emit } = deps
  const { seen, outcome } = await refs.change(actor, ref, async ({ room, standing }) => {
    demand(standing, 'manage')
    return await store.queue.write('rooms.update', { room: room.number, by: actor.number, acl: room.acl, at: clock.now(), archived })
  })
  if (outcome.status === 'name_taken') throw new Error('an archive names no room')
  const { room } = outcome
  emit.room(outcome.events, { ...withoutMessages(keyOf(room), among([actor])), settings: settingsOf(room) })
  return await deps.views.room(actor.number, { room, member: seen.member })
}

async function remove({ store, clock, refs, emit, purge }: Taken, actor: Actor, ref: string): Promise<void> {
  const { outcome } = await refs.change(actor, ref, async ({ room, standing }) => {
    demand(standing, 'govern')
    return await store.queue.write('rooms.delete', { room: room.number, by: actor.number, acl: room.acl, at: clock.now() })
  })
  emit.room(outcome.events, withoutMessages(keyOf(outcome.room), among([actor])))
  purge.room(outcome.room.number)
}

async function direct(deps: Taken, actor: Actor, user: string): Promise<OutputOf<'rooms.direct'>> {
  const { store, clock, refs, emit } = deps
  const peer = await refs.user(actor, user)
  const outcome = await store.queue.write('rooms.direct', {
    id: deps.newId(),
    a: Math.min(actor.number, peer.number),
    b: Math.max(actor.number, peer.number),
    policy: directPolicy,
    creator: actor.number,
    userRooms: limits.user_rooms,
    at: clock.now(),
  })
  if (outcome.status === 'too_many_rooms') throw new ChatError('too_many_rooms')
  if (outcome.status === 'created') {
    emit.room(outcome.events, withoutMessages(keyOf(outcome.room), among([actor, peer])))
    emit.user(outcome.userEvents, keyOf(outcome.room))
  }
  return { room: await viewNow(deps, actor, outcome.room), created: outcome.status === 'created' }
}

async function list({ store, views }: Taken, actor: Actor, input: InputOf<'rooms.list'>): Promise<OutputOf<'rooms.list'>> {
  const found = await store.members.ofUser(actor.number, listCursors.ask(input))
  const { rows, next } = listCursors.page(found, input, ({ member }) => member.number)
  // What came before one's join is not shown where history is hidden; of the present stay only, so that a list stays a list.
  const shown = rows.filter(({ room, member }) => room.last_n > Math.max(room.floor_n, room.policy.history === 'open' ? 0 : member.from_n))
  const [rooms, latest] = await Promise.all([
    views.rooms(actor.number, rows),
    views.latest(shown.map(({ room }) => ({ room, n: room.last_n }))),
  ])
  return { items: rooms.map((room, index) => ({ room, last_message: lastOf(latest, rows[index]?.room) })), next }
}

async function index({ store, views }: Taken, actor: Actor | null, input: InputOf<'rooms.index'>): Promise<OutputOf<'rooms.index'>> {
  const found = await store.rooms.index(actor === null ? ['anyone'] : ['users', 'anyone'], indexCursors.ask(input))
  const { rows, next } = indexCursors.page(found, input, ({ name }) => name ?? '')
  return { items: await entriesOf({ store, views }, actor, rows), next }
}

async function browse({ store, views }: Taken, actor: Actor, input: InputOf<'rooms.browse'>): Promise<OutputOf<'rooms.browse'>> {
  const found = await store.rooms.browse(input.query ?? '', browseCursors.ask(input))
  const { rows, next } = browseCursors.page(found, input, (room) => room.number)
  return { items: await entriesOf({ store, views }, actor, rows), next }
}

/** Rooms as somebody sees them who may be a member of some. */
async function entriesOf({ store, views }: Pick<Taken, 'store' | 'views'>, actor: Actor | null, rows: readonly RoomRow[]): Promise<Room[]> {
  const numbers = rows.map(({ number }) => number)
  const own = actor === null ? [] : await store.members.ofUserIn(actor.number, numbers)
  const stays = new Map(own.map((member) => [member.room, member]))
  return await views.rooms(
    actor?.number ?? nobody,
    rows.map((room) => ({ room, member: stays.get(room.number) })),
  )
}

/** A number that no user has. */
const nobody = 0

async function read({ refs, marking }: Taken, actor: Actor, { room, n }: InputOf<'rooms.read'>): Promise<OutputOf<'rooms.read'>> {
  const standing = refs.known(actor.number, room) ?? (await refs.see(actor, room)).standing
  const { key, large } = standing.room
  return await marking(actor, { key, large, n })
}

async function typing({ clock, refs, emit }: Taken, actor: Actor, { room, typing = true }: InputOf<'rooms.typing'>): Promise<null> {
  const known = refs.known(actor.number, room)
  const mayAtOnce = known !== undefined && clock.monotonic() - known.confirmedAt < recently && may(known, 'post')
  const standing = mayAtOnce ? known : (await refs.see(actor, room)).standing
  demand(standing, 'post')
  if (!standing.room.large) emit.typing(standing.room.key, actor, { typing, at: clock.now() })
  return null
}

/** The room as it is now: what was read before a write is of before it. */
async function viewNow({ refs, views }: Taken, actor: Actor, { id }: RoomRow): Promise<Room> {
  const seen = await refs.look(actor, id)
  if (seen === undefined) throw new Error(`room ${id} is gone`)
  return await views.room(actor.number, seen)
}

function lastOf(latest: ReadonlyMap<number, Message>, room: RoomRow | undefined): Message | null {
  return (room && latest.get(room.number)) ?? null
}
