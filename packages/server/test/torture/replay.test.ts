import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Member, Message, RoomEventFrame } from '@parlance/protocol'
import fc from 'fast-check'
import { eventually } from '../harness/eventually.ts'
import { createRest, type Rest } from '../harness/rest.ts'
import { Refused } from '../harness/schemas.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { connect, type TestSocket } from '../harness/socket.ts'
import { freshState, Replica, type RoomState } from './replica.ts'

type Person = { id: string; token: string }

let server: TestServer
let rest: Rest
/** The first owns every room and watches it; the others come, go and write. */
let people: Person[]
let socket: TestSocket

beforeAll(async () => {
  server = await startServer()
  rest = createRest(server.url)
  people = await Promise.all(
    ['watcher', 'ann', 'bob', 'cy'].map(async (username) => {
      const { user, access_token } = await rest.call('accounts.register', { username, password: 'correct horse battery' })
      return { id: user.id, token: access_token }
    }),
  )
  socket = await connect(server.url)
  await socket.hello(person(0).token)
})

afterAll(async () => {
  await socket[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function person(index: number): Person {
  const found = people[index]
  if (found === undefined) throw new Error('nobody')
  return found
}

const who = fc.integer({ min: 0, max: 3 })
const guest = fc.integer({ min: 1, max: 3 })
/** Mostly the sender of the message in question (null), sometimes anybody. */
const hand = fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: who })
/** Which of the messages so far, counted round. */
const which = fc.nat(20)
const emoji = fc.constantFrom('👍', '🎈', ':ship:')
const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' })

const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('send' as const), who, text, replyTo: fc.option(which), mention: fc.option(guest) }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('edit' as const), hand, which, text }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('delete' as const), hand, which }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('react' as const), who, which, emoji, add: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('pin' as const), who, which, pinned: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('forward' as const), who, which }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('add' as const), guest, role: fc.constantFrom('admin' as const, 'member' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('role' as const), guest, role: fc.constantFrom('admin' as const, 'member' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('describe' as const), hand: who, text }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('history' as const), history: fc.constantFrom('open' as const, 'hidden' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('archive' as const), archived: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('ban' as const), guest, lift: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('remove' as const), guest }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('leave' as const), guest }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('read' as const), who, n: fc.nat(20) }) },
)

type Sent = { id: string; sender: number }
type Step = typeof operation extends fc.Arbitrary<infer S> ? S : never

/** Carries out one step; what the server refuses has not happened. */
async function take(room: string, sent: Sent[], step: Step): Promise<void> {
  try {
    const made = await perform(room, sent, step)
    if (made !== null) sent.push(made)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
  }
}

async function perform(room: string, sent: Sent[], step: Step): Promise<Sent | null> {
  const as = (index: number) => ({ token: person(index).token })
  switch (step.op) {
    case 'send': {
      const reply = step.replyTo === null ? undefined : sent[step.replyTo % sent.length]?.id
      const mentions = step.mention === null ? undefined : [person(step.mention).id]
      const optional = { ...(reply !== undefined && { reply_to: reply }), ...(mentions && { mentions }) }
      const { message } = await rest.call(
        'messages.send',
        { room, content: step.text, meta: { length: step.text.length }, ...optional },
        as(step.who),
      )
      return { id: message.id, sender: step.who }
    }
    case 'edit':
    case 'delete': {
      const found = sent[step.which % sent.length]
      if (found === undefined) return null
      const actor = as(step.hand ?? found.sender)
      if (step.op === 'delete') await rest.call('messages.delete', { room, message: found.id }, actor)
      else await rest.call('messages.edit', { room, message: found.id, content: step.text }, actor)
      return null
    }
    case 'react':
    case 'pin':
    case 'forward': {
      const found = sent[step.which % sent.length]
      if (found === undefined) return null
      const input = { room, message: found.id }
      if (step.op === 'react')
        await rest.call(step.add ? 'reactions.add' : 'reactions.remove', { ...input, emoji: step.emoji }, as(step.who))
      else if (step.op === 'pin') await rest.call(step.pinned ? 'pins.add' : 'pins.remove', input, as(step.who))
      else return { id: (await rest.call('messages.forward', { ...input, to: room }, as(step.who))).message.id, sender: step.who }
      return null
    }
    case 'add':
      await rest.call('members.add', { room, user: person(step.guest).id, role: step.role }, as(0))
      return null
    case 'role':
      await rest.call('members.update', { room, user: person(step.guest).id, role: step.role }, as(0))
      return null
    case 'describe':
      await rest.call('rooms.update', { room, description: step.text }, as(step.hand))
      return null
    case 'history':
      await rest.call('rooms.update', { room, policy: { history: step.history } }, as(0))
      return null
    case 'archive':
      await rest.call(step.archived ? 'rooms.archive' : 'rooms.unarchive', { room }, as(0))
      return null
    case 'ban':
      await rest.call(step.lift ? 'bans.lift' : 'bans.set', { room, user: person(step.guest).id }, as(0))
      return null
    case 'remove':
      await rest.call('members.remove', { room, user: person(step.guest).id }, as(0))
      return null
    case 'leave':
      await rest.call('rooms.leave', { room }, as(step.guest))
      return null
    case 'read':
      await rest.call('rooms.read', { room, n: step.n }, as(step.who))
      return null
  }
}

