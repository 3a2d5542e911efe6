import { ChatError, type InputOf, type JoinRequest, limits, type OutputOf } from '@parlance/protocol'
import { brief } from '../live/frames.ts'
import { timestamp } from '../live/timestamp.ts'
import { askRefusal } from '../rules/permissions.ts'
import type { RequestRow } from '../store/rows.ts'
import type { Actor, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { numberCursors } from './parts/cursors.ts'
import { noRequest } from './parts/membership.ts'
import { demand } from './parts/standings.ts'
import { memberView } from './views.ts'

const roomCursors = numberCursors('requests')
const ownCursors = numberCursors('my-requests')

type Taken = Pick<Deps, 'store' | 'clock' | 'refs' | 'people' | 'emit' | 'lanes' | 'membership'>
type Names = `requests.${'create' | 'withdraw' | 'list' | 'mine' | 'accept' | 'decline'}`

export function createRequests(deps: Taken): Pick<Handlers, Names> {
  const { store, refs, lanes } = deps
  return {
    'requests.create': (call, input) => lanes.inTurn(call.lane, () => create(deps, actorOf(call), input)),
    'requests.withdraw': (call, { room }) => lanes.inTurn(call.lane, () => withdraw(deps, actorOf(call), room)),
    'requests.accept': (call, input) => lanes.inTurn(call.lane, () => accept(deps, actorOf(call), input)),
    'requests.decline': (call, input) => lanes.inTurn(call.lane, () => decline(deps, actorOf(call), input)),

    async 'requests.list'(call, input) {
      const { room, standing } = await refs.see(actorOf(call), input.room)
      demand(standing, 'attend')
      const found = await store.requests.ofRoom(room.number, roomCursors.ask(input))
      const { rows, next } = roomCursors.page(found, input, ({ number }) => number)
      return { items: await views(deps, rows), next }
    },

    async 'requests.mine'(call, input) {
      const found = await store.requests.ofUser(actorOf(call).number, ownCursors.ask(input))
      const { rows, next } = ownCursors.page(found, input, ({ number }) => number)
      return { items: await views(deps, rows), next }
    },
  }
}

async function create(deps: Taken, actor: Actor, { room: ref, message }: InputOf<'requests.create'>): Promise<JoinRequest> {
  const { store, clock, refs, emit } = deps
  const bounds = { roomRequests: limits.room_requests, userRequests: limits.user_requests, told: limits.request_told }
  const { seen, outcome } = await refs.weighUnseen(actor, ref, async ({ room, standing }) => {
    const refused = askRefusal(standing)
    if (refused !== null) throw new ChatError(refused)
    const asking = { room: room.number, user: actor.number, message: message ?? null, acl: room.acl, at: clock.now() }
    return await store.queue.write('requests.open', { ...asking, ...bounds })
  })
  if (outcome.status === 'list_full') throw new ChatError('list_full')
  emit.user(outcome.userEvents, seen.standing.room.key)
  const [view] = await views(deps, [outcome.request])
  if (view === undefined) throw new Error('a request without a view')
  return view
}

async function withdraw({ store, clock, refs }: Taken, actor: Actor, ref: string): Promise<null> {
  // Whoever asked has no other way into the room, and needs none to take it back.
  const seen = await refs.look(actor, ref)
  if (seen === undefined) throw new ChatError('not_found')
  const outcome = await store.queue.write('requests.close', { room: seen.room.number, user: actor.number, acl: null, at: clock.now() })
  if (outcome.status !== 'closed') throw new ChatError('not_found')
  return null
}

async function accept(
  { store, refs, membership }: Taken,
  actor: Actor,
  { room, user }: InputOf<'requests.accept'>,
): Promise<OutputOf<'requests.accept'>> {
  const { seen, person, member } = await membership.enter({
    room,
    by: actor,
    role: 'member',
    requested: true,
    async whom({ standing }) {
      demand(standing, 'add')
      const [found] = await refs.users(actor, [user])
      if (found === undefined) throw noRequest()
      return found
    },
  })
  const row = await store.users.byNumber(person.number)
  if (row === undefined) throw new Error(`user ${person.number} is missing`)
  return memberView(seen.room, member, row)
}

async function decline({ store, clock, refs, emit }: Taken, actor: Actor, { room: ref, user }: InputOf<'requests.decline'>): Promise<null> {
  const { seen, outcome } = await refs.change(actor, ref, async ({ room, standing }) => {
    demand(standing, 'attend')
    const target = await refs.user(actor, user)
    return await store.queue.write('requests.close', { room: room.number, user: target.number, acl: room.acl, at: clock.now() })
  })
  if (outcome.status === 'absent') throw noRequest()
  emit.user(outcome.userEvents, seen.standing.room.key)
  return null
}

async function views({ store, people }: Taken, rows: readonly RequestRow[]): Promise<JoinRequest[]> {
  const rooms = await store.rooms.byNumbers([...new Set(rows.map(({ room }) => room))])
  const ids = new Map(rooms.map(({ number, id }) => [number, id]))
  const person = await people.load(rows.map(({ user }) => user))
  return rows.map(({ room, user, message, at }) => ({
    room: ids.get(room) ?? '',
    user: brief(person(user)),
    message,
    at: timestamp(at),
  }))
}
