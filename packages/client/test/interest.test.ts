import { describe, expect, test } from 'bun:test'
import type { RoomEventFrame } from '@parlance/protocol'
import { eventually } from '../../server/test/harness/eventually.ts'
import type { Client } from '../src/index.ts'
import { scene, statuses } from './peer/scene.ts'

const texts = (client: Client): string[] => {
  const seen: string[] = []
  client.on('message.created', ({ data }) => void seen.push(data.content))
  return seen
}

describe('an open room', () => {
  test('is opened again on every connection, from where it stood', async () => {
    await using stage = scene()
    const { peer, alice, bob } = stage
    const lobby = peer.world.addHall(bob, 'public', { name: 'lobby' })
    const client = await stage.connected(alice)
    const seen = texts(client)
    await client.open(lobby.id)
    peer.world.say(lobby, bob, 'one')
    await eventually(() => seen.length === 1)
    peer.deaf = true
    peer.cut()
    await eventually(() => client.status.state === 'waiting')
    peer.world.say(lobby, bob, 'two')
    peer.deaf = false
    await eventually(() => seen.length === 2)
    client.close(lobby.id)
    await client.call('accounts.me', {})
    peer.world.say(lobby, bob, 'unheard')
    await client.call('accounts.me', {})
    expect(seen).toEqual(['one', 'two'])
    expect(peer.latest.open.size).toBe(0)
  })

  test('is named by its id, as are people: anything else is refused without costing the connection', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    expect(await client.open('name:lobby').catch((error: unknown) => error)).toMatchObject({ code: 'invalid_input' })
    expect(() => client.watch(['me'])).toThrow('by their ids')
    expect(() => client.watch(Array.from({ length: 201 }, () => stage.bob.id))).toThrow('200 at most')
    expect((await client.call('accounts.me', {})).username).toBe('alice')
    expect(client.status.state).toBe('ready')
  })

  test('is refused where one may not look', async () => {
    await using stage = scene()
    const secret = stage.peer.world.addHall(stage.bob, 'group')
    const client = await stage.connected(stage.alice)
    const told: string[] = []
    client.on('refused', ({ room, error }) => void told.push(`${room === secret.id} ${error.code}`))
    expect(await client.open(secret.id).catch((error: unknown) => error)).toMatchObject({ code: 'not_found' })
    expect(told).toEqual(['true not_found'])
  })

  test('asked for before there is a connection opens once there is', async () => {
    await using stage = scene()
    const client = stage.client()
    await client.login('alice', 'alice-password')
    const opened = client.open(stage.hall.id)
    client.connect()
    await opened
    expect([...stage.peer.latest.open]).toEqual([stage.hall.id])
  })

  test('shows typing, receipts and the presence of those watched', async () => {
    await using stage = scene()
    const { hall, alice, bob } = stage
    const [hers, his] = [await stage.connected(alice), await stage.connected(bob)]
    const seen: string[] = []
    hers.on('typing', ({ user, typing }) => seen.push(`${user.username} typing ${typing}`))
    hers.on('receipt', ({ user, read }) => seen.push(`${user.username} read ${read}`))
    hers.on('presence', ({ user, status }) => seen.push(`${user === bob.id} ${status}`))
    await hers.open(hall.id)
    hers.watch([bob.id])
    await his.call('rooms.typing', { room: hall.id })
    await hers.send(hall.id, 'hello')
    await his.read(hall.id, 1)
    await eventually(() => seen.length === 3)
    expect(seen).toEqual(['true online', 'bob typing true', 'bob read 1'])
  })
})

describe('the unread mark', () => {
  test('rises with what others write and falls with reading, here or elsewhere', async () => {
    await using stage = scene()
    const { peer, hall, alice, bob } = stage
    peer.world.say(hall, bob, 'before')
    const client = await stage.connected(alice)
    const mark = () => client.marks.find(({ room }) => room === hall.id)?.unread
    expect(mark()).toBe(1)
    peer.world.say(hall, bob, 'live')
    await eventually(() => mark() === 2)
    await client.read(hall.id, 1)
    expect(mark()).toBe(1)
    const elsewhere = await stage.connected(alice)
    await elsewhere.read(hall.id, 2)
    await eventually(() => mark() === 0)
    await client.send(hall.id, 'mine')
    expect(mark()).toBe(0)
  })
})

test('a listener that throws disturbs nobody', async () => {
  await using stage = scene()
  const errors: unknown[] = []
  const client = await stage.connected(stage.alice, { onError: (error) => void errors.push(error) })
  const seen: RoomEventFrame[] = []
  client.on('event', () => {
    throw new Error('mine')
  })
  const off = client.on('event', (event) => void seen.push(event))
  stage.peer.world.say(stage.hall, stage.bob, 'one')
  await eventually(() => seen.length === 1)
  off()
  stage.peer.world.say(stage.hall, stage.bob, 'two')
  await eventually(() => errors.length === 2)
  expect(seen.length).toBe(1)
  expect(statuses(client)).toEqual([])
})
