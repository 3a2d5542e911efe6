import { describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import type { Listener } from '../../src/dialects/dialect.ts'
import type { SignedIn } from '../../src/dispatch.ts'
import { eventually } from '../harness/eventually.ts'
import { MemoryWire } from '../../src/transport/outbound-memory.ts'
import { Connection } from '../../src/transport/connection.ts'
import { Replies } from '../../src/transport/replies.ts'
import { HubSeat } from '../../src/transport/seat.ts'
import { type Node, openNode } from './node.ts'

const quiet = { lose: 0, repeat: 0, delay: 0 }
const deaf: Listener = {
  log: () => undefined,
  ownLog: () => undefined,
  user: () => undefined,
  gone: () => undefined,
  revoked: () => undefined,
}

/** A person and a room of theirs with something in it. */
async function settled(node: Node) {
  const owner = await node.person('owner')
  const { room } = await node.handlers['rooms.create'](owner, { kind: 'group', title: 'sim' })
  for (const content of ['one', 'two']) await node.handlers['messages.send'](owner, { room: room.id, content })
  return { owner, room: room.id }
}

function sit(node: Node, { actor }: SignedIn, listener: Listener = deaf) {
  const wire = new MemoryWire(node.outbound)
  const confirm = () => Promise.resolve()
  return { wire, seat: new HubSeat({ hub: node.hub, wire, dialect: 'native', actor, listener, confirm }) }
}

async function enter(seat: HubSeat, rooms: Record<string, number> | null = null): Promise<void> {
  const pages = seat.enter(rooms && { useq: -1, rooms: new Map(Object.entries(rooms)) })
  while ((await pages.next()).done !== true);
}

/** A listener whose reader takes the first stretch of a log only when told. */
function slowReader() {
  const [told, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const listener: Listener = {
    ...deaf,
    log: () => {
      told.resolve()
      return taken.promise
    },
  }
  return { listener, told: told.promise, take: taken.resolve }
}

/** What the hub keeps for seats. */
async function kept({ hub }: Node) {
  hub.publishHeads()
  const [rooms, users] = await Promise.all([hub.deps.metrics.hubRooms.get(), hub.deps.metrics.hubUsers.get()])
  return { rooms: rooms.values[0]?.value, users: users.values[0]?.value }
}

describe('nothing is kept for a seat that', () => {
  test('went before it entered its rooms', async () => {
    await using node = await openNode(1, quiet)
    const { owner } = await settled(node)
    const { seat } = sit(node, owner)
    seat.leave()
    await enter(seat)
    expect(await kept(node)).toEqual({ rooms: 0, users: 0 })
  })

  test('went while it was told what it had missed', async () => {
    await using node = await openNode(1, quiet)
    const { owner, room } = await settled(node)
    const { listener, told, take } = slowReader()
    const { seat } = sit(node, owner, listener)
    const entered = enter(seat, { [room]: 1 })
    await told
    seat.leave()
    take()
    await entered
    expect(await kept(node)).toEqual({ rooms: 0, users: 0 })
    expect(seat.rooms.entries()).toEqual([])
  })

  test('went while a room it opened was told', async () => {
    await using node = await openNode(1, quiet)
    const { owner, room } = await settled(node)
    const { listener, told, take } = slowReader()
    const { seat } = sit(node, owner, listener)
    const opened = seat.open(room, { mode: 'open', after: 1 })
    await told
    seat.leave()
    take()
    expect(await opened).toBeNull()
    expect(await kept(node)).toEqual({ rooms: 0, users: 0 })
  })

  test('could not enter its rooms, as the log could not be read', async () => {
    await using node = await openNode(1, quiet)
    const { owner } = await settled(node)
    const { log } = node.hub.deps
    const stays = log.stays.bind(log)
    let reads = 0
    log.stays = (user) => (++reads === 2 ? Promise.reject(new Error('no database')) : stays(user))
    const { seat } = sit(node, owner)
    expect(await enter(seat).catch(String)).toBe('Error: no database')
    seat.leave()
    expect(await kept(node)).toEqual({ rooms: 0, users: 0 })
  })

  test('was seated when its socket had closed already', async () => {
    await using node = await openNode(1, quiet)
    const { owner } = await settled(node)
    const origin = { id: 'gone', address: 'sim', proven: () => undefined, ended: () => undefined }
    const dialect = { name: 'native', door: owner.door, lossy: true }
    const gate = { alive: () => undefined } as unknown as ConstructorParameters<typeof Connection>[0]['deps']['gate']
    const deps = { dialect, gate, hub: node.hub, replies: new Replies(), heartbeatMs: 1000, maxFrames: Number.POSITIVE_INFINITY }
    const connection = new Connection({ origin, wire: new MemoryWire(node.outbound), deps })
    connection.closed()
    const seat = connection.sit(owner.actor, deaf)
    await seat.tune('lobby')
    await node.clock.advance(60_000)
    expect(await node.hub.deps.presence.status([owner.actor.number])).toEqual(['offline'])
    expect(await kept(node)).toEqual({ rooms: 0, users: 0 })
  })
})

describe('a room that cannot be read again', () => {
  test('is left as it stood, if the seat was not yet taken off it', async () => {
    await using node = await openNode(1, quiet)
    const { owner, room } = await settled(node)
    const { seat, wire } = sit(node, owner)
    await enter(seat)
    const { log } = node.hub.deps
    const open = log.open.bind(log)
    let reads = 0
    log.open = (user, of) => (++reads === 2 ? Promise.reject(new Error('no database')) : open(user, of))
    expect(await seat.open(room, { mode: 'open' }).catch(String)).toBe('Error: no database')
    expect([seat.rooms.entries().length, wire.closedWith]).toEqual([1, null])
    seat.leave()
    expect(await kept(node)).toEqual({ rooms: 0, users: 0 })
  })

  test('closes a seat that was taken off it to be told its log', async () => {
    await using node = await openNode(1, quiet)
    const { owner, room } = await settled(node)
    const { log } = node.hub.deps
    const { seat, wire } = sit(node, owner)
    await enter(seat)
    log.events = () => Promise.reject(new Error('no database'))
    expect(await seat.open(room, { mode: 'open', after: 1 }).catch(String)).toBe('Error: no database')
    expect([seat.rooms.entries(), wire.closedWith?.code]).toEqual([[], 4408])
    seat.leave()
    expect(await kept(node)).toEqual({ rooms: 0, users: 0 })
  })
})

test('seats sent away from a room take their own holds with them, and not that of one on its way in', async () => {
  await using node = await openNode(1, quiet)
  const { owner, room } = await settled(node)
  await node.handlers['rooms.expiry'](owner, { room, ttl_s: 60 })
  const say = (content: string) => node.handlers['messages.send'](owner, { room, content })
  const seated = sit(node, owner)
  // As the runtime does: whoever is closed has left before the call is over.
  seated.wire.close = () => seated.seat.leave()
  await enter(seated.seat)
  node.bus.mute(true)
  await say('missed')
  await node.clock.advance(60_000)
  await node.retire()
  node.bus.mute(false)

  const { listener, told, take } = slowReader()
  const coming = sit(node, owner, listener)
  const opened = coming.seat.open(room, { mode: 'open', after: 1 })
  await told
  await say('found to be missing')
  await node.heal()
  expect([seated.seat.hasLeft, await kept(node)]).toEqual([true, { rooms: 1, users: 1 }])
  take()
  await opened
  await say('heard')
  expect(coming.wire.received.join()).toContain('heard')
  coming.seat.leave()
  expect(await kept(node)).toEqual({ rooms: 0, users: 0 })
})

test('a conversation that breaks on what it is told ends alone', async () => {
  await using node = await openNode(1, quiet)
  const { owner, room } = await settled(node)
  const broken = () => {
    throw new Error('a bug')
  }
  const facts: string[] = []
  const first = sit(node, owner, { ...deaf, user: broken, gone: broken })
  const second = sit(node, owner, { ...deaf, user: ({ type }) => void facts.push(type) })
  for (const { seat } of [first, second]) await enter(seat)
  await node.handlers['rooms.delete'](owner, { room })
  await eventually(() => facts.includes('room.gone'))
  expect([first, second].map(({ wire }) => wire.closedWith?.code)).toEqual([1011, undefined])
  expect(await kept(node)).toEqual({ rooms: 0, users: 1 })
  expect(node.failures.join()).toContain('a conversation broke on what it was told')
})

test('of the facts that come while the log is told so many are kept at most, and none is missing', async () => {
  await using node = await openNode(1, quiet)
  const { owner, room } = await settled(node)
  const other = await node.person('other')
  await node.handlers['members.add'](owner, { room, user: other.actor.id })
  const { log } = node.hub.deps
  const userEvents = log.userEvents.bind(log)
  let reads = 0
  log.userEvents = async (user, range) => {
    const page = await userEvents(user, range)
    // More than are kept, behind what was just read.
    for (let i = 0; reads === 0 && i < 2 * limits.history_max; i++) {
      const { message } = await node.handlers['messages.send'](other, { room, content: `${i}` })
      await node.handlers['rooms.read'](owner, { room, n: message.n })
    }
    reads++
    return page
  }
  let kept = 0
  const { seat } = sit(node, owner, { ...deaf, user: () => void kept++ })
  await enter(seat)
  const [head] = await log.userHeads([owner.actor.number])
  expect([seat.openHeads().useq, kept <= limits.history_max]).toEqual([head?.useq ?? 0, true])
})
