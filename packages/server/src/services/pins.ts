import { ChatError, type InputOf, limits, type Message } from '@parlance/protocol'
import { isWithin } from '../rules/visibility.ts'
import type { Actor, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { among } from './parts/people.ts'
import { visibleMessage } from './parts/seeing.ts'
import { demand } from './parts/standings.ts'

type Taken = Pick<Deps, 'store' | 'clock' | 'refs' | 'reach' | 'views' | 'emit' | 'lanes'>

export function createPins(deps: Taken): Pick<Handlers, `pins.${'add' | 'remove' | 'list'}`> {
  const { store, refs, reach, views, lanes } = deps
  return {
    'pins.add': (call, input) => lanes.inTurn(call.lane, () => pin(deps, actorOf(call), { ...input, pinned: true })),
    'pins.remove': (call, input) => lanes.inTurn(call.lane, () => pin(deps, actorOf(call), { ...input, pinned: false })),

    async 'pins.list'(call, { room }) {
      const actor = actorOf(call)
      const seen = await refs.see(actor, room)
      const visible = await reach.ordinals(actor.number, seen)
      const rows = (await store.messages.pinned(seen.room.number, limits.pins)).filter(({ n }) => isWithin(visible, n))
      return { items: await views.messages(seen.room.id, rows, actor.number) }
    },
  }
}

type Pin = InputOf<'pins.add'> & { pinned: boolean }

async function pin(deps: Taken, actor: Actor, { room, message, pinned }: Pin): Promise<Message> {
  const { store, clock, refs, views, emit } = deps
  const { seen, outcome } = await refs.change(actor, room, async (seen) => {
    await visibleMessage(deps, actor, { seen, message })
    demand(seen.standing, 'pin')
    const change = { room: seen.room.number, message, by: actor.number, acl: seen.room.acl, at: clock.now() }
    return await store.queue.write('messages.pin', { ...change, pinned, pins: limits.pins })
  })
  if (outcome.status === 'gone') throw new ChatError('not_found')
  if (!('message' in outcome)) throw new ChatError(outcome.status === 'deleted' ? 'message_deleted' : outcome.status)
  if (outcome.status === 'changed') {
    const { key } = seen.standing.room
    emit.room(outcome.events, { key, person: among([actor]), message: () => ({ id: message }), sharedAfter: 0 })
  }
  return await views.message(seen.room.id, outcome.message, actor.number)
}
