import { ChatError, type Fault, type InputOf, type Message, type OutputOf } from '@parlance/protocol'
import { messageView } from '../live/message-view.ts'
import { may } from '../rules/permissions.ts'
import { historyPage, isWithin } from '../rules/visibility.ts'
import type { MessageRow } from '../store/rows.ts'
import type { Actor, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { checkBody, createDrafts, type Drafts } from './parts/drafts.ts'
import { messageState } from './parts/neutral.ts'
import { createSending } from './parts/sending.ts'
import type { Seen } from './refs.ts'

const pageSize = 50

type Taken = Pick<Deps, 'store' | 'clock' | 'newId' | 'digest' | 'refs' | 'reach' | 'views' | 'people' | 'emit' | 'lanes'>

export function createMessages(deps: Taken): Pick<Handlers, `messages.${'send' | 'list' | 'get' | 'edit' | 'delete'}`> {
  const { refs, views, lanes } = deps
  const drafts = createDrafts(deps)
  const sending = createSending({ ...deps, drafts })

  return {
    async 'messages.send'(call, input) {
      const sender = { actor: actorOf(call), input, lane: call.lane, addressee: call.addressee ?? null }
      const atOnce = lanes.isFree(call.lane) ? sending.begin(sender) : null
      return await sending.finish(atOnce ?? (await lanes.inTurn(call.lane, () => sending.prepare(sender))))
    },

    'messages.list': (call, input) => list(deps, actorOf(call), input),

    async 'messages.get'(call, { room, message }) {
      const actor = actorOf(call)
      const seen = await refs.see(actor, room)
      const [view] = await views.messages(seen.room.id, [await visible(deps, actor, { seen, message })])
      if (view === undefined) throw new Error('a message without a view')
      return view
    },

    'messages.edit': (call, input) => lanes.inTurn(call.lane, () => edit(deps, drafts, { actor: actorOf(call), input })),

    'messages.delete': (call, input) =>
      lanes.inTurn(call.lane, async () => {
        await remove(deps, actorOf(call), input)
        return null
      }),
  }
}

/** A message that the reader may see. */
async function visible({ store, reach }: Taken, reader: Actor, { seen, message }: { seen: Seen; message: string }): Promise<MessageRow> {
  const row = await store.messages.byId(seen.room.number, message)
  if (row === undefined || !isWithin(await reach.ordinals(reader.number, seen), row.n)) throw new ChatError('not_found')
  return row
}

async function list(
  { store, refs, reach, views }: Taken,
  actor: Actor,
  input: InputOf<'messages.list'>,
): Promise<OutputOf<'messages.list'>> {
  const { before, after, around, limit = pageSize } = input
  if ([before, after, around].filter((bound) => bound !== undefined).length > 1)
    throw new ChatError('invalid_input', { errors: [boundsFault] })
  const seen = await refs.see(actor, input.room)
  const { spans, moreBefore, moreAfter } = historyPage(await reach.ordinals(actor.number, seen), { before, after, around, limit })
  const parts = await Promise.all(
    spans.map((span) => store.messages.range(seen.room.number, { from: span.after + 1, to: span.upto }, { limit, end: 'oldest' })),
  )
  return { items: await views.messages(seen.room.id, parts.flat()), more_before: moreBefore, more_after: moreAfter }
}

const boundsFault: Fault = { path: '', code: 'exclusive', message: 'Give one of before, after and around at most.' }

type Edit = { actor: Actor; input: InputOf<'messages.edit'> }

async function edit(deps: Taken, drafts: Drafts, { actor, input }: Edit): Promise<Message> {
  const { store, clock, refs, emit } = deps
  const { room: ref, message, content, mentions: named, mention_all: mentionAll } = input
  const { meta } = checkBody(input)
  const changes = {
    ...(content !== undefined && { content }),
    ...(mentionAll !== undefined && { mentionAll }),
    ...(meta !== undefined && { meta }),
  }
  if (named === undefined && Object.keys(changes).length === 0) throw new ChatError('invalid_input', { errors: [nothingFault] })
  const { seen, outcome } = await refs.change(actor, ref, async (seen) => {
    const row = await visible(deps, actor, { seen, message })
    if (row.sender !== actor.number || seen.member === undefined || !may(seen.standing, 'post')) throw new ChatError('forbidden')
    if (row.deleted_at !== null) throw new ChatError('message_deleted')
    const mentions = named === undefined ? {} : { mentions: await drafts.mentions(actor, seen, named) }
    const change = { room: seen.room.number, message, by: actor.number, acl: seen.room.acl, at: clock.now() }
    return await store.queue.write('messages.edit', { ...change, ...changes, ...mentions })
  })
  if (outcome.status === 'deleted') throw new ChatError('message_deleted')
  if (outcome.status === 'gone') throw new ChatError('not_found')
  const [state] = await deps.views.states([outcome.message])
  if (state === undefined) throw new Error('an edited message without its state')
  const { key } = seen.standing.room
  emit.room(outcome.events, { key, person: () => state.sender, message: () => state, sharedAfter: await sharedNow(deps, seen) })
  return messageView(key.id, state)
}

const nothingFault: Fault = { path: '', code: 'required', message: 'Give at least one field to change.' }

/**
 * Messages behind this ordinal every present member may see. A join leaves verdicts valid, so one may have been written between the
 * judgement and the edit: where history is hidden, the answer must be of after it.
 */
async function sharedNow({ store }: Taken, { room }: Seen): Promise<number> {
  if (room.policy.history === 'open') return 0
  return (await store.rooms.byNumber(room.number))?.shared_n ?? room.last_n
}

async function remove(deps: Taken, actor: Actor, input: InputOf<'messages.delete'>): Promise<void> {
  const { store, clock, refs, people, emit } = deps
  const { seen, outcome } = await refs.change(actor, input.room, async (seen) => {
    const row = await visible(deps, actor, { seen, message: input.message })
    if (row.sender !== actor.number && !may(seen.standing, 'moderate')) throw new ChatError('forbidden')
    if (row.deleted_at !== null) return { status: 'unchanged' as const }
    const change = { room: seen.room.number, by: actor.number, acl: seen.room.acl, at: clock.now() }
    return await store.queue.write('messages.delete', { ...change, message: input.message })
  })
  if (outcome.status === 'gone') throw new ChatError('not_found')
  if (outcome.status === 'unchanged') return
  const person = await people.load([actor.number, outcome.message.sender])
  const state = messageState(outcome.message, person(outcome.message.sender), null)
  emit.room(outcome.events, { key: seen.standing.room.key, person, message: () => state, sharedAfter: 0 })
}
