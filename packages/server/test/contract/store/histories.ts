import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import fc from 'fast-check'
import type { EventRow, RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { Verdict } from '../../../src/store/store.ts'
import type { Backend } from './backends.ts'
import { expectRow, fresh, now, oneTo, openWorld, type StoreWorld } from './world.ts'

const commands = ['send', 'send', 'send', 'join', 'leave', 'role', 'edit', 'delete', 'read'] as const
type Step = { command: (typeof commands)[number]; room: number; user: number; pick: number }

const step: fc.Arbitrary<Step> = fc.record({
  command: fc.constantFrom(...commands),
  room: fc.nat({ max: 1 }),
  user: fc.nat({ max: 4 }),
  pick: fc.nat({ max: 7 }),
})
/** What is in one list happens at the same time. */
const history = fc.array(fc.array(step, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 })

export function historyContract(backend: Backend): void {
  describe('any history', () => {
    let world: StoreWorld
    beforeAll(async () => void (world = await openWorld(backend)))
    afterAll(() => world[Symbol.asyncDispose]())

    test('leaves logs without gaps that tell exactly what is there', async () => {
      await fc.assert(
        fc.asyncProperty(history, async (steps) => {
          const users = await world.users(5)
          const [one, two] = [expectRow(users[0]), expectRow(users[1])]
          const rooms = [await world.group([one, two], { kind: 'public', name: fresh('history') }), await world.group([two])]
          for (const together of steps) await Promise.all(together.map((what) => perform(what, expectRow(rooms[what.room]), users)))
          for (const room of rooms) await check(room, users)
        }),
        { numRuns: 25 },
      )
    }, 60_000)

    async function perform({ command, pick, user: by }: Step, room: RoomRow, users: readonly UserRow[]): Promise<unknown> {
      const user = expectRow(users[by])
      const change = { room: room.number, user: user.number, by: null, at: now }
      const { queue, messages } = world.store
      switch (command) {
        case 'send':
          // Few cids, so that some meet; refused senders are part of the history.
          return world
            .send(room, user, { content: `text ${pick}`, cid: pick === 0 ? null : `cid-${pick}`, judge: judgeOf(room, user) })
            .catch(refused)
        case 'join':
          return world.judged(room, (acl) => queue.write('members.join', { ...change, acl, role: 'member', roomMembers: 4, userRooms: 10 }))
        case 'leave':
          return world.judged(room, (acl) => queue.write('members.leave', { ...change, acl, keepOwner: pick % 2 === 0 }))
        case 'role':
          return world.judged(room, (acl) => queue.write('members.role', { ...change, acl, role: pick % 2 === 0 ? 'admin' : 'owner' }))
        case 'read':
          return queue.read({ room: room.number, user: user.number, n: pick, at: now })
        default: {
          const [message] = await messages.range(room.number, { from: pick, to: 100 }, { limit: 1, end: 'oldest' })
          if (message === undefined) return undefined
          const about = { room: room.number, message: message.id, by: user.number, at: now }
          return command === 'edit'
            ? world.judged(room, (acl) => queue.write('messages.edit', { ...about, acl, content: `edited ${pick}` }))
            : world.judged(room, (acl) => queue.write('messages.delete', { ...about, acl }))
        }
      }
    }

    const judgeOf = (room: RoomRow, user: UserRow) => async (): Promise<Verdict> => {
      const { room: present, member } = expectRow(await world.store.members.withRoom(user.number, { number: room.number }))
      if (member === undefined && present.kind !== 'public') throw new ChatError('forbidden')
      return { acl: present.acl, join: member === undefined ? 'member' : null }
    }

    function refused(error: unknown): void {
      if (!(error instanceof ChatError) || error.code !== 'forbidden') throw error
    }

    async function check(room: RoomRow, users: readonly UserRow[]): Promise<void> {
      const { present, events, messages } = {
        present: await world.present(room),
        events: await world.log(room),
        messages: await world.history(room),
      }
      expect(events.map(({ seq }) => seq)).toEqual(oneTo(present.last_seq))
      expect(messages.map(({ n }) => n)).toEqual(oneTo(present.last_n))
      for (const message of messages) {
        const about = events.filter(({ type, ref }) => type.startsWith('message.') && ref === message.n)
        expect([about[0]?.seq, about[0]?.actor, about.at(-1)?.seq]).toEqual([message.seq, message.sender, message.rev])
        expect(message.deleted_at === null).toBe(about.at(-1)?.type !== 'message.deleted')
      }
      const cids = messages.filter(({ cid }) => cid !== null).map(({ sender, cid }) => `${sender} ${cid}`)
      expect(new Set(cids).size).toBe(cids.length)
      expect(present.acl).toBe(1 + events.filter(({ type }) => type.startsWith('member.')).length)
      await checkMembers(present, { events, users })
    }

    async function checkMembers(room: RoomRow, { events, users }: { events: EventRow[]; users: readonly UserRow[] }): Promise<void> {
      const members = await world.store.members.list(room.number, { after: null, limit: 100 })
      const told = replay(events)
      expect(new Map<number, string>(members.map(({ user, role }) => [user, role]))).toEqual(told)
      expect(room.members).toBe(told.size)
      const joins = events.filter(({ type }) => type === 'member.joined')
      expect(room.shared_n).toBe(events.filter(({ type, seq }) => type === 'message.created' && seq < (joins.at(-1)?.seq ?? 0)).length)
      for (const { number } of users) {
        const own = events.filter(({ type, ref }) => type.startsWith('member.') && type !== 'member.updated' && ref === number)
        const stays = await world.store.members.stays(room.number, number)
        expect(stays.flatMap(({ from_seq, to_seq }) => [from_seq + 1, ...(to_seq === null ? [] : [to_seq])])).toEqual(
          own.map(({ seq }) => seq),
        )
        const facts = (await world.store.events.ofUser(number, { after: 0, limit: 100 })).events
        const last = facts.find(({ type, room: where }) => type !== 'room.read' && where === room.number)
        expect([last?.type, last?.position]).toEqual(
          own.length === 0 ? [undefined, undefined] : [told.has(number) ? 'room.joined' : 'room.left', own.at(-1)?.seq],
        )
      }
    }
  })
}

/** The members as the log tells them. */
function replay(events: readonly EventRow[]): Map<number, string> {
  const members = new Map<number, string>()
  for (const { type, ref, data } of events) {
    if (ref === null || !type.startsWith('member.')) continue
    if (type === 'member.left') members.delete(ref)
    else members.set(ref, data?.role ?? '')
  }
  return members
}
