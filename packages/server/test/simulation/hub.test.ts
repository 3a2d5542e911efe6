import { describe, expect, spyOn, test } from 'bun:test'
import type { Encoder } from '../../src/dialects/dialect.ts'
import { encoder } from '../../src/dialects/native/shapes.ts'
import type { SignedIn } from '../../src/dispatch.ts'
import { eventually } from '../harness/eventually.ts'
import { type Node, openNode, type Viewer } from './node.ts'

const seeds = Array.from({ length: 16 }, (_, i) => 1000 + i)
const steps = 120
const upTo = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)

/** Sends, joins, removals and late viewers in one room, in an order the seed decides. */
async function play(node: Node) {
  const owner = await node.person('owner')
  const people = [owner, await node.person('one'), await node.person('two'), await node.person('three')]
  const { room } = await node.handlers['rooms.create'](owner, { kind: 'group', title: 'sim', policy: { history: 'hidden' } })
  const viewers: { call: SignedIn; view: Viewer; entered: number }[] = []
  const look = async (call: SignedIn) => {
    const view = await node.view(call)
    viewers.push({ call, view, entered: (await node.store.rooms.byId(room.id))?.last_seq ?? 0 })
  }
  for (const call of people) await look(call)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(node.random.fraction() * list.length)] as T
  for (let step = 0; step < steps; step++) {
    const call = pick(people)
    const roll = node.random.fraction()
    if (roll < 0.6) await node.handlers['messages.send'](call, { room: room.id, content: `step ${step}` }).catch(() => undefined)
    else if (roll < 0.75) await node.handlers['members.add'](owner, { room: room.id, user: call.actor.id })
    else if (roll < 0.85)
      await node.handlers['members.remove'](owner, { room: room.id, user: pick(people.slice(1)).actor.id }).catch(() => undefined)
    else if (roll < 0.9) await look(call)
    else if (roll < 0.95) node.bus.flush()
    else await node.clock.advance(60)
  }
  return { room: room.id, viewers }
}

type Range = { from: number; to: number; present: boolean }

/** The stays of a person: from each join up to the departure, both included, or to the head. */
function stays({ events, head }: Awaited<ReturnType<typeof truth>>, person: number): Range[] {
  const found: Range[] = []
  for (const { seq, type, ref } of events) {
    if (ref !== person) continue
    if (type === 'member.joined') found.push({ from: seq, to: head, present: true })
    const last = found.at(-1)
    if (type === 'member.left' && last !== undefined) Object.assign(last, { to: seq, present: false })
  }
  return found
}

/** The log as the database has it. */
async function truth(node: Node, room: string) {
  const row = await node.store.rooms.byId(room)
  const events = await node.store.events.range(row?.number ?? 0, { after: 0, upto: Number.MAX_SAFE_INTEGER, limit: 100_000 })
  return { head: row?.last_seq ?? 0, events }
}

