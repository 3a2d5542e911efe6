import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import type { RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { Verdict } from '../../../src/store/store.ts'
import type { Backend } from './backends.ts'
import { expectRow, expectStatus, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

/** Lets `turns` turns of the event loop pass. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

export function queueContract(backend: Backend): void {
  describe('the queue', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    const contents = async (room: RoomRow) => (await world.history(room)).map(({ content }) => content)
    /** Takes a right from somebody else in the room, which makes every verdict before it stale. */
    const remove = (room: RoomRow, user: UserRow) =>
      world.judged(room, (acl) =>
        world.store.queue.write('members.leave', { room: room.number, user: user.number, by: null, acl, at: 0, keepOwner: false }),
      )

    test('a verdict older than the last right taken is asked for again, and the send is written at the new one', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      await remove(room, bob)
      const asked: boolean[] = []
      const judge = (again: boolean): Verdict => {
        asked.push(again)
        return { acl: again ? room.acl + 1 : room.acl, join: null }
      }
      expectStatus(await world.send(room, alice, { content: 'late', judge }), 'stored')
      expect(asked).toEqual([false, true])
    })

    test('who lost the right meanwhile writes nothing', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      const judge = async (): Promise<Verdict> => {
        const { room: present, member } = expectRow(await world.store.members.withRoom(bob.number, { number: room.number }))
        if (member === undefined) throw new ChatError('forbidden')
        return { acl: present.acl, join: null }
      }
      const sends = oneTo(20).map(() => world.send(room, bob, { content: 'still here', judge }))
      const [left, ...answers] = await Promise.allSettled([remove(room, bob), ...sends])
      expect(left.status).toBe('fulfilled')
      const { seq } = expectRow((await world.log(room)).findLast(({ type }) => type === 'member.left'))
      const written = (await world.history(room)).filter((message) => message.sender === bob.number)
      expect(written.filter((message) => message.seq > seq)).toEqual([])
      expect(written.length).toBe(answers.filter(({ status }) => status === 'fulfilled').length)
      for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'forbidden' })
    })

    test('a join makes no verdict stale, as it takes nothing from anybody', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice], { kind: 'public', name: 'joins take nothing' })
      const join = {
        room: room.number,
        user: bob.number,
        by: null,
        acl: room.acl,
        at: 0,
        role: 'member' as const,
        roomMembers: 10,
        userRooms: 10,
      }
      expectStatus(await world.store.queue.write('members.join', join), 'joined')
      let asked = 0
      const judge = () => {
        asked += 1
        return { acl: room.acl, join: null }
      }
      expectStatus(await world.send(room, alice, { content: 'hi', judge }), 'stored')
      expect(asked).toBe(1)
    })

    test('the sends of one lane are written in the order of their calls, however long each verdict takes', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const lane = {}
      const late = (i: number) => async () => {
        await turns((i * 7) % 5)
        return { acl: room.acl, join: null }
      }
      const atOnce = () => ({ acl: room.acl, join: null })
      await Promise.all(oneTo(200).map((i) => world.send(room, alice, { content: `${i}`, lane, judge: i % 3 === 0 ? atOnce : late(i) })))
      expect(await contents(room)).toEqual(oneTo(200).map(String))
    })

    test('a lane keeps its order when a part of it comes back stale, in every room it writes to', async () => {
      const [alice, ...others] = await world.users(9)
      const rooms = [await world.group([alice, ...others]), await world.group([alice])]
      const [changing, calm] = [expectRow(rooms[0]), expectRow(rooms[1])]
      const lane = {}
      const order: number[] = []
      const send = async (i: number) => {
        const room = expectRow(rooms[i % 2])
        // The first verdict is taken long before it is used, as one from a cache is.
        const judge = (again: boolean) =>
          again ? world.present(room).then(({ acl }) => ({ acl, join: null })) : { acl: room.acl, join: null }
        expectStatus(await world.send(room, alice, { content: `${i}`, lane, judge }), 'stored')
        order.push(i)
      }
      const sends: Promise<void>[] = []
      for (const i of oneTo(160)) {
        sends.push(send(i))
        if (i % 20 === 0) sends.push(remove(changing, expectRow(others[i / 20 - 1])).then(() => undefined))
        if (i % 8 === 0) await turns(1)
      }
      await Promise.all(sends)
      const even = oneTo(160)
        .filter((i) => i % 2 === 0)
        .map(String)
      const odd = oneTo(160)
        .filter((i) => i % 2 === 1)
        .map(String)
      expect(await contents(changing)).toEqual(even)
      expect(await contents(calm)).toEqual(odd)
      expect(order).toEqual(oneTo(160))
    })

    test('what waits behind a stale send of its lane is written behind it, in the queue or under judgement', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      await remove(room, bob)
      const lane = {}
      const fresh = room.acl + 1
      const judge = (i: number) => (again: boolean) => ({ acl: again || i !== 3 ? fresh : room.acl, join: null })
      // More than one batch takes, so that a part still waits when the stale one comes back.
      const queued = oneTo(700).map((i) => world.send(room, alice, { content: `${i}`, lane, judge: judge(i) }))
      const late = world.send(room, alice, { content: '701', lane, judge: () => turns(30).then(() => ({ acl: fresh, join: null })) })
      await Promise.all([...queued, late])
      expect(await contents(room)).toEqual(oneTo(701).map(String))
    })

    test('a lane that waits for a verdict holds up nobody else', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const verdict = Promise.withResolvers<Verdict>()
      const slow = world.send(room, alice, { content: 'slow', lane: {}, judge: () => verdict.promise })
      expectStatus(await world.send(room, alice, { content: 'quick', lane: {} }), 'stored')
      verdict.resolve({ acl: room.acl, join: null })
      expect(expectStatus(await slow, 'stored').n).toBe(2)
    })

    test('a refused send does not stop its lane', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const lane = {}
      const judge = () => Promise.reject(new ChatError('forbidden'))
      const settled = await Promise.allSettled([
        world.send(room, alice, { content: 'one', lane }),
        world.send(room, alice, { content: 'two', lane, judge }),
        world.send(room, alice, { content: 'three', lane }),
      ])
      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(await contents(room)).toEqual(['one', 'three'])
    })

    test('a verdict that never becomes valid ends as overloaded, and nothing is written', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      await remove(room, bob)
      const answer = world.send(room, alice, { content: 'never', judge: () => ({ acl: room.acl, join: null }) })
      expect(await answer.catch((error: unknown) => error)).toMatchObject({ code: 'overloaded' })
      expect(await contents(room)).toEqual([])
    })

    test('ten thousand intents may wait, the next one is told to come later', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const judge = () => ({ acl: room.acl, join: null })
      const accepted = oneTo(10_000).map((i) => world.send(room, alice, { content: `${i}`, judge }))
      expect(world.store.queue.depth).toBe(10_000)
      const refused = await world.send(room, alice, { content: 'too much', judge }).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(ChatError)
      expect(refused).toMatchObject({ code: 'overloaded', retryMs: expect.any(Number) })
      expect(tally(await Promise.all(accepted))).toEqual({ stored: 10_000 })
      expect(world.store.queue.depth).toBe(0)
      expect(await world.present(room)).toMatchObject({ last_n: 10_000 })
      expectStatus(await world.send(room, alice, { content: 'later', judge }), 'stored')
    }, 20_000)

    test('the bytes that wait are bounded, too', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const judge = () => ({ acl: room.acl, join: null })
      const content = 'é'.repeat(8_000)
      const accepted = oneTo(1_048).map(() => world.send(room, alice, { content, judge }))
      expect(await world.send(room, alice, { content, judge }).catch((error: unknown) => error)).toMatchObject({ code: 'overloaded' })
      expect(tally(await Promise.all(accepted))).toEqual({ stored: 1_048 })
    }, 20_000)

    test('one user has at most a quarter of the queue while others wait', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      const judge = () => ({ acl: room.acl, join: null })
      const greedy = oneTo(3_000).map(() => world.send(room, alice, { content: 'a', judge }))
      const modest = world.send(room, bob, { content: 'b', judge })
      const more = world.send(room, alice, { content: 'a', judge })
      const again = world.send(room, bob, { content: 'b', judge })
      expect(await more.catch((error: unknown) => error)).toMatchObject({ code: 'overloaded' })
      expect(tally(await Promise.all([...greedy, modest, again]))).toEqual({ stored: 3_002 })
    }, 20_000)

    test('drain waits for everything accepted, and not for more', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      let settled = 0
      for (const i of oneTo(700)) void world.send(room, alice, `${i}`).then(() => (settled += 1))
      await world.store.queue.drain()
      await turns(1)
      expect([settled, world.store.queue.depth]).toEqual([700, 0])
      await world.store.queue.drain()
    })
  })
}
