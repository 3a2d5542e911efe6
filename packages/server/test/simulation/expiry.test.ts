import { expect, test } from 'bun:test'
import { type Node, openNode } from './node.ts'

const quiet = { lose: 0, repeat: 0, delay: 0 }

async function forgetful(node: Node) {
  const owner = await node.person('owner')
  const { room } = await node.handlers['rooms.create'](owner, { kind: 'group', title: 'sim' })
  await node.handlers['rooms.expiry'](owner, { room: room.id, ttl_s: 60 })
  const say = async (content: string) => (await node.handlers['messages.send'](owner, { room: room.id, content })).message
  return { owner, room: room.id, say }
}

type Frame = { eph?: string; seq?: number; n?: number; log?: { after: number; upto: number; floor: number; events: { seq: number }[] } }
const framesOf = (received: readonly string[]): Frame[] => received.map((text) => JSON.parse(text) as Frame)

test('who is connected hears of the floor, and goes on without a gap', async () => {
  await using node = await openNode(1, quiet)
  const { owner, room, say } = await forgetful(node)
  const view = await node.view(owner)
  const old = await say('old')
  await node.clock.advance(60_000)
  await node.retire()
  const next = await say('next')
  expect(framesOf(view.wire.received).filter(({ eph }) => eph === 'floor')).toMatchObject([{ seq: old.seq, n: old.n }])
  expect(view.applied(room)).toEqual({ seqs: [old.seq, next.seq], gaps: [] })
})

test('who comes back from below the floor is told of it in one page, however much is gone, and of all that is left', async () => {
  await using node = await openNode(1, quiet)
  const { owner, room, say } = await forgetful(node)
  for (let i = 0; i < 700; i += 1) await say(`${i}`)
  await node.clock.advance(60_000)
  const left = [await say('a'), await say('b')]
  await node.retire()
  const view = await node.view(owner, { [room]: 5 })
  const logs = framesOf(view.wire.received).flatMap(({ log }) => log ?? [])
  expect(logs).toMatchObject([{ after: 5, upto: left[1]?.seq, floor: (left[0]?.seq ?? 0) - 1 }])
  expect(logs.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual(left.map(({ seq }) => seq))
})

test('who comes back to a room where everything is gone stands at its head', async () => {
  await using node = await openNode(1, quiet)
  const { owner, room, say } = await forgetful(node)
  const last = await say('gone')
  await node.clock.advance(60_000)
  await node.retire()
  const view = await node.view(owner, { [room]: 1 })
  expect(framesOf(view.wire.received).flatMap(({ log }) => log ?? [])).toMatchObject([
    { after: 1, upto: last.seq, floor: last.seq, events: [] },
  ])
  const next = await say('next')
  expect(view.applied(room)).toEqual({ seqs: [next.seq], gaps: [] })
})

test('a node that missed what is retired by now goes on behind it, and looks anew at who is seated', async () => {
  await using node = await openNode(1, quiet)
  const { owner, room, say } = await forgetful(node)
  const other = await node.person('other')
  await node.handlers['members.add'](owner, { room, user: other.actor.id })
  const view = await node.view(other)
  node.bus.mute(true)
  await node.handlers['members.remove'](owner, { room, user: other.actor.id })
  await say('missed')
  await node.clock.advance(60_000)
  await node.retire()
  node.bus.mute(false)
  await say('after')
  await node.heal()
  // The removal is in no log any more; the socket is sent away before it could hear what came after.
  expect(view.wire.closedWith).toMatchObject({ code: 4408 })
  expect(view.wire.received.join()).not.toContain('after')
  const back = await node.view(owner)
  const next = await say('next')
  expect(back.applied(room).seqs).toEqual([next.seq])
  expect(node.failures).toEqual([])
})

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`messages that disappear while the bus loses and delays cost a client nothing that is left (seed ${seed})`, async () => {
    await using node = await openNode(seed, { lose: 0.2, repeat: 0.1, delay: 0.2 })
    const { owner, room, say } = await forgetful(node)
    const view = await node.view(owner)
    for (let step = 0; step < 80; step += 1) {
      const roll = node.random.fraction()
      if (roll < 0.7) await say(`${step}`)
      else if (roll < 0.8) await node.clock.advance(20_000)
      else if (roll < 0.9) await node.retire()
      else await node.heal()
    }
    await node.heal()
    const row = await node.store.rooms.byId(room)
    const kept = await node.store.events.range(row?.number ?? 0, { after: 0, upto: Number.MAX_SAFE_INTEGER, limit: 1000 })
    const { seqs } = view.applied(room)
    if (view.wire.closedWith === null) expect(kept.filter(({ seq }) => seq > (seqs[0] ?? 0) && !seqs.includes(seq))).toEqual([])
    const late = await node.view(owner, { [room]: 0 })
    expect(late.applied(room).seqs).toEqual(kept.map(({ seq }) => seq))
    expect(node.failures).toEqual([])
  })
}
