import { afterAll, describe, expect, spyOn, test } from 'bun:test'
import type { InputOf } from '@parlance/protocol'
import type { MessageState } from '../../src/live/bus.ts'
import { openTrio } from './trio.ts'
import { faultsOf, type Somebody } from './world.ts'

const { world, ada, bob, eve, ...rooms } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

type Policy = NonNullable<InputOf<'rooms.create'>['policy']>
const group = async (members?: Somebody[], policy: Policy = {}) => (await rooms.group(members, { policy })).id
const publicRoom = async (policy?: Policy) => (await rooms.publicRoom(policy)).id
const send = (who: Somebody, room: string, content = 'hi') => who.ask('messages.send', { room, content })

describe('sending', () => {
  test('answers with the message as it is stored, and tells the bus the same', async () => {
    const room = await group()
    const first = await send(ada, room, 'first')
    const meta = { deep: { list: [1, 'ä', null] }, constructor: 'x' }
    const body = {
      content: 'Ünïcode 🎈\n\t ﷺ',
      mentions: ['name:BOB', ada.actor.id, bob.actor.id],
      mention_all: true,
      meta,
      reply_to: first.message.id,
      cid: 'c_1-x',
    }
    const { message, dup } = await bob.ask('messages.send', { room, ...body })
    expect(dup).toBe(false)
    expect(message).toMatchObject({
      ...body,
      n: 2,
      seq: 5,
      rev: 5,
      sender: { username: 'bob' },
      mentions: [bob.actor.id, ada.actor.id],
      room,
    })
    const event = world.eventsOf(room).at(-1)
    expect(event).toMatchObject({ type: 'message.created', seq: 5, ref: { id: message.id, n: 2 }, actor: { username: 'bob' } })
    expect(event?.message).toMatchObject({
      content: body.content,
      meta,
      mentions: message.mentions,
      mentionAll: true,
      replyTo: first.message.id,
    })
    expect(Object.keys(event?.message?.sender ?? {}).sort()).toEqual(['id', 'number', 'username'])
    expect(await ada.ask('messages.get', { room, message: message.id })).toEqual(message)
  })

  test('keeps whom a message is for: whoever the door says, else the other one in a room of two', async () => {
    const addressees = async (room: string) => {
      const { number } = (await world.deps.store.rooms.byId(room)) ?? { number: 0 }
      const head = (await world.deps.store.rooms.byNumber(number))?.last_seq ?? 0
      const { events: fromLog } = await world.log.events(number, { after: 0, upto: head, limit: 100 })
      const told = ({ message }: { message: MessageState | null }) => (message === null ? [] : [message.addressee])
      return { live: world.eventsOf(room).flatMap(told), kept: fromLog.flatMap(told) }
    }
    const person = ({ actor: { number, id, username } }: Somebody) => ({ number, id, username })
    const meant = (somebody: Somebody, as: string | number = somebody.actor.number) => ({ person: person(somebody), as })

    const two = await group()
    await send(ada, two)
    await bob.ask('messages.send', { room: two, content: 'hi' }, { addressee: meant(eve, '007') })
    await ada.ask('members.add', { room: two, user: eve.actor.id })
    await send(bob, two)
    expect(await addressees(two)).toEqual({ live: [meant(bob), meant(eve, '007'), null], kept: [meant(bob), meant(eve), null] })

    const { room: direct } = await ada.ask('rooms.direct', { user: bob.actor.id })
    await send(bob, direct.id)
    const own = (await ada.ask('rooms.direct', { user: 'me' })).room.id
    await send(ada, own)
    expect((await addressees(direct.id)).kept).toEqual([meant(ada)])
    expect((await addressees(own)).kept).toEqual([null])
  })

  test('happens once per cid and sender: at once, later, and on whichever lane', async () => {
    const room = await group()
    const input = { room, content: 'once', cid: 'same', meta: { a: 1 } }
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => ada.ask('messages.send', input, { lane: index % 2 ? {} : null })),
    )
    expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1)
    expect(answers.filter(({ dup }) => !dup)).toHaveLength(1)
    expect(await ada.ask('messages.send', input)).toEqual({ message: answers[0]?.message, dup: true } as never)
    expect(await bob.ask('messages.send', input)).toMatchObject({ dup: false, message: { n: 2 } })
    const changes = [
      { content: 'twice' },
      { meta: { a: 2 } },
      { mention_all: true },
      { mentions: [bob.actor.id] },
      { reply_to: answers[0]?.message.id ?? '' },
    ]
    for (const change of changes) expect(await ada.refused('messages.send', { ...input, ...change })).toBe('cid_conflict')
    expect(world.eventsOf(room).filter(({ type }) => type === 'message.created')).toHaveLength(2)
  })

  test('a known cid beats every refusal, and answers with the message as it stands', async () => {
    const room = await group([bob, eve])
    const input = { room, content: 'kept', cid: 'known', mentions: [eve.actor.id] }
    const { message } = await bob.ask('messages.send', input)
    await ada.ask('members.remove', { room, user: eve.actor.id })
    expect(await bob.ask('messages.send', input)).toMatchObject({ dup: true, message: { id: message.id } })
    await ada.ask('members.remove', { room, user: bob.actor.id })
    expect(await bob.ask('messages.send', input)).toMatchObject({ dup: true, message: { id: message.id, content: 'kept' } })
    expect(await bob.refused('messages.send', { ...input, content: 'other' })).toBe('cid_conflict')
    expect(await bob.refused('messages.send', { ...input, cid: 'new' })).toBe('not_found')
    await ada.ask('messages.delete', { room, message: message.id })
    expect(await bob.ask('messages.send', input)).toMatchObject({
      dup: true,
      message: { id: message.id, content: '', deleted_at: expect.any(String) },
    })
  })

  test('into a public room makes a member of the sender, once', async () => {
    const room = await publicRoom()
    const sent = await Promise.all([send(eve, room, '1'), send(eve, room, '2'), send(eve, room, '3')])
    expect(sent.map(({ message }) => message.n).toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    expect(world.eventsOf(room).map(({ type, subject }) => `${type} ${subject?.username ?? ''}`)).toEqual([
      'room.created ',
      'member.joined ada',
      'member.joined eve',
      'message.created ',
      'message.created ',
      'message.created ',
    ])
    expect(world.heard.filter((signal) => signal.kind === 'user' && signal.user === eve.actor.number).at(-1)).toMatchObject({
      type: 'room.joined',
      room: { id: room },
    })
    expect(await eve.ask('rooms.get', { room })).toMatchObject({ me: { role: 'member', read: 3, unread: 0 } })
  })

  test('needs the right to post', async () => {
    expect(await bob.refused('messages.send', { room: await group([bob], { post: 'admins' }), content: 'x' })).toBe('forbidden')
    const room = await publicRoom({ post: 'admins' })
    expect(await eve.refused('messages.send', { room, content: 'x' })).toBe('forbidden')
    expect((await ada.ask('rooms.get', { room })).members).toBe(1)
  })

  test('is refused with every fault of the body at its place', async () => {
    const room = await group()
    const other = await send(ada, await group(), 'elsewhere')
    const body = { room, content: 'x' }
    expect(await faultsOf(ada.ask('messages.send', { ...body, meta: { a: 'x'.repeat(4096) } }))).toEqual(['/meta'])
    expect(await faultsOf(ada.ask('messages.send', { ...body, mentions: ['me', eve.actor.id, 'name:nobody', bob.actor.id] }))).toEqual([
      '/mentions/1',
      '/mentions/2',
    ])
    expect(await faultsOf(ada.ask('messages.send', { ...body, reply_to: other.message.id }))).toEqual(['/reply_to'])
    expect((await ada.ask('rooms.get', { room })).n).toBe(0)
  })

  test('may mention every reader of a public room, and reply to a deleted message', async () => {
    const room = await publicRoom()
    const { message } = await ada.ask('messages.send', { room, content: 'hey', mentions: [eve.actor.id] })
    expect(message.mentions).toEqual([eve.actor.id])
    await ada.ask('messages.delete', { room, message: message.id })
    expect(await ada.ask('messages.send', { room, content: 're', reply_to: message.id })).toMatchObject({
      message: { reply_to: message.id },
    })
  })

  test('reads nothing and waits for nothing once the sender’s standing is known', async () => {
    const room = await group()
    await send(ada, room)
    const { users, sessions, rooms, members, messages, events } = world.deps.store
    const spies = [users, sessions, rooms, members, messages, events].flatMap((reads) =>
      Object.keys(reads).map((name) => spyOn(reads as unknown as Record<string, () => unknown>, name)),
    )
    const lane = {}
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, index) => ada.ask('messages.send', { room, content: `${index}`, cid: `c${index}` }, { lane })),
    )
    expect(spies.flatMap(({ mock }) => mock.calls)).toEqual([])
    expect(sent.map(({ message }) => message.n)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2))
    for (const spy of spies) spy.mockRestore()
  })

  test('keeps the order of one lane, also where some messages need something looked up first', async () => {
    const room = await group()
    const { message } = await send(bob, room, 'to answer')
    const lane = {}
    const bodies = Array.from({ length: 30 }, (_, index) => ({
      content: String(index),
      ...(index % 3 === 1 && { mentions: [bob.actor.id] }),
      ...(index % 5 === 2 && { reply_to: message.id }),
    }))
    // First with a sender of whom nothing is remembered, then again.
    for (const round of ['cold', 'warm']) {
      const sends = bodies.map((body, index) => ada.ask('messages.send', { room, ...body, cid: `${round}-${index}` }, { lane }))
      const seqs = (await Promise.all(sends)).map((answer) => answer.message.seq)
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
    }
  })
})

