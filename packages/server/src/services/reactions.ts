import { ChatError, type InputOf, type OutputOf } from '@parlance/protocol'
import { brief } from '../live/frames.ts'
import { timestamp } from '../live/timestamp.ts'
import type { Actor, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { numberCursors } from './parts/cursors.ts'
import { among } from './parts/people.ts'
import { visibleMessage } from './parts/seeing.ts'
import { demand } from './parts/standings.ts'

const listCursors = numberCursors('reactions')

type Taken = Pick<Deps, 'store' | 'clock' | 'refs' | 'reach' | 'people' | 'emit' | 'lanes'>

export function createReactions(deps: Taken): Pick<Handlers, `reactions.${'add' | 'remove' | 'list'}`> {
  const { lanes } = deps
  return {
    'reactions.add': (call, input) => lanes.inTurn(call.lane, () => react(deps, actorOf(call), { ...input, add: true })),
    'reactions.remove': (call, input) => lanes.inTurn(call.lane, () => react(deps, actorOf(call), { ...input, add: false })),
    'reactions.list': (call, input) => list(deps, actorOf(call), input),
  }
}

type Reaction = InputOf<'reactions.add'> & { add: boolean }

async function react(deps: Taken, actor: Actor, { room: ref, message, emoji, add }: Reaction): Promise<OutputOf<'reactions.add'>> {
  const { store, clock, refs, emit } = deps
  const { seen, outcome } = await refs.weigh(actor, ref, async (seen) => {
    await visibleMessage(deps, actor, { seen, message })
    // What is one's own may be taken back whatever became of the room.
    if (add) demand(seen.standing, 'react')
    else if (seen.member === undefined) throw new ChatError('forbidden')
    return await store.queue.react({ room: seen.room.number, user: actor.number, acl: seen.room.acl, message, emoji, add, at: clock.now() })
  })
  if (outcome.status === 'gone') throw new ChatError('not_found')
  if (!('rev' in outcome)) throw new ChatError(outcome.status === 'deleted' ? 'message_deleted' : outcome.status)
  if (outcome.status === 'changed') {
    const { key } = seen.standing.room
    emit.room(outcome.events, { key, person: among([actor]), message: () => ({ id: message }), sharedAfter: 0 })
  }
  return { rev: outcome.rev, emoji, count: outcome.count, mine: add }
}

async function list(deps: Taken, actor: Actor, input: InputOf<'reactions.list'>): Promise<OutputOf<'reactions.list'>> {
  const { store, refs, people } = deps
  const seen = await refs.see(actor, input.room)
  const { n } = await visibleMessage(deps, actor, { seen, message: input.message })
  const found = await store.reactions.of(seen.room.number, { n, emoji: input.emoji ?? null }, listCursors.ask(input))
  const { rows, next } = listCursors.page(found, input, ({ seq }) => seq)
  const person = await people.load(rows.map(({ user }) => user))
  return { items: rows.map(({ user, emoji, at }) => ({ user: brief(person(user)), emoji, at: timestamp(at) })), next }
}
