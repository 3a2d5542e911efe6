import { ChatError, type InputOf, limits, type OutputOf, type Sanction } from '@parlance/protocol'
import type { Person } from '../live/bus.ts'
import { brief } from '../live/frames.ts'
import { timestamp } from '../live/timestamp.ts'
import { mayBan, mayMute } from '../rules/permissions.ts'
import type { SanctionRow } from '../store/rows.ts'
import type { Actor, Deps, Handlers } from './deps.ts'
import { withoutMessages } from './emit.ts'
import { actorOf } from './parts/actor.ts'
import { type Cursors, numberCursors } from './parts/cursors.ts'
import { among } from './parts/people.ts'
import { demand } from './parts/standings.ts'

type Kind = SanctionRow['kind']
type Taken = Pick<Deps, 'store' | 'clock' | 'refs' | 'people' | 'emit' | 'lanes'>

/** The store has one table for both, and a list for each. */
const cursors: Record<Kind, Cursors<number>> = { ban: numberCursors('bans'), mute: numberCursors('mutes') }
const rules = { ban: mayBan, mute: mayMute }

export function createSanctions(deps: Taken): Pick<Handlers, `${'bans' | 'mutes'}.${'set' | 'lift' | 'list'}`> {
  const { lanes } = deps
  return {
    'bans.set': (call, input) => lanes.inTurn(call.lane, () => set(deps, actorOf(call), { ...input, kind: 'ban' })),
    'bans.lift': (call, input) => lanes.inTurn(call.lane, () => lift(deps, actorOf(call), { ...input, kind: 'ban' })),
    'bans.list': (call, input) => list(deps, actorOf(call), { ...input, kind: 'ban' }),
    'mutes.set': (call, input) => lanes.inTurn(call.lane, () => set(deps, actorOf(call), { ...input, kind: 'mute' })),
    'mutes.lift': (call, input) => lanes.inTurn(call.lane, () => lift(deps, actorOf(call), { ...input, kind: 'mute' })),
    'mutes.list': (call, input) => list(deps, actorOf(call), { ...input, kind: 'mute' }),
  }
}

async function set(
  { store, clock, refs, people, emit }: Taken,
  actor: Actor,
  { room: ref, user, reason, for_s, kind }: InputOf<'bans.set'> & { kind: Kind },
): Promise<Sanction> {
  const at = clock.now()
  const until = for_s === undefined ? null : at + for_s * 1000
  let target = actor.number
  const { seen, outcome } = await refs.change(actor, ref, async ({ room, standing }) => {
    // Who may not do it at all learns nothing of users this way.
    demand(standing, 'moderate')
    target = (await refs.user(actor, user)).number
    const role = (await store.members.one(room.number, target))?.role ?? null
    if (!rules[kind](standing, role)) throw new ChatError('forbidden')
    const change = { room: room.number, by: actor.number, acl: room.acl, at }
    const terms = { user: target, kind, reason: reason ?? null, until, target: role, atMost: limits.room_sanctions }
    return await store.queue.write('sanctions.set', { ...change, ...terms })
  })
  if (outcome.status === 'list_full') throw new ChatError('list_full')
  const { key } = seen.standing.room
  const person = await people.load([actor.number, target, outcome.sanction.by])
  emit.room(outcome.events, withoutMessages(key, person))
  emit.user(outcome.userEvents, key)
  return view(outcome.sanction, person)
}

async function lift(
  { store, clock, refs, emit }: Taken,
  actor: Actor,
  { room: ref, user, kind }: InputOf<'bans.lift'> & { kind: Kind },
): Promise<null> {
  let target: Person = actor
  const { seen, outcome } = await refs.change(actor, ref, async ({ room, standing }) => {
    demand(standing, 'moderate')
    target = await refs.user(actor, user)
    const role = (await store.members.one(room.number, target.number))?.role ?? null
    if (!rules[kind](standing, role)) throw new ChatError('forbidden')
    const change = { room: room.number, by: actor.number, acl: room.acl, at: clock.now() }
    return await store.queue.write('sanctions.lift', { ...change, user: target.number, kind })
  })
  if (outcome.status === 'absent') throw new ChatError('not_found', { detail: 'There is nothing to lift.' })
  emit.room(outcome.events, withoutMessages(seen.standing.room.key, among([actor, target])))
  return null
}

async function list(
  { store, clock, refs, people }: Taken,
  actor: Actor,
  { room: ref, kind, ...input }: InputOf<'bans.list'> & { kind: Kind },
): Promise<OutputOf<'bans.list'>> {
  const { room, standing } = await refs.see(actor, ref)
  demand(standing, 'moderate')
  const found = await store.sanctions.list(room.number, kind, { ...cursors[kind].ask(input), at: clock.now() })
  const { rows, next } = cursors[kind].page(found, input, ({ number }) => number)
  const person = await people.load(rows.flatMap(({ user, by }) => [user, by]))
  return { items: rows.map((row) => view(row, person)), next }
}

function view({ user, by, reason, at, until }: SanctionRow, person: (number: number) => Person): Sanction {
  const named = (number: number) => brief(person(number))
  return { user: named(user), by: named(by), reason, at: timestamp(at), until: until === null ? null : timestamp(until) }
}