/** Asks for what an event did not carry; a message that is not the reader's to see stays unknown. */
async function fill(replica: Replica, room: string, { id, reader }: { id: string; reader: Person }): Promise<void> {
  try {
    replica.see(await rest.call('messages.get', { room, message: id }, { token: reader.token }))
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'not_found') throw error
  }
}

async function advance(replica: Replica, frames: readonly RoomEventFrame[], reader: Person): Promise<void> {
  for (const frame of frames) {
    const missing = replica.apply(frame)
    if (missing !== null) await fill(replica, frame.room, { id: missing, reader })
  }
}

/** A client that knows nothing reads the log from its beginning, in small pages. */
async function replay(room: string, reader: Person): Promise<Replica> {
  const replica = new Replica(reader.id)
  for (let after = 0; ; ) {
    const log = await rest.call('rooms.events', { room, after, limit: 7 }, { token: reader.token })
    await advance(replica, log.events, reader)
    replica.seq = Math.max(replica.seq, log.upto)
    if (log.upto <= after) return replica
    after = log.upto
  }
}

async function fresh(room: string, { token }: Person): Promise<RoomState> {
  const state = await rest.call('rooms.get', { room }, { token })
  const messages: Message[] = []
  for (let more = true; more; ) {
    const page = await rest.call('messages.list', { room, after: messages.at(-1)?.n ?? 0 }, { token })
    messages.push(...page.items)
    more = page.more_after
  }
  const members: Member[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: { items: Member[]; next: string | null } = await rest.call('members.list', { room, ...(cursor && { cursor }) }, { token })
    members.push(...page.items)
    cursor = page.next
  }
  expect(state.members).toBe(members.length)
  return freshState(state, messages, members)
}

const liveOf = (room: string): RoomEventFrame[] =>
  socket.frames.flatMap(({ kind, frame }) =>
    kind === 'ev' && frame.room === room ? [frame] : kind === 'log' && frame.log.room === room ? frame.log.events : [],
  )

async function makeRoom(history: 'open' | 'hidden'): Promise<string> {
  const members = [person(1).id, person(2).id]
  const made = await rest.call('rooms.create', { kind: 'group', title: 'Room', members, policy: { history } }, { token: person(0).token })
  // Only an update tells how the room is.
  await rest.call('rooms.update', { room: made.room.id, title: 'The room' }, { token: person(0).token })
  return made.room.id
}

test('whoever replays the log up to any cut and goes on live has what a fresh client has, at every cut', async () => {
  const scenario = fc.record({
    history: fc.constantFrom('open' as const, 'hidden' as const),
    steps: fc.array(operation, { minLength: 1, maxLength: 15 }),
  })
  await fc.assert(
    fc.asyncProperty(scenario, async ({ history, steps }) => {
      const room = await makeRoom(history)
      const watcher = person(0)
      const sent: Sent[] = []
      const replicas: Replica[] = []
      for (const step of steps) {
        await take(room, sent, step)
        const replica = await replay(room, watcher)
        expect(replica.state).toEqual(await fresh(room, watcher))
        replicas.push(replica)
      }
      const end = await fresh(room, watcher)
      await eventually(() => liveOf(room).at(-1)?.seq === end.seq)
      for (const replica of replicas) {
        await advance(replica, liveOf(room), watcher)
        expect(replica.state).toEqual(end)
      }
    }),
    { numRuns: 40 },
  )
}, 120_000)

test('where history is hidden, whoever came later replays exactly the messages a fresh client may read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 25 }), async (steps) => {
      const room = await makeRoom('hidden')
      const sent: Sent[] = []
      for (const step of steps) {
        await take(room, sent, step)
        const late = person(3)
        const { problem } = await rest.ask('rooms.get', { room }, { token: late.token })
        if (problem !== null) continue
        // Who was there before is not in the log of a later stay, nor is the number of what was said between two stays.
        const { seq, n, messages } = (await replay(room, late)).state
        const kept = await fresh(room, late)
        expect({ seq, n, messages }).toEqual({ seq: kept.seq, n: kept.messages.at(-1)?.n ?? 0, messages: kept.messages })
        expect(kept.n).toBe((await fresh(room, person(0))).n)
      }
    }),
    { numRuns: 40 },
  )
}, 120_000)
