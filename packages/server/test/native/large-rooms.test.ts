import { describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { backends } from '../harness/server.ts'
import { openStream } from '../harness/stream.ts'
import { openWorld, type Person, type World } from '../harness/world.ts'

/** Enough members that the next join makes the room large. They are made by the operator, who needs no password hashes. */
async function fill(world: World, { owner, room, upTo }: { owner: Person; room: string; upTo: number }): Promise<Person[]> {
  const { store, services } = world.server.running.house
  const members: Person[] = []
  while (members.length < upTo - 1) {
    const username = `crowd${members.length}`
    const id = services.newId()
    const names = { username, name_key: username, first_name: '', last_name: '', email: '', owned_email: null }
    await store.queue.write('users.create', { user: { id, ...names, password: null, admin: false, created_at: 0 }, session: null })
    await world.rest.call('members.add', { room, user: id }, owner)
    members.push({ id, username, token: '', refresh: '' })
  }
  return members
}

for (const { name, env } of await backends()) {
  describe(`large rooms on ${name}`, () => {
    test('the join that passes the bound makes a room large, the departure that passes the lower one ends it', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada])
      const crowd = await fill(world, { owner: ada, room, upTo: limits.large_room })
      const socket = await world.socket(ada)
      const isLarge = async () => (await world.rest.call('rooms.get', { room }, ada)).large
      expect(await isLarge()).toBe(false)
      await world.rest.call('members.add', { room, user: bob.id }, ada)
      const joined = await socket.next('ev', ({ ev }) => ev === 'member.joined')
      expect([(joined.data as { large?: boolean }).large, await isLarge()]).toEqual([true, true])

      // From here on only heads come by themselves, coalesced.
      const before = socket.frames.length
      for (let i = 0; i < 5; i++) await world.send(ada, room, `unsolicited ${i}`)
      const { head } = await socket.next('head', (frame) => frame.head.some(([id, , n]) => id === room && n === 5))
      expect(head).toHaveLength(1)
      expect(socket.frames.slice(before).some(({ kind }) => kind === 'ev')).toBe(false)
      await world.rest.call('rooms.typing', { room }, bob)

      // Streams are told the same: heads in the own one, events in that of the room, and in the own one that has it open.
      const [heads, opened, alone] = await Promise.all(
        ['/me/stream', `/me/stream?open=${room}`, `/rooms/${room}/stream`].map((path) => openStream(world.server.url, path, ada)),
      )
      await Promise.all([heads?.next('ready'), opened?.next('ready'), alone?.next('opened')])
      const told = await world.send(ada, room, 'for streams')
      for (const stream of [opened, alone]) await stream?.next('ev', ({ seq }) => seq === told.seq)
      await heads?.next('head', (frame) => frame.head.some(([id, seq]) => id === room && seq === told.seq))
      expect(heads?.positions(room)).toEqual([])
      for (const stream of [heads, opened, alone]) await stream?.[Symbol.asyncDispose]()

      // Whoever opens the room gets its events again, from the position named.
      socket.send({ open: room, after: joined.seq })
      await socket.next('opened')
      const live = await world.send(bob, room, 'opened')
      await socket.next('ev', ({ seq }) => seq === live.seq)
      expect(socket.frames.some(({ kind }) => kind === 'typing')).toBe(false)

      const leaving = [bob, ...crowd].slice(0, limits.large_room + 1 - limits.large_room_ends)
      for (const { id } of leaving) await world.rest.call('members.remove', { room, user: id }, ada)
      const left = await socket.next('ev', ({ ev, data }) => ev === 'member.left' && 'large' in data)
      expect([(left.data as { large?: boolean }).large, await isLarge()]).toEqual([false, false])
    }, 60_000)
  })
}
