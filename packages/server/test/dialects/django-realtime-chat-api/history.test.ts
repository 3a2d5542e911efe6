import { expect, test } from 'bun:test'
import { native } from '../../../src/dialects/native/native.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { before, messages, older } from './people.ts'

/** Writes so many numbered messages into a room, as fast as the gate takes them. */
async function fill({ server }: World, { room, token, count }: { room: string; token: string; count: number }): Promise<void> {
  const { gate } = server.running.house
  const actor = await gate.authenticate(token)
  const call = { actor, lane: {}, door: native({ access: 60, refresh: 60 }).door, requestId: 'test', address: '127.0.0.1' }
  for (let at = 0; at < count; at += 1000) {
    const batch = Array.from({ length: Math.min(1000, count - at) }, (_, i) =>
      gate.call('messages.send', call, { room, content: `m${at + i}` }),
    )
    await Promise.all(batch)
  }
}

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `m${from + i}`)

test('the newest ten thousand messages come whole and in order, deleted ones left out', async () => {
  await using world = await openWorld()
  const people = older(world)
  const ann = await people.person('ann')
  await using socket = await people.open(ann, 'long')
  await before(socket, 'm-1')
  const { id: room } = await world.rest.call('rooms.get', { room: 'name:long' }, { token: ann.access })

  await fill(world, { room, token: ann.access, count: 199 })
  expect(messages(await people.history(ann, 'long'))).toEqual(['m-1', ...numbered(0, 199)])
  await fill(world, { room, token: ann.access, count: 1 })
  expect(messages(await people.history(ann, 'long'))).toEqual(['m-1', ...numbered(0, 199), 'm0'])

  await fill(world, { room, token: ann.access, count: 10_050 })
  expect(messages(await people.history(ann, 'long'))).toEqual(numbered(50, 10_050))

  const { items } = await world.rest.call('messages.list', { room, limit: 3 }, { token: ann.access })
  for (const { id } of items) await world.rest.call('messages.delete', { room, message: id }, { token: ann.access })
  expect(messages(await people.history(ann, 'long'))).toEqual(numbered(50, 10_047))
}, 60_000)

test('a long history outlasts its reader’s budget: it comes slower, and whole', async () => {
  const plenty = { burst: 10_000, perMinute: 600_000 }
  const ratesPerUser = { auth: plenty, read: { burst: 5, perMinute: 600 }, write: plenty, send: plenty, ephemeral: plenty }
  await using world = await openWorld({ env: { RATE_LIMIT: 'on' }, limits: { ratesPerUser } })
  const people = older(world)
  const ann = await people.person('ann')
  const { room } = await world.rest.call('rooms.create', { kind: 'public', name: 'budget' }, { token: ann.access })
  await fill(world, { room: room.id, token: ann.access, count: 3000 })
  expect(messages(await people.history(ann, 'budget'))).toEqual(numbered(0, 3000))
}, 60_000)

test('a message deleted at another door is gone from the history and no frame tells of it', async () => {
  await using world = await openWorld()
  const people = older(world)
  const ann = await people.person('ann')
  await using socket = await people.open(ann, 'gone')
  await before(socket, 'first')
  await before(socket, 'second')
  const [message] = (await world.rest.call('messages.list', { room: 'name:gone' }, { token: ann.access })).items
  await world.rest.call('messages.edit', { room: 'name:gone', message: message?.id ?? '', content: 'changed' }, { token: ann.access })
  expect(messages(await people.history(ann, 'gone'))).toEqual(['changed', 'second'])
  await world.rest.call('messages.delete', { room: 'name:gone', message: message?.id ?? '' }, { token: ann.access })
  expect(messages(await people.history(ann, 'gone'))).toEqual(['second'])
  expect(await before(socket, 'third')).toEqual([])
})
