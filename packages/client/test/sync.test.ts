import { describe, expect, test } from 'bun:test'
import type { DownFrame } from '@parlance/protocol'
import fc from 'fast-check'
import { eventually } from '../../server/test/harness/eventually.ts'
import type { Client } from '../src/index.ts'
import { scene } from './peer/scene.ts'

/** The positions of one room's events as they are delivered from now on. */
function delivered(client: Client, room: string): number[] {
  const seqs: number[] = []
  client.on('event', (event) => event.room === room && seqs.push(event.seq))
  return seqs
}
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)

describe('events', () => {
  test('of own rooms come by their names, typed, in order', async () => {
    await using stage = scene()
    const { peer, hall, alice, bob } = stage
    const client = await stage.connected(alice)
    const seen: string[] = []
    client.on('message.created', ({ room, n, data }) => seen.push(`${room === hall.id} ${n} ${data.sender.username} ${data.content}`))
    client.on('message.edited', ({ data }) => seen.push(`edited ${data.n} ${data.message?.content}`))
    client.on('member.left', ({ data }) => seen.push(`left ${data.user.username}`))
    const { message } = peer.world.say(hall, bob, 'hello')
    peer.world.replace(hall, { ...message, content: 'hullo', rev: hall.log.length + 1 }, 'edited')
    peer.world.leave(hall, bob)
    await eventually(() => seen.length === 3)
    expect(seen).toEqual(['true 1 bob hello', 'edited 1 hullo', 'left bob'])
  })

  test('are delivered once and in order whatever the wire loses, doubles or reorders', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(4), { minLength: 1, maxLength: 40, size: 'max' }), async (fates) => {
        await using stage = scene()
        const { peer, hall, bob } = stage
        const client = await stage.connected(stage.alice)
        await client.open(hall.id)
        const seqs = delivered(client, hall.id)
        const first = hall.log.length + 1
        const kept: DownFrame[keyof DownFrame][] = []
        let turn = 0
        peer.wire = (frame) => {
          const fate = fates[turn++ % fates.length]
          if (fate === 0) return []
          if (fate === 1) return [frame, frame]
          if (fate === 2) return (void kept.push(frame), [])
          return [frame, ...kept.splice(0)]
        }
        for (let count = 0; count < 30; count += 1) {
          peer.world.say(hall, bob, `m${count}`)
          if (fates[count] === 4) await client.call('accounts.me', {})
        }
        peer.wire = (frame) => [frame]
        peer.broadcast('head', { head: [[hall.id, hall.log.length, hall.messages.length]] })
        await eventually(() => seqs.length >= 30)
        expect(seqs).toEqual(range(first, hall.log.length))
        expect(client.positions?.rooms[hall.id]).toBe(hall.log.length)
      }),
      { numRuns: 25 },
    )
  }, 60_000)

  test('missed while away are replayed, those of the own log too', async () => {
    await using stage = scene()
    const { peer, hall, alice, bob } = stage
    const client = await stage.connected(alice)
    const seqs = delivered(client, hall.id)
    const joined: string[] = []
    client.on('room.joined', ({ data }) => void joined.push(data.room))
    for (let round = 0; round < 3; round += 1) {
      peer.deaf = true
      peer.cut()
      await eventually(() => client.status.state === 'waiting')
      for (let count = 0; count < 70; count += 1) peer.world.say(hall, bob, `r${round} m${count}`)
      peer.world.join(peer.world.addHall(bob, 'group'), alice)
      peer.deaf = false
      await client.ready()
      expect(client.status).toEqual({ state: 'ready', mode: 'resumed' })
    }
    expect(seqs).toEqual(range(4, hall.log.length))
    expect(joined.length).toBe(3)
  })

  test('beyond what is replayed wait until their room is opened, and unread moves meanwhile', async () => {
    await using stage = scene()
    const { peer, hall, bob } = stage
    const client = await stage.connected(stage.alice)
    const seqs = delivered(client, hall.id)
    peer.replayLimit = 10
    peer.deaf = true
    peer.cut()
    await eventually(() => client.status.state === 'waiting')
    for (let count = 0; count < 50; count += 1) peer.world.say(hall, bob, `m${count}`)
    peer.deaf = false
    await client.ready()
    peer.world.say(hall, bob, 'live')
    await eventually(() => client.marks.some(({ unread }) => unread === 51))
    expect(seqs).toEqual([])
    await client.open(hall.id)
    await eventually(() => seqs.length === 51)
    expect(seqs).toEqual(range(4, hall.log.length))
    peer.world.say(hall, bob, 'live again')
    await eventually(() => seqs.length === 52)
  })

  test('beyond what is replayed come at once to a client that follows everything', async () => {
    await using stage = scene()
    const { peer, hall, bob } = stage
    const client = await stage.connected(stage.alice, { follow: 'all' })
    const seqs = delivered(client, hall.id)
    peer.replayLimit = 10
    peer.deaf = true
    peer.cut()
    await eventually(() => client.status.state === 'waiting')
    for (let count = 0; count < 500; count += 1) peer.world.say(hall, bob, `m${count}`)
    peer.deaf = false
    await eventually(() => seqs.length === 500)
    expect(seqs).toEqual(range(4, hall.log.length))
  })

  test('missed by a former client come to the one that takes up its positions', async () => {
    await using stage = scene()
    const { peer, hall, alice, bob } = stage
    const former = await stage.connected(alice)
    const positions = former.positions
    await former[Symbol.asyncDispose]()
    for (let count = 0; count < 5; count += 1) peer.world.say(hall, bob, `m${count}`)
    const later = stage.client({ resume: positions })
    const seqs = delivered(later, hall.id)
    await later.login('alice', 'alice-password')
    later.connect()
    await later.ready()
    expect(seqs).toEqual(range(4, 8))
  })

  test('of a database that was replaced begin anew, and the host is told', async () => {
    await using stage = scene()
    const { peer, hall, bob } = stage
    for (let count = 0; count < 20; count += 1) peer.world.say(hall, bob, `old ${count}`)
    const client = await stage.connected(stage.alice)
    const resets: (string[] | 'all')[] = []
    client.on('reset', ({ rooms }) => void resets.push(rooms))
    peer.epoch = 'e2'
    hall.log.splice(5)
    hall.messages.splice(2)
    peer.cut()
    await eventually(() => client.status.state === 'ready' && client.status.mode === 'reset')
    expect(resets).toEqual(['all'])
    expect(client.positions).toMatchObject({ epoch: 'e2', rooms: { [hall.id]: 5 } })
    const seqs = delivered(client, hall.id)
    peer.world.say(hall, bob, 'new')
    await eventually(() => seqs.length === 1)
    expect(seqs).toEqual([6])
  })

  test('of a room whose tail was lost begin anew, for that room alone', async () => {
    await using stage = scene()
    const { peer, hall, alice, bob } = stage
    const other = peer.world.addHall(alice, 'group')
    for (let count = 0; count < 20; count += 1) peer.world.say(hall, bob, `old ${count}`)
    const client = await stage.connected(alice)
    const resets: (string[] | 'all')[] = []
    client.on('reset', ({ rooms }) => void resets.push(rooms))
    hall.log.splice(10)
    hall.messages.splice(7)
    peer.cut()
    await eventually(() => client.status.state === 'ready' && client.status.mode === 'resumed')
    expect(resets).toEqual([[hall.id]])
    expect(client.positions?.rooms).toEqual({ [hall.id]: 10, [other.id]: other.log.length })
  })

  test('of a room joined later begin with the join, and end with the departure', async () => {
    await using stage = scene()
    const { peer, alice, bob } = stage
    const other = peer.world.addHall(bob, 'group')
    peer.world.say(other, bob, 'before')
    const client = await stage.connected(alice)
    const seqs = delivered(client, other.id)
    const facts: string[] = []
    client.on('fact', ({ uev }) => void facts.push(uev))
    peer.world.join(other, alice)
    peer.world.say(other, bob, 'meanwhile')
    await eventually(() => client.marks.some(({ room, unread }) => room === other.id && unread === 1))
    peer.world.leave(other, alice)
    peer.world.say(other, bob, 'without her')
    peer.world.join(other, alice)
    peer.world.say(other, bob, 'back')
    await eventually(() => seqs.length === 5)
    expect(seqs).toEqual([4, 5, 6, 8, 9])
    expect(facts).toEqual(['room.joined', 'room.left', 'room.joined'])
    expect(client.marks.find(({ room }) => room === other.id)).toMatchObject({ n: 4, unread: 1 })
  })

  test('of a room joined later are healed even if the log of the join is lost', async () => {
    await using stage = scene()
    const { peer, alice, bob } = stage
    const other = peer.world.addHall(bob, 'group')
    const client = await stage.connected(alice)
    const seqs = delivered(client, other.id)
    peer.wire = (frame) => ('log' in frame ? [] : [frame])
    peer.world.join(other, alice)
    peer.world.say(other, bob, 'one')
    await eventually(() => seqs.length === 2)
    expect(seqs).toEqual([3, 4])
  })

  test('lost from the own log are asked for again', async () => {
    await using stage = scene()
    const { peer, alice, bob } = stage
    const client = await stage.connected(alice)
    const joined: string[] = []
    client.on('room.joined', ({ data }) => void joined.push(data.room))
    peer.wire = (frame) => ('uev' in frame ? [] : [frame])
    const halls = [1, 2, 3].map(() => peer.world.addHall(bob, 'group'))
    for (const hall of halls) peer.world.join(hall, alice)
    peer.broadcast('head', { head: [], useq: alice.useq })
    await eventually(() => joined.length === 3)
    expect(joined).toEqual(halls.map(({ id }) => id))
    expect(client.positions?.useq).toBe(alice.useq)
  })
})

test('a client with more rooms than a hello may name names the open and the liveliest', async () => {
  await using stage = scene()
  const { peer, hall, alice, bob } = stage
  for (let count = 0; count < 600; count += 1) peer.world.addHall(alice, 'group')
  const last = peer.world.addHall(alice, 'group')
  const client = await stage.connected(alice)
  await client.open(last.id)
  peer.world.say(hall, bob, 'lively')
  await eventually(() => client.marks.some(({ room, unread }) => room === hall.id && unread === 1))
  peer.cut()
  await eventually(() => peer.latest.hello?.resume !== undefined)
  await client.ready()
  const named = Object.keys(peer.latest.hello?.resume?.rooms ?? {})
  expect([named.length, named.includes(hall.id), named.includes(last.id)]).toEqual([500, true, true])
  expect(Object.keys(client.positions?.rooms ?? {}).length).toBe(602)
})