describe('what is remembered of a sender', () => {
  /** Sends one after the other while something else goes on, so that some of them stand in the queue right behind it. */
  async function sendDuring(who: Somebody, room: string, deed: Promise<unknown>): Promise<PromiseSettledResult<unknown>[]> {
    const sends: Promise<unknown>[] = []
    const lane = {}
    for (let index = 0; index < 200; index += 1) {
      sends.push(who.ask('messages.send', { room, content: `${index}` }, index % 2 ? { lane } : {}))
      await Promise.resolve()
    }
    // Watched from here on: one that is refused while the deed goes on is refused to somebody.
    const answers = Promise.allSettled(sends)
    await deed
    return await answers
  }

  test('is of no use behind a removal, from this node or another one', async () => {
    for (const remover of [ada, world.elsewhere(ada)]) {
      const room = await group()
      await send(bob, room)
      const answers = await sendDuring(bob, room, remover.ask('members.remove', { room, user: bob.actor.id }))
      const log = (await ada.ask('rooms.events', { room, after: 0, limit: 200 })).events
      const left = log.findIndex(({ ev }) => ev === 'member.left')
      expect(log.slice(left + 1)).toEqual([])
      const written = answers.filter(({ status }) => status === 'fulfilled').length
      expect(log.filter(({ ev }) => ev === 'message.created')).toHaveLength(written + 1)
      expect(written).toBeLessThan(answers.length)
      for (const answer of answers) if (answer.status === 'rejected') expect(String(answer.reason)).toContain('not_found')
      expect(await bob.refused('messages.send', { room, content: 'later' })).toBe('not_found')
    }
  })

  test('is judged anew behind a change that leaves the right to post', async () => {
    const room = await group([bob, eve])
    await send(bob, room)
    const answers = await sendDuring(bob, room, world.elsewhere(ada).ask('members.remove', { room, user: eve.actor.id }))
    expect(answers.filter(({ status }) => status === 'rejected')).toEqual([])
    expect((await ada.ask('rooms.get', { room })).n).toBe(answers.length + 1)
  })

  test('is judged anew together with the people mentioned', async () => {
    const room = await group([bob, eve])
    await send(bob, room)
    const removal = world.elsewhere(ada).ask('members.remove', { room, user: eve.actor.id })
    const sends: Promise<unknown>[] = []
    for (let index = 0; index < 200; index += 1) {
      sends.push(bob.ask('messages.send', { room, content: `${index}`, mentions: [eve.actor.id] }))
      await Promise.resolve()
    }
    await Promise.allSettled([removal, ...sends])
    const log = (await ada.ask('rooms.events', { room, after: 0, limit: 200 })).events
    const left = log.findIndex(({ ev }) => ev === 'member.left')
    expect(log.slice(left + 1)).toEqual([])
    expect(left).toBeGreaterThan(0)
  })

  test('is no ground for a refusal: a right given at another node counts at once', async () => {
    const room = await group([bob], { post: 'admins' })
    expect(await bob.refused('messages.send', { room, content: 'x' })).toBe('forbidden')
    await world.elsewhere(ada).ask('members.update', { room, user: bob.actor.id, role: 'admin' })
    expect(await send(bob, room)).toMatchObject({ message: { n: 1 } })
    await world.elsewhere(ada).ask('members.update', { room, user: bob.actor.id, role: 'member' })
    expect(await bob.refused('messages.send', { room, content: 'x' })).toBe('forbidden')
  })
})
