import { ChatError, type Fault, type InputOf, limits, type Message, type OutputOf } from '@parlance/protocol'
import { brief } from '../live/frames.ts'
import { timestamp } from '../live/timestamp.ts'
import { may } from '../rules/permissions.ts'
import { historyPage, isWithin } from '../rules/visibility.ts'
import type { Actor, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { numberCursors } from './parts/cursors.ts'
import { checkBody, createDrafts, type Drafts } from './parts/drafts.ts'
import { visibleMessage } from './parts/seeing.ts'
import { type Copy, createSending } from './parts/sending.ts'
import { demand } from './parts/standings.ts'
import type { Seen } from './refs.ts'

const pageSize = 50
const threadCursors = numberCursors('thread')

type Taken = Pick<Deps, 'store' | 'clock' | 'newId' | 'digest' | 'refs' | 'reach' | 'views' | 'people' | 'emit' | 'lanes' | 'marking'>
type Names = `messages.${'send' | 'list' | 'get' | 'edit' | 'delete' | 'forward' | 'thread' | 'read' | 'reads'}`

export function createMessages(deps: Taken): Pick<Handlers, Names> {
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
      return await views.message(seen.room.id, await visibleMessage(deps, actor, { seen, message }), actor.number)
    },

    'messages.edit': (call, input) => lanes.inTurn(call.lane, () => edit(deps, drafts, { actor: actorOf(call), input })),

    'messages.delete': (call, input) =>
      lanes.inTurn(call.lane, async () => {
        await remove(deps, actorOf(call), input)
        return null
      }),

    async 'messages.forward'(call, { room, message, to, cid }) {
      const actor = actorOf(call)
      const queued = await lanes.inTurn(call.lane, async () => {
        const { copy, body } = await copyOf(deps, actor, { room, message })
        const draft = { room: to, ...body, ...(cid !== undefined && { cid }) }
        return await sending.prepare({ actor, input: draft, lane: call.lane, addressee: call.addressee ?? null, copy })
      })
      return await sending.finish(queued)
    },

    'messages.thread': (call, input) => thread(deps, actorOf(call), input),
    'messages.read': (call, input) => read(deps, actorOf(call), input),
    'messages.reads': (call, input) => reads(deps, actorOf(call), input),
  }
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
  return { items: await views.messages(seen.room.id, parts.flat(), actor.number), more_before: moreBefore, more_after: moreAfter }
}

const boundsFault: Fault = { path: '', code: 'exclusive', message: 'Give one of before, after and around at most.' }

type Edit = { actor: Actor; input: InputOf<'messages.edit'> }

async function edit(deps: Taken, drafts: Drafts, { actor, input }: Edit): Promise<Message> {
  const { store, clock, refs, views, emit } = deps
  const { room: ref, message, content, mentions: named, mention_all: mentionAll } = input
  const { meta } = checkBody(input)
  const changes = {
    ...(content !== undefined && { content }),
    ...(mentionAll !== undefined && { mentionAll }),
    ...(meta !== undefined && { meta }),
  }
  if (named === undefined && Object.keys(changes).length === 0) throw new ChatError('invalid_input', { errors: [nothingFault] })
  const { seen, outcome } = await refs.change(actor, ref, async (seen) => {
    const row = await visibleMessage(deps, actor, { seen, message })
    if (row.sender !== actor.number || seen.member === undefined) throw new ChatError('forbidden')
    demand(seen.standing, 'post')
    if (row.deleted_at !== null) throw new ChatError('message_deleted')
    if (row.forward !== null && content !== undefined) throw new ChatError('forbidden', { detail: 'These are the words of somebody else.' })
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
  return await views.message(key.id, outcome.message, actor.number)
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
    const row = await visibleMessage(deps, actor, { seen, message: input.message })
    if (row.sender !== actor.number && !may(seen.standing, 'moderate')) throw new ChatError('forbidden')
    if (row.deleted_at !== null) return { status: 'unchanged' as const }
    const change = { room: seen.room.number, by: actor.number, acl: seen.room.acl, at: clock.now() }
    return await store.queue.write('messages.delete', { ...change, message: input.message })
  })
  if (outcome.status === 'gone') throw new ChatError('not_found')
  if (outcome.status === 'unchanged') return
  const person = await people.load([actor.number])
  emit.room(outcome.events, { key: seen.standing.room.key, person, message: () => ({ id: input.message }), sharedAfter: 0 })
}

type Original = { room: string; message: string }

/** What is sent on. Why it may not be is a refusal like any other, which a known cid beats. */
async function copyOf(
  deps: Taken,
  actor: Actor,
  original: Original,
): Promise<{ copy: Copy; body: { content: string; meta?: Message['meta'] } }> {
  const digest = deps.digest(['forward', original.message])
  try {
    const seen = await deps.refs.see(actor, original.room)
    const row = await visibleMessage(deps, actor, { seen, message: original.message })
    if (row.deleted_at !== null) throw new ChatError('message_deleted')
    const { sender, at, room } = row.forward ?? { sender: row.sender, at: row.created_at, room: isPublic(seen) ? seen.room.id : null }
    const person = await deps.people.load([sender])
    const body = { content: row.content, ...(row.meta !== null && { meta: row.meta }) }
    return { copy: { digest, forward: { sender: person(sender), at, room } }, body }
  } catch (error) {
    if (!(error instanceof ChatError)) throw error
    return { copy: { digest, refusal: error }, body: { content: '' } }
  }
}

/** Everybody signed in may read it, so that naming it tells nobody of a room they could not know. */
const isPublic = ({ room }: Seen): boolean => room.policy.read === 'users'

async function thread(deps: Taken, actor: Actor, input: InputOf<'messages.thread'>): Promise<OutputOf<'messages.thread'>> {
  const { store, refs, reach, views } = deps
  const seen = await refs.see(actor, input.room)
  const { id, root } = await visibleMessage(deps, actor, { seen, message: input.message })
  const found = await store.messages.thread(seen.room.number, root ?? id, threadCursors.ask(input))
  const { rows, next } = threadCursors.page(found, input, ({ n }) => n)
  const visible = await reach.ordinals(actor.number, seen)
  const shown = rows.filter(({ n }) => isWithin(visible, n))
  return { items: await views.messages(seen.room.id, shown, actor.number), next }
}

async function read(deps: Taken, actor: Actor, { room, message }: InputOf<'messages.read'>): Promise<OutputOf<'messages.read'>> {
  const seen = await deps.refs.see(actor, room)
  const row = await visibleMessage(deps, actor, { seen, message })
  const { key } = seen.standing.room
  const named = !seen.room.large && row.deleted_at === null && row.sender !== actor.number
  return await deps.marking(actor, { key, large: seen.room.large, n: row.n, named })
}

async function reads(deps: Taken, actor: Actor, { room, message }: InputOf<'messages.reads'>): Promise<OutputOf<'messages.reads'>> {
  const { store, refs, people } = deps
  const seen = await refs.see(actor, room)
  const row = await visibleMessage(deps, actor, { seen, message })
  if (seen.member === undefined) throw new ChatError('forbidden')
  if (seen.room.large) throw new ChatError('room_large')
  const readers = await store.members.readers(seen.room.number, row, limits.large_room)
  const person = await people.load(readers.map(({ user }) => user))
  return { items: readers.map(({ user, at }) => ({ user: brief(person(user)), at: at === null ? null : timestamp(at) })) }
}
