import { describe, expect, test } from 'bun:test'
import { type Client, type ClientOptions, createClient, type Status } from '@parlance/client'
import { seededRandom } from '../../src/base/random.ts'
import { eventually } from '../harness/eventually.ts'
import { readFrame } from '../harness/schemas.ts'
import { startServer } from '../harness/server.ts'
import { openWorld, type World } from '../harness/world.ts'
import { breakingWire } from './breaking-wire.ts'

const timing = { stable_ms: 200, backoff: { base_ms: 5, cap_ms: 50 } }
const password = 'correct horse battery'

/** A new person with a client, which checks each frame against what is published. */
async function newcomer(world: World, name: string, options: Partial<ClientOptions> = {}): Promise<Client> {
  const { username } = await world.person(name)
  const client = createClient({ url: world.server.url, timing, onFrame: (text) => void readFrame(text), ...options })
  await client.login(username, password)
  client.connect()
  await client.ready()
  return client
}

const idOf = (client: Client) => client.user?.id ?? ''

async function groupOf(owner: Client, ...others: Client[]): Promise<string> {
  const { room } = await owner.call('rooms.create', { kind: 'group', title: 'group', members: others.map(idOf) })
  return room.id
}

/** Positions of one room's events as they are delivered, and the texts of its messages. */
function follow(client: Client, room: string): { seqs: number[]; texts: string[] } {
  const seen = { seqs: [] as number[], texts: [] as string[] }
  client.on('event', (event) => {
    if (event.room !== room) return
    seen.seqs.push(event.seq)
    if (event.ev === 'message.created') seen.texts.push(event.data.content)
  })
  return seen
}

