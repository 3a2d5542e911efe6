import { afterAll, describe, expect, test } from 'bun:test'
import { openTrio } from './trio.ts'

const { world, ada, bob, eve } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

type Scene = { room: string; early: string; late: string }

/** Bob comes between two messages, the first of them pinned, answered and reacted to. */
async function scene(history: 'open' | 'hidden'): Promise<Scene> {
  const { room } = await ada.ask('rooms.create', { kind: 'group', policy: { history } })
  const say = async (content: string, reply_to?: string) =>
    (await ada.ask('messages.send', { room: room.id, content, ...(reply_to !== undefined && { reply_to }) })).message.id
  const early = await say('early')
  await ada.ask('pins.add', { room: room.id, message: early })
  await ada.ask('reactions.add', { room: room.id, message: early, emoji: '👍' })
  await ada.ask('members.add', { room: room.id, user: bob.actor.id })
  return { room: room.id, early, late: await say('late', early) }
}

const become = (room: string, history: 'open' | 'hidden') => ada.ask('rooms.update', { room, policy: { history } })

/** Everything that could show bob the first message, and whether it does. */
async function sees({ room, early }: Scene): Promise<Record<string, boolean>> {
  const found = async (asked: Promise<unknown>) => JSON.stringify(await asked.catch((error: Error) => error.message)).includes('"early"')
  return {
    list: await found(bob.ask('messages.list', { room })),
    around: await found(bob.ask('messages.list', { room, around: 1 })),
    get: await found(bob.ask('messages.get', { room, message: early })),
    thread: await found(bob.ask('messages.thread', { room, message: early })),
    events: await found(bob.ask('rooms.events', { room, after: 0 })),
    pins: await found(bob.ask('pins.list', { room })),
    forward: await found(bob.ask('messages.forward', { room, message: early, to: room })),
  }
}

const everywhere = { list: true, around: true, get: true, events: true, pins: true, forward: true }
const nowhere = { list: false, around: false, get: false, thread: false, events: false, pins: false, forward: false }

describe('the policy of history', () => {
  test('decides as it stands: hidden closes what was before one’s join everywhere, open opens it', async () => {
    expect(await sees(await scene('open'))).toMatchObject(everywhere)
    const hidden = await scene('hidden')
    expect(await sees(hidden)).toEqual(nowhere)
    await become(hidden.room, 'open')
    expect(await sees(hidden)).toMatchObject(everywhere)
  })

  test('closes for those present what they had read before', async () => {
    const made = await scene('open')
    expect((await bob.ask('messages.get', { room: made.room, message: made.early })).content).toBe('early')
    await become(made.room, 'hidden')
    expect(await sees(made)).toEqual(nowhere)
    expect((await bob.ask('messages.get', { room: made.room, message: made.late })).content).toBe('late')
    expect((await ada.ask('messages.list', { room: made.room })).items.map(({ content }) => content)).toContain('early')
  })

  test('lets nobody answer or react to what is closed', async () => {
    const { room, early } = await scene('open')
    await become(room, 'hidden')
    expect(await bob.refused('messages.send', { room, content: 'x', reply_to: early })).toBe('invalid_input')
    expect(await bob.refused('reactions.add', { room, message: early, emoji: '👍' })).toBe('not_found')
    expect(await bob.refused('messages.reads', { room, message: early })).toBe('not_found')
  })

  test('keeps the text of an edit from an event where somebody present could be barred from it', async () => {
    const { room, early } = await scene('open')
    const edit = async (content: string) => {
      await ada.ask('messages.edit', { room, message: early, content })
      return world.eventsOf(room).at(-1)?.message?.content ?? null
    }
    expect(await edit('seen by all')).toBe('seen by all')
    await become(room, 'hidden')
    expect(await edit('seen by some')).toBeNull()
    const { events } = await ada.ask('rooms.events', { room, after: 0 })
    // A replay says no more than the event did.
    expect(events.filter(({ ev }) => ev === 'message.edited').map(({ data }) => 'message' in data)).toEqual([false, false])
    await become(room, 'open')
    expect(await edit('seen by all again')).toBe('seen by all again')
  })

  test('of a stay before the present one shows what was said during it', async () => {
    const { room } = await ada.ask('rooms.create', { kind: 'group', members: [eve.actor.id] })
    const say = (content: string) => ada.ask('messages.send', { room: room.id, content })
    await say('first stay')
    await eve.ask('rooms.leave', { room: room.id })
    await say('without eve')
    await ada.ask('members.add', { room: room.id, user: eve.actor.id })
    await say('second stay')
    await become(room.id, 'hidden')
    expect((await eve.ask('messages.list', { room: room.id })).items.map(({ content }) => content)).toEqual(['first stay', 'second stay'])
  })

  test('moves no marker and no count of what is unread', async () => {
    const { room } = await scene('hidden')
    const before = (await bob.ask('rooms.get', { room })).me
    expect(before).toMatchObject({ unread: 1 })
    for (const history of ['open', 'hidden'] as const) {
      await become(room, history)
      expect((await bob.ask('rooms.get', { room })).me).toEqual(before)
    }
  })
})
