import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import fc from 'fast-check'
import { type Backend, newId } from './backends.ts'
import { digestOf, expectRow, expectStatus, oneTo, openWorld, type StoreWorld, tally } from './world.ts'

export function sendContract(backend: Backend): void {
  describe('sends', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    test('a send takes the next seq and n, and its event names it', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const first = expectStatus(await world.send(room, alice, 'one'), 'stored')
      const second = expectStatus(await world.send(room, alice, 'two'), 'stored')
      expect([first.seq, first.n, second.seq, second.n]).toEqual([room.last_seq + 1, 1, room.last_seq + 2, 2])
      expect(second.number).toBeGreaterThan(first.number)
      expect((await world.log(room)).slice(-2)).toEqual([...first.events, ...second.events])
      expect(first.events).toEqual([
        {
          room: room.number,
          seq: first.seq,
          type: 'message.created',
          actor: alice.number,
          ref: 1,
          data: null,
          at: first.events[0]?.at ?? 0,
        },
      ])
      expect(await world.present(room)).toMatchObject({ last_seq: second.seq, last_n: 2 })
    })

    test('everything that came with a message comes back as it was', async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      const { id: replyTo } = await world.said(room, bob, 'hello')
      const mention = { id: bob.id, number: bob.number }
      const change = {
        id: newId(),
        cid: 'c-1',
        replyTo,
        addressee: mention.id,
        meta: '{"a":[1,"é"]}',
        mentions: [mention],
        mentionAll: true,
      }
      const message = await world.said(room, alice, { content: 'hi', ...change })
      expect(message).toMatchObject({ id: change.id, cid: 'c-1', content: 'hi', kind: 'text', reply_to: replyTo, addressee: mention.id })
      expect(message).toMatchObject({
        meta: { a: [1, 'é'] },
        mentions: [mention.id],
        mention_all: true,
        rev: message.seq,
        edited_at: null,
        deleted_at: null,
      })
      expect(await world.store.messages.byId(room.number, change.id)).toEqual(message)
      expect((await world.store.messages.byCid(room.number, message.sender, 'c-1'))?.message).toEqual(message)
    })

    test('text comes back exactly, whatever it is made of', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const texts = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), 200).map((text) => text.replaceAll('\0', '·'))
      const odd = ['e\u0301', '\u00e9', ' \t\n', "it's; --", '"\\', '\u{1f9d1}\u200d\u{1f680}', '\u202eabc', '\ufeff', '\u{10ffff}', '%_']
      const sent = [...texts, ...odd]
      const outcomes = await Promise.all(sent.map((text) => world.send(room, alice, text)))
      const order = outcomes.map((outcome) => expectStatus(outcome, 'stored').n)
      const history = await world.history(room)
      expect(order.map((n) => history[n - 1]?.content)).toEqual(sent)
    })

    test('a retry finds the first message and takes no seq', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const message = await world.said(room, alice, { content: 'once', cid: 'again' })
      expect(await world.send(room, alice, { content: 'once', cid: 'again' })).toEqual({ status: 'known', message })
      expect(await world.present(room)).toMatchObject({ last_seq: message.seq, last_n: 1 })
    })

    test('the same cid for another text is a conflict, and for another sender or room is none', async () => {
      const [alice, bob] = await world.users(2)
      const [here, there] = [await world.group([alice, bob]), await world.group([alice])]
      await world.said(here, alice, { content: 'one', cid: 'c' })
      expect(await world.send(here, alice, { content: 'two', cid: 'c' })).toEqual({ status: 'conflict' })
      expect(
        tally([await world.send(here, bob, { content: 'two', cid: 'c' }), await world.send(there, alice, { content: 'two', cid: 'c' })]),
      ).toEqual({
        stored: 2,
      })
    })

    test('retries that race are written once each, in one batch or in many', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const tries = oneTo(300).map((i) => ({ cid: `race-${i % 20}`, text: `text ${i % 20}` }))
      const outcomes = await Promise.all(
        tries.map(async ({ cid, text }, i) => {
          for (let turn = 0; turn < i % 7; turn += 1) await new Promise((resolve) => setImmediate(resolve))
          return world.send(room, alice, { content: text, cid })
        }),
      )
      expect(tally(outcomes)).toEqual({ stored: 20, known: 280 })
      const places = outcomes.map((outcome) => (outcome.status === 'stored' ? outcome.n : expectStatus(outcome, 'known').message.n))
      expect(new Set(tries.map(({ cid }, i) => `${cid} ${places[i]}`)).size).toBe(20)
      expect(await world.present(room)).toMatchObject({ last_n: 20, last_seq: room.last_seq + 20 })
    })

    test('a message without a cid is written every time', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const outcomes = await Promise.all(oneTo(5).map(() => world.send(room, alice, { content: 'again', cid: null })))
      expect(tally(outcomes)).toEqual({ stored: 5 })
    })

    test('a thousand sends to several rooms at once leave no gap and no double', async () => {
      const users = await world.users(10)
      const rooms = await Promise.all(oneTo(5).map(() => world.group(users)))
      await Promise.all(oneTo(1000).map((i) => world.send(expectRow(rooms[i % 5]), expectRow(users[i % 10]), `m${i}`)))
      for (const room of rooms) {
        const [events, messages, present] = [await world.log(room), await world.history(room), await world.present(room)]
        expect(events.map(({ seq }) => seq)).toEqual(oneTo(present.last_seq))
        expect(messages.map(({ n }) => n)).toEqual(oneTo(200))
        const created = events.filter(({ type }) => type === 'message.created')
        expect(created.map(({ ref, seq, actor }) => [ref, seq, actor])).toEqual(messages.map(({ n, seq, sender }) => [n, seq, sender]))
      }
    })

    test('what was written is known after the database was closed and opened', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const message = await world.said(room, alice, { content: 'kept', cid: 'kept' })
      const { epoch } = world.store
      await world.reopen()
      expect(world.store.epoch).toBe(epoch)
      expect(await world.send(room, alice, { content: 'kept', cid: 'kept' })).toEqual({ status: 'known', message })
      expect(expectStatus(await world.send(room, alice, 'next'), 'stored')).toMatchObject({ n: 2, seq: message.seq + 1 })
    })

    test('one poisoned send fails alone, and the rest of its batch is written without a gap', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const id = newId()
      const settled = await Promise.allSettled(
        oneTo(40).map((i) => world.send(room, alice, { content: `p${i}`, ...((i === 7 || i === 23) && { id }) })),
      )
      const failed = settled.filter((result) => result.status === 'rejected').map(({ reason }) => reason as ChatError)
      expect(failed.map(({ code }) => code)).toEqual(['internal'])
      expect((await world.history(room)).map(({ n }) => n)).toEqual(oneTo(39))
      expect((await world.log(room)).map(({ seq }) => seq)).toEqual(oneTo(room.last_seq + 39))
    })

    test('a known cid beats a refusal, and an unknown one does not', async () => {
      const alice = await world.user()
      const room = await world.group([alice])
      const message = await world.said(room, alice, { content: 'before', cid: 'before' })
      const refusal = new ChatError('forbidden')
      const judge = () => {
        throw refusal
      }
      expect(await world.send(room, alice, { content: 'before', cid: 'before', judge })).toEqual({ status: 'known', message })
      expect(await world.send(room, alice, { content: 'other', cid: 'before', judge: () => Promise.reject(refusal) })).toEqual({
        status: 'conflict',
      })
      expect(await world.send(room, alice, { content: 'after', judge }).catch((error: unknown) => error)).toBe(refusal)
      expect(await world.send(room, alice, { content: 'after', cid: null, judge }).catch((error: unknown) => error)).toBe(refusal)
    })

    test("a send moves its sender's marker and nobody else's", async () => {
      const [alice, bob] = await world.users(2)
      const room = await world.group([alice, bob])
      await Promise.all(oneTo(5).map((i) => world.send(room, alice, `m${i}`)))
      expect(await world.store.members.one(room.number, alice.number)).toMatchObject({ read_n: 5 })
      expect(await world.store.members.one(room.number, bob.number)).toMatchObject({ read_n: 0 })
      expect((await world.store.events.ofUser(alice.number, { after: 0, limit: 10 })).events.map(({ type }) => type)).toEqual([
        'room.joined',
      ])
    })

    test('a first post joins: an ordinary join, then the message', async () => {
      const [owner, guest] = await world.users(2)
      const room = await world.group([owner], { kind: 'public', name: newId() })
      await world.said(room, owner, 'early')
      const before = await world.present(room)
      const verdict = { acl: before.acl, join: 'member' as const }
      const stored = expectStatus(await world.send(room, guest, { content: 'hello', judge: () => verdict }), 'stored')
      expect(stored.events.map(({ seq, type, actor, ref, data }) => ({ seq, type, actor, ref, data }))).toEqual([
        { seq: before.last_seq + 1, type: 'member.joined', actor: null, ref: guest.number, data: { role: 'member' } },
        { seq: before.last_seq + 2, type: 'message.created', actor: guest.number, ref: 2, data: null },
      ])
      expect(stored.userEvents).toMatchObject([
        { user: guest.number, type: 'room.joined', room: room.number, position: before.last_seq + 1 },
      ])
      expect(await world.store.members.one(room.number, guest.number)).toMatchObject({
        from_seq: before.last_seq,
        from_n: 1,
        read_n: 2,
      })
      expect(await world.present(room)).toMatchObject({ members: 2, shared_n: 1, acl: before.acl + 1, last_n: 2 })
      expect(await world.store.members.stays(room.number, guest.number)).toMatchObject([{ from_seq: before.last_seq, to_seq: null }])
    })

    test('first posts of many at once make each a member once', async () => {
      const [owner, ...guests] = await world.users(41)
      const room = await world.group([owner], { kind: 'public', name: newId() })
      const judge = async () => ({ acl: (await world.present(room)).acl, join: 'member' as const })
      const outcomes = await Promise.all(
        [...guests, ...guests].map((guest, i) => world.send(room, guest, { content: `hello ${i}`, judge })),
      )
      expect(tally(outcomes)).toEqual({ stored: 80 })
      expect(await world.present(room)).toMatchObject({ members: 41, last_n: 80 })
      const events = await world.log(room)
      expect(events.map(({ seq }) => seq)).toEqual(oneTo(events.length))
      expect(
        events
          .filter(({ type }) => type === 'member.joined')
          .map(({ ref }) => ref)
          .sort((a, b) => Number(a) - Number(b)),
      ).toEqual([owner, ...guests].map(({ number }) => number).sort((a, b) => Number(a) - Number(b)))
    })

    test('a known cid of somebody who would have to join first makes nobody a member', async () => {
      const [owner, guest] = await world.users(2)
      const room = await world.group([owner], { kind: 'public', name: newId() })
      const judge = async () => ({ acl: (await world.present(room)).acl, join: 'member' as const })
      await world.send(room, guest, { content: 'hello', cid: 'c', judge })
      const left = await world.judged(room, (acl) =>
        world.store.queue.write('members.leave', {
          room: room.number,
          user: guest.number,
          by: null,
          acl,
          at: 0,
          keepOwner: false,
        }),
      )
      expect(left.status).toBe('left')
      expect(tally([await world.send(room, guest, { content: 'hello', cid: 'c', digest: digestOf('hello'), judge })])).toEqual({
        known: 1,
      })
      expect(await world.present(room)).toMatchObject({ members: 1 })
    })
  })
}
