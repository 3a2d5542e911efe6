import { afterAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { openTrio } from './trio.ts'
import type { Somebody } from './world.ts'

const { world, ada, bob, eve, ...rooms } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

const group = async (policy = {}) => (await rooms.group([bob], { policy })).id
const say = async (who: Somebody, room: string, content = 'hi') => (await who.ask('messages.send', { room, content })).message

describe('a pin', () => {
  test('stands in the view with its time, raises the rev, and is told as a fact', async () => {
    const room = await group()
    const { id, seq } = await say(bob, room)
    await world.clock.advance(1000)
    const pinned = await ada.ask('pins.add', { room, message: id })
    expect(pinned).toMatchObject({ id, rev: seq + 1, content: 'hi', pinned_at: expect.any(String) })
    expect(await ada.ask('pins.add', { room, message: id })).toEqual(pinned)
    expect(await ada.ask('pins.remove', { room, message: id })).not.toHaveProperty('pinned_at')
    expect(await ada.ask('pins.remove', { room, message: id })).toMatchObject({ rev: seq + 2 })
    const { events } = await bob.ask('rooms.events', { room, after: seq })
    expect(events.map(({ ev, at, data }) => ({ ev, at, ...data }))).toMatchObject([
      { ev: 'message.pinned', at: pinned.pinned_at, id, n: 1, rev: seq + 1, by: { username: 'ada' } },
      { ev: 'message.unpinned', id, n: 1, rev: seq + 2, by: { username: 'ada' } },
    ])
  })

  test('is listed, the latest first, and gone with its message', async () => {
    const room = await group()
    const [one, two, three] = [await say(ada, room, '1'), await say(ada, room, '2'), await say(ada, room, '3')]
    for (const { id } of [two, three, one]) {
      await world.clock.advance(1)
      await ada.ask('pins.add', { room, message: id })
    }
    const listed = async () => (await bob.ask('pins.list', { room })).items.map(({ content }) => content)
    expect(await listed()).toEqual(['1', '3', '2'])
    await ada.ask('messages.delete', { room, message: three.id })
    expect(await listed()).toEqual(['1', '2'])
    expect(await ada.refused('pins.add', { room, message: three.id })).toBe('message_deleted')
  })

  test('is for moderators, for whom the policy lets manage, and for both of a pair', async () => {
    const strict = await group()
    expect(await bob.refused('pins.add', { room: strict, message: (await say(bob, strict)).id })).toBe('forbidden')
    const free = await group({ manage: 'members' })
    expect(await bob.ask('pins.add', { room: free, message: (await say(ada, free)).id })).toHaveProperty('pinned_at')
    const pair = (await bob.ask('rooms.direct', { user: ada.actor.id })).room.id
    expect(await bob.ask('pins.add', { room: pair, message: (await say(ada, pair)).id })).toHaveProperty('pinned_at')
    expect(await eve.refused('pins.list', { room: pair })).toBe('not_found')
  })

  test('is one of so many: those who pin at once do not get past the bound', async () => {
    const room = await group()
    const said = []
    for (let i = 0; i < limits.pins + 5; i += 1) said.push(await say(ada, room, `${i}`))
    const answers = await Promise.allSettled(said.map(({ id }) => ada.ask('pins.add', { room, message: id })))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(limits.pins)
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'too_many_pins' })
    expect((await ada.ask('pins.list', { room })).items).toHaveLength(limits.pins)
  })
})
