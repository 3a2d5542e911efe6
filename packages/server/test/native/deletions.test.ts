import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@parlance/client'
import { eventually } from '../harness/eventually.ts'
import { createRest } from '../harness/rest.ts'
import { backends, startServer } from '../harness/server.ts'
import { openWorld, password } from '../harness/world.ts'

for (const backend of await backends()) {
  describe(`deleting an account on ${backend.name}`, () => {
    test('closes its sockets within a second, and others see it leave and its texts go', async () => {
      await using world = await openWorld({ env: await backend.env() })
      const [ann, bob] = [await world.person('ann'), await world.person('bob')]
      const room = await world.group([ann, bob])
      const { id } = await world.send(ann, room, 'secret')
      const [own, others] = [await world.socket(ann), await world.socket(bob)]
      await world.rest.call('accounts.delete', { password, messages: 'remove' }, ann)
      const answered = performance.now()
      expect((await own.closed).code).toBe(4401)
      expect(performance.now() - answered).toBeLessThan(1000)
      const gone = { id: ann.id, username: 'deleted user' }
      expect(await others.next('ev', ({ ev }) => ev === 'member.left')).toMatchObject({ room, data: { user: gone, by: null } })
      expect(await others.next('ev', ({ ev }) => ev === 'message.deleted')).toMatchObject({ room, data: { id, n: 1, by: gone } })
      expect((await world.rest.call('rooms.get', { room }, bob)).me?.role).toBe('owner')
      expect((await world.rest.ask('accounts.me', {}, ann)).problem?.code).toBe('unauthenticated')
    })

    test('leaves no text behind of somebody who goes on writing meanwhile, nor a hole in the log', async () => {
      await using world = await openWorld({ env: await backend.env() })
      const [ann, bob] = [await world.person('ann'), await world.person('bob')]
      const [room, open] = [await world.group([bob, ann]), await world.publicRoom(bob)]
      const socket = await world.socket(ann)
      const writing = Array.from({ length: 100 }, async (_, i) => {
        if (i === 50) await world.rest.call('accounts.delete', { password, messages: 'remove' }, ann)
        else socket.send({ id: i + 1, op: 'messages.send', in: { room: i % 2 === 0 ? room : open, content: `secret ${i}` } })
      })
      await Promise.all(writing)
      const { store } = world.server.running.house
      await eventually(async () => (await store.deletions.pending()).length === 0, { timeout_ms: 15_000 })
      for (const place of [room, open]) {
        const { items } = await world.rest.call('messages.list', { room: place, limit: 200 }, bob)
        expect(items.filter(({ content }) => content !== '')).toEqual([])
        expect((await world.rest.call('members.list', { room: place }, bob)).items).toHaveLength(1)
        const { events } = await world.rest.call('rooms.events', { room: place, after: 0 }, bob)
        expect(events.map(({ seq }) => seq).slice(0, 200)).toEqual(events.map((_, index) => index + 1))
      }
    }, 60_000)

    test('is finished after a restart', async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'parlance-deletion-'))
      const env = await backend.env()
      try {
        const first = await startServer({ env, dataDir })
        const rest = createRest(first.url)
        const session = async (username: string) => ({ token: (await rest.call('accounts.register', { username, password })).access_token })
        const [ann, bob] = [await session('ann'), await session('bob')]
        const { room } = await rest.call('rooms.create', { kind: 'group', title: 'both', members: ['name:bob'] }, ann)
        for (let i = 0; i < 30; i += 1) await rest.call('messages.send', { room: room.id, content: `secret ${i}` }, ann)
        await rest.call('accounts.delete', { password, messages: 'remove' }, ann)
        // Whatever it is at: it has not looked for the second time.
        await first[Symbol.asyncDispose]()
        await using second = await startServer({ env, dataDir })
        const { store } = second.running.house
        await eventually(async () => (await store.deletions.pending()).length === 0, { timeout_ms: 10_000 })
        const { items } = await createRest(second.url).call('messages.list', { room: room.id, limit: 200 }, bob)
        expect([items.length, items.filter(({ content }) => content !== '').length]).toEqual([30, 0])
        expect((await createRest(second.url).call('rooms.get', { room: room.id }, bob)).members).toBe(1)
      } finally {
        rmSync(dataDir, { recursive: true, force: true })
      }
    }, 60_000)
  })
}

test('a client of the SDK is signed out when it deletes its account', async () => {
  await using world = await openWorld()
  const ann = await world.person('ann')
  await using client = createClient({ url: world.server.url })
  await client.login(ann.username, password)
  client.connect()
  await client.ready()
  const refusal: unknown = await client.call('accounts.delete', { password: 'wrong', messages: 'keep' }).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'wrong_password' })
  expect(client.session).not.toBeNull()
  await client.call('accounts.delete', { password, messages: 'keep' })
  expect(client.session).toBeNull()
  await eventually(() => client.status.state !== 'ready')
})