describe('the hub behind a bus that loses, repeats and delays', () => {
  for (const seed of seeds) {
    test(`delivers each member one gapless stretch per stay, and nothing past a removal (seed ${seed})`, async () => {
      await using node = await openNode(seed, { lose: 0.15, repeat: 0.1, delay: 0.2 })
      const { room, viewers } = await play(node)
      await node.heal()
      const log = await truth(node, room)
      expect(log.events.map(({ seq }) => seq)).toEqual(upTo(1, log.head))
      for (const { call, view, entered } of viewers) {
        const { seqs, gaps } = view.applied(room)
        expect(gaps).toEqual([])
        const mine = stays(log, call.actor.number)
        expect(seqs.filter((seq) => !mine.some(({ from, to }) => seq >= from && seq <= to))).toEqual([])
        for (const { from, to, present } of mine) {
          const heard = seqs.filter((seq) => seq >= from && seq <= to)
          // A viewer hears a stay from where it came in to the very end. Of a stay that ended before its notice arrived it hears nothing.
          expect(heard).toEqual(upTo(heard[0] ?? to + 1, to))
          if (present) expect(heard[0] ?? to + 1).toBeLessThanOrEqual(Math.max(from, entered + 1))
        }
      }
      expect(node.failures).toEqual([])
    })
  }

  test('a node that missed the end of a room, and what went with it, tells the end and nothing else', async () => {
    await using node = await openNode(1, { lose: 1, repeat: 0, delay: 0 })
    const owner = await node.person('owner')
    const { room } = await node.handlers['rooms.create'](owner, { kind: 'group', title: 'sim' })
    const view = await node.view(owner)
    for (let i = 0; i < 250; i++) await node.handlers['messages.send'](owner, { room: room.id, content: 'gone' })
    await node.handlers['rooms.delete'](owner, { room: room.id })
    await eventually(async () => expect(await node.store.rooms.unpurged(10)).toEqual([]))
    const before = view.wire.received.length
    await node.heal()
    const frames = view.wire.received.slice(before).map((text) => JSON.parse(text) as { ev?: string; seq?: number })
    expect(frames.filter(({ ev }) => ev !== undefined)).toMatchObject([{ ev: 'room.deleted', seq: 253 }])
    expect(view.seat.rooms.entries()).toEqual([])
    expect(node.failures).toEqual([])
  })

  test('the end of a room takes off who is in it, and looks at nobody else on the node', async () => {
    await using node = await openNode(1, { lose: 0, repeat: 0, delay: 0 })
    const [owner, other] = [await node.person('owner'), await node.person('other')]
    const { room } = await node.handlers['rooms.create'](owner, { kind: 'group', title: 'ends' })
    await node.handlers['rooms.create'](other, { kind: 'group', title: 'stays' })
    const [inside, outside] = [await node.view(owner), await node.view(other)]
    const { rooms } = outside.seat
    const [has, get] = [spyOn(rooms, 'has'), spyOn(rooms, 'get')]
    await node.handlers['rooms.delete'](owner, { room: room.id })
    expect(inside.seat.rooms.entries()).toEqual([])
    expect([has.mock.calls.length, get.mock.calls.length, rooms.entries().length]).toEqual([0, 0, 1])
  })

  test('a dialect that cannot say an event closes its own sockets, and keeps nothing from the others', async () => {
    await using node = await openNode(1, { lose: 0, repeat: 0, delay: 0 })
    const [owner, other] = [await node.person('owner'), await node.person('other')]
    const { room } = await node.handlers['rooms.create'](owner, { kind: 'group', title: 'sim' })
    await node.handlers['members.add'](owner, { room: room.id, user: other.actor.id })
    const encoders = node.hub.deps.encoders as Map<string, Encoder>
    const speechless = () => {
      throw new Error('no words')
    }
    encoders.set('broken', { ...encoder, room: speechless })
    const broken = await node.view(owner, null, { dialect: 'broken' })
    const [first, second] = [await node.view(owner), await node.view(other)]
    await node.handlers['members.remove'](owner, { room: room.id, user: other.actor.id })
    const { seq } = (await node.handlers['messages.send'](owner, { room: room.id, content: 'heard' })).message
    expect([first.applied(room.id).seqs, second.applied(room.id).seqs]).toEqual([[seq - 1, seq], [seq - 1]])
    expect([broken.wire.closedWith?.code, first.wire.closedWith]).toEqual([1011, null])
    expect(node.failures.join()).toContain('no words')
  })

  test('a room that went on past its ring while somebody entered is entered all the same, and forgotten when they leave', async () => {
    await using node = await openNode(1, { lose: 0, repeat: 0, delay: 0 })
    const owner = await node.person('owner')
    const { room } = await node.handlers['rooms.create'](owner, { kind: 'group', title: 'sim' })
    const { log, metrics } = node.hub.deps
    const stays = log.stays.bind(log)
    let reads = 0
    log.stays = async (user) => {
      // The second read is the one behind which the seat enters.
      if (++reads === 2) for (let i = 0; i < 100; i++) await node.handlers['messages.send'](owner, { room: room.id, content: `${i}` })
      return await stays(user)
    }
    const view = await node.view(owner)
    await node.handlers['messages.send'](owner, { room: room.id, content: 'live' })
    expect(view.applied(room.id).seqs).toEqual([103])
    view.seat.leave()
    node.hub.publishHeads()
    expect((await metrics.hubRooms.get()).values).toMatchObject([{ value: 0 }])
  })

  test('without faults nothing is read from the log twice and nothing waits', async () => {
    await using node = await openNode(1, { lose: 0, repeat: 0, delay: 0 })
    const owner = await node.person('owner')
    const { room } = await node.handlers['rooms.create'](owner, { kind: 'group', title: 'sim' })
    const view = await node.view(owner)
    for (let i = 0; i < 50; i++) await node.handlers['messages.send'](owner, { room: room.id, content: `${i}` })
    expect(view.applied(room.id).seqs).toEqual(upTo(3, 52))
  })
})
