import { expect, test } from 'bun:test'
import { type Client, type ClientOptions, createClient, type Timing } from '@parlance/client'
import { eventually } from '../harness/eventually.ts'
import { readFrame } from '../harness/schemas.ts'
import { openWorld, password, type Person, type World } from '../harness/world.ts'
import { blockingProxy } from './blocking-proxy.ts'

const timing: Partial<Timing> = {
  stable_ms: 200,
  backoff: { base_ms: 5, cap_ms: 50 },
  probe: { base_ms: 60_000, cap_ms: 60_000 },
}

/** A client of this person, which checks each frame against what is published. */
async function join(world: World, { username }: Person, options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = createClient({ url: world.server.url, timing, onFrame: (text) => void readFrame(text), ...options })
  await client.login(username, password)
  client.connect()
  await client.ready()
  return client
}

/** What an application hears from a client, by sort. */
function hear(client: Client) {
  const heard = { events: [] as string[], facts: [] as string[], ephemera: new Set<string>(), resets: 0 }
  client.on('event', ({ room, seq, ev }) => heard.events.push(`${room} ${seq} ${ev}`))
  client.on('fact', ({ useq, uev }) => heard.facts.push(`${useq} ${uev}`))
  client.on('typing', ({ user, typing }) => heard.ephemera.add(`typing ${user.username} ${typing}`))
  client.on('receipt', ({ user, read }) => heard.ephemera.add(`receipt ${user.username} ${read}`))
  client.on('presence', ({ user, status }) => heard.ephemera.add(`presence ${user} ${status}`))
  client.on('reset', () => {
    heard.resets += 1
  })
  return heard
}

const ofRoom = ({ events }: { events: string[] }, room: string) => events.filter((event) => event.startsWith(room))

test('where no socket gets through the client falls back, and its application hears the same', async () => {
  await using world = await openWorld()
  await using proxy = await blockingProxy(world.server.url)
  const [ada, bob, eve] = [await world.person('ada'), await world.person('bob'), await world.person('eve')]
  const open = await world.group([ada, bob])
  const other = await world.group([ada, bob])
  const bySocket = await join(world, bob)
  const byStream = await join(world, bob, { url: proxy.url })
  expect(bySocket.status).toEqual({ state: 'ready', mode: 'heads' })
  expect(byStream.status).toEqual({ state: 'ready', mode: 'heads', via: 'stream' })
  const clients = [bySocket, byStream]
  const [left, right] = [hear(bySocket), hear(byStream)]

  await Promise.all(clients.map((client) => client.open(open)))
  for (const client of clients) client.watch([ada.id])
  await eventually(() => [left, right].every(({ ephemera }) => ephemera.has(`presence ${ada.id} offline`)))
  const adas = await join(world, ada)
  await Promise.all([open, other].flatMap((room) => Array.from({ length: 20 }, (_, i) => adas.send(room, `text ${i}`))))
  await adas.call('rooms.typing', { room: open, typing: true })
  const joined = await world.group([eve, bob])
  await world.send(eve, joined, 'welcome')
  const sent = await byStream.send(open, 'from behind the wall')
  await byStream.read(other, 10)
  await adas.call('rooms.read', { room: open, n: sent.message.n })
  await world.rest.call('members.remove', { room: other, user: bob.id }, ada)
  await world.send(ada, other, 'he is gone')

  await eventually(() => {
    for (const { facts, ephemera } of [left, right]) {
      expect(facts.at(-1)).toEndWith('room.left')
      expect([...ephemera]).toContainValues([`typing ${ada.username} true`, `receipt ${ada.username} ${sent.message.n}`])
      expect([...ephemera]).toContain(`presence ${ada.id} online`)
    }
    for (const room of [open, other, joined]) expect(ofRoom(right, room)).toEqual(ofRoom(left, room))
    expect(ofRoom(left, other).at(-1)).toEndWith('member.left')
    expect(ofRoom(left, joined).at(-1)).toEndWith('message.created')
  })
  expect(right.facts).toEqual(left.facts)
  expect(byStream.marks.sort((a, b) => a.room.localeCompare(b.room))).toEqual(bySocket.marks.sort((a, b) => a.room.localeCompare(b.room)))
  expect([left.resets, right.resets]).toEqual([0, 0])
  for (const client of [...clients, adas]) await client[Symbol.asyncDispose]()
}, 60_000)