describe('the client', () => {
  test('loses, doubles and reorders nothing over a wire that breaks all the time', async () => {
    await using world = await openWorld()
    await using wire = await breakingWire(world.server.url)
    const clients = await Promise.all(['a', 'b', 'c', 'd'].map((name) => newcomer(world, name, { url: wire.url, follow: 'all' })))
    const [first, ...others] = clients
    if (first === undefined) throw new Error('nobody is here')
    const room = await groupOf(first, ...others)
    await eventually(() => clients.every(({ positions }) => positions?.rooms[room] !== undefined))
    const start = clients.map(({ positions }) => positions?.rooms[room] ?? 0)
    const seen = clients.map((client) => follow(client, room))

    // Mostly a handshake and a little more; now and then enough for the largest replay page, or there would be no progress at all.
    const random = seededRandom(20)
    wire.lasts = () => (random.fraction() < 0.03 ? 100_000 : 2000 + Math.floor(random.fraction() * 25_000))
    wire.cut()
    const sends = clients.flatMap((client, who) => Array.from({ length: 40 }, (_, index) => client.send(room, `${who}:${index}`)))
    const acks = await Promise.all(sends)
    expect(new Set(acks.map(({ message }) => message.id)).size).toBe(160)
    expect(wire.breaks()).toBeGreaterThan(15)
    wire.lasts = () => Number.POSITIVE_INFINITY
    wire.cut()
    await eventually(() => seen.every(({ texts }) => texts.length >= 160), { timeout_ms: 15_000 })

    const { items } = await first.call('messages.list', { room, limit: 200 })
    const truth = items.map(({ content }) => content)
    expect(truth.length).toBe(160)
    for (const who of clients.keys()) {
      expect(truth.filter((text) => text.startsWith(`${who}:`))).toEqual(Array.from({ length: 40 }, (_, index) => `${who}:${index}`))
      expect(seen[who]?.texts).toEqual(truth)
      const from = start[who] ?? 0
      expect(seen[who]?.seqs).toEqual(Array.from({ length: seen[who]?.seqs.length ?? 0 }, (_, index) => from + 1 + index))
    }
    for (const client of clients) await client[Symbol.asyncDispose]()
  }, 60_000)

  test('comes back after the server was started anew, and misses nothing', async () => {
    await using world = await openWorld()
    const [alice, bob] = [await newcomer(world, 'alice'), await newcomer(world, 'bob')]
    const room = await groupOf(alice, bob)
    const seen = follow(bob, room)
    await alice.send(room, 'before')
    await eventually(() => seen.texts.length === 1)
    const { port } = new URL(world.server.url)
    await world.server.running[Symbol.asyncDispose]()
    const later = alice.send(room, 'meanwhile')
    await eventually(() => alice.status.state === 'waiting' || alice.status.state === 'connecting')
    await using _again = await startServer({ dataDir: world.server.dataDir, env: { PORT: port } })
    await later
    await eventually(() => seen.texts.length === 2, { timeout_ms: 15_000 })
    expect(seen.texts).toEqual(['before', 'meanwhile'])
    await alice[Symbol.asyncDispose]()
    await bob[Symbol.asyncDispose]()
  }, 60_000)

  test('takes up where a former one stood', async () => {
    await using world = await openWorld()
    const [alice, bob] = [await newcomer(world, 'alice'), await newcomer(world, 'bob')]
    const room = await groupOf(alice, bob)
    await eventually(() => bob.positions?.rooms[room] !== undefined)
    const { session, positions } = bob
    await bob[Symbol.asyncDispose]()
    for (let count = 0; count < 300; count += 1) await alice.call('messages.send', { room, content: `m${count}` })

    const later = createClient({ url: world.server.url, timing, session, resume: positions, follow: 'all' })
    const seen = follow(later, room)
    later.connect()
    await later.ready()
    expect(later.status).toEqual({ state: 'ready', mode: 'resumed' })
    await eventually(() => seen.texts.length === 300)
    expect(seen.texts).toEqual(Array.from({ length: 300 }, (_, index) => `m${index}`))
    await later[Symbol.asyncDispose]()
    await alice[Symbol.asyncDispose]()
  }, 60_000)

  test('keeps its connection when its token is renewed, and loses it when its session is ended', async () => {
    await using world = await openWorld()
    const frames: string[] = []
    const alice = await newcomer(world, 'alice', { onFrame: (text) => void frames.push(text) })
    const statuses: Status[] = []
    alice.on('status', (status) => void statuses.push(status))
    await alice.refresh()
    await eventually(() => frames.some((text) => text.startsWith('{"auth":')))
    expect(statuses).toEqual([])

    const elsewhere = createClient({ url: world.server.url, session: alice.session })
    await elsewhere.logout()
    await eventually(() => alice.status.state === 'stopped')
    expect(alice.status).toMatchObject({ error: { code: 'invalid_refresh' } })
    expect(alice.session).toBeNull()
  })

  test('hears of typing, receipts and presence, and of rooms it joins and leaves', async () => {
    await using world = await openWorld()
    const [alice, bob] = [await newcomer(world, 'alice'), await newcomer(world, 'bob')]
    const { room } = await alice.call('rooms.create', { kind: 'public', name: 'tea' })
    const heard: string[] = []
    alice.on('typing', ({ user, typing }) => user.id === idOf(bob) && heard.push(`typing ${typing}`))
    alice.on('receipt', ({ user, read }) => user.id === idOf(bob) && heard.push(`read ${read}`))
    alice.on('presence', ({ status }) => heard.push(`presence ${status}`))
    const facts: string[] = []
    bob.on('fact', ({ uev }) => void facts.push(uev))
    await alice.open(room.id)
    await bob.open(room.id)
    await bob.send(room.id, 'I am in')
    await eventually(() => facts.includes('room.joined'))
    alice.watch([idOf(bob)])
    await eventually(() => heard.includes('presence online'))
    await bob.call('rooms.typing', { room: room.id })
    await eventually(() => heard.includes('typing true'))
    const { message } = await alice.send(room.id, 'welcome')
    await bob.read(room.id, message.n)
    await eventually(() => heard.includes(`read ${message.n}`))
    await bob.call('rooms.leave', { room: room.id })
    await eventually(() => facts.includes('room.left') && bob.positions?.rooms[room.id] === undefined)
    await alice[Symbol.asyncDispose]()
    await bob[Symbol.asyncDispose]()
  })

  test('counts what is unread as the server does', async () => {
    await using world = await openWorld()
    const [alice, bob] = [await newcomer(world, 'alice'), await newcomer(world, 'bob')]
    const room = await groupOf(alice, bob)
    const agree = async () => {
      const { me } = await bob.call('rooms.get', { room })
      const mark = bob.marks.find((each) => each.room === room)
      return mark !== undefined && me !== null && mark.unread === me.unread && mark.read === me.read
    }
    for (const text of ['one', 'two', 'three']) await alice.send(room, text)
    await eventually(async () => (await agree()) && bob.marks.find((each) => each.room === room)?.unread === 3)
    await bob.read(room, 2)
    await eventually(agree)
    await bob.send(room, 'four')
    await eventually(agree)
    bob.disconnect()
    await alice.send(room, 'five')
    bob.connect()
    await bob.ready()
    await eventually(async () => (await agree()) && bob.marks.find((each) => each.room === room)?.unread === 1)
    await alice[Symbol.asyncDispose]()
    await bob[Symbol.asyncDispose]()
  })
})