test('a stream that breaks all the time loses, doubles and reorders nothing', async () => {
  await using world = await openWorld()
  await using proxy = await blockingProxy(world.server.url)
  const [ada, bob] = [await world.person('ada'), await world.person('bob')]
  const rooms = [await world.group([ada, bob]), await world.group([ada, bob])]
  const client = await join(world, bob, { url: proxy.url })
  const heard = hear(client)
  const [open = '', other = ''] = rooms
  await client.open(open)
  const adas = await join(world, ada)
  const sends: Promise<unknown>[] = []
  let reconnects = 0
  client.on('status', ({ state }) => {
    if (state === 'ready') reconnects += 1
  })
  for (let i = 0; i < 60; i++) {
    sends.push(adas.send(open, `text ${i}`), adas.send(other, `text ${i}`), client.send(open, `mine ${i}`))
    if (i % 10 === 5) {
      const before = reconnects
      proxy.cut()
      await eventually(() => reconnects > before)
    }
    await Promise.all(sends.slice(-3))
  }
  await eventually(() => {
    expect(ofRoom(heard, open).length).toBe(120)
    expect(ofRoom(heard, other).length).toBe(60)
  })
  for (const room of rooms) {
    const seqs = ofRoom(heard, room).map((event) => Number(event.split(' ')[1]))
    expect(seqs).toEqual(seqs.map((_, i) => (seqs[0] ?? 0) + i))
  }
  expect(heard.resets).toBe(0)
  for (const one of [client, adas]) await one[Symbol.asyncDispose]()
}, 60_000)

test('the client goes back to the socket once one gets through, without losing a call', async () => {
  await using world = await openWorld()
  await using proxy = await blockingProxy(world.server.url)
  const [ada, bob] = [await world.person('ada'), await world.person('bob')]
  const room = await world.group([ada, bob])
  const client = await join(world, bob, { url: proxy.url, timing: { ...timing, probe: { base_ms: 50, cap_ms: 50 } } })
  const heard = hear(client)
  await client.open(room)
  const isFallenBack = () => client.status.state === 'ready' && client.status.via === 'stream'
  const before = proxy.refused()
  await eventually(() => proxy.refused() > before + 2)
  expect(isFallenBack()).toBe(true)
  proxy.blocks = false
  const calls: Promise<unknown>[] = []
  while (client.status.state !== 'ready' || isFallenBack()) {
    const meta = { round: calls.length }
    calls.push(client.call('messages.send', { room, content: 'no cid', meta }), world.send(ada, room, 'between'))
    await Promise.all(calls.slice(-2))
  }
  const { seq } = await world.send(ada, room, 'the end')
  await eventually(() => heard.events.at(-1) === `${room} ${seq} message.created`)
  const seqs = ofRoom(heard, room).map((event) => Number(event.split(' ')[1]))
  expect(seqs).toEqual(seqs.map((_, i) => (seqs[0] ?? 0) + i))
  await client[Symbol.asyncDispose]()
}, 60_000)

test('a stream outlives its token, and ends with the login', async () => {
  await using world = await openWorld({ limits: { accessTokenSeconds: 8 } })
  await using proxy = await blockingProxy(world.server.url)
  const client = await join(world, await world.person('bob'), { url: proxy.url })
  const statuses: string[] = []
  client.on('status', (status) => statuses.push(JSON.stringify(status)))
  const first = client.session?.access_token
  await eventually(() => client.session?.access_token !== first, { timeout_ms: 15_000 })
  const second = client.session?.access_token
  await eventually(() => client.session?.access_token !== second, { timeout_ms: 15_000 })
  expect(statuses).toEqual([])
  await world.rest.call('accounts.logout', {}, { token: client.session?.access_token ?? '' })
  await eventually(() => client.status.state === 'stopped')
  expect(client.session).toBeNull()
}, 60_000)
