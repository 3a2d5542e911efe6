import { describe, expect, test } from 'bun:test'
import { backends } from '../harness/server.ts'
import { openWorld } from '../harness/world.ts'

for (const backend of await backends()) {
  describe(`an invitation on ${backend.name}`, () => {
    test('for one person lets in one of a hundred who redeem it at once, and the log says so once', async () => {
      await using world = await openWorld({ env: await backend.env() })
      const ann = await world.person('ann')
      const room = await world.group([ann])
      const { code } = await world.rest.call('invites.create', { room }, ann)
      // As many logins as people: the password hashes are the slow part, not what is tested.
      const people = await Promise.all(Array.from({ length: 20 }, () => world.person('comer')))
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => world.rest.ask('invites.redeem', { code }, people[i % people.length])),
      )
      const codes = new Set(answers.map(({ problem }) => problem?.code))
      expect(codes).toEqual(new Set([undefined, 'invalid_link']))
      expect((await world.rest.call('rooms.get', { room }, ann)).members).toBe(2)
      const { events } = await world.rest.call('rooms.events', { room, after: 0 }, ann)
      expect(events.filter(({ ev }) => ev === 'member.joined')).toHaveLength(2)
    }, 60_000)

    test('lets nobody in who is banned, and leaves its use to others', async () => {
      await using world = await openWorld({ env: await backend.env() })
      const [ann, bob, cy] = [await world.person('ann'), await world.person('bob'), await world.person('cy')]
      const room = await world.group([ann, bob])
      await world.rest.call('bans.set', { room, user: bob.id }, ann)
      const { code } = await world.rest.call('invites.create', { room }, ann)
      expect((await world.rest.ask('invites.redeem', { code }, bob)).problem?.code).toBe('banned')
      expect(await world.rest.call('invites.redeem', { code }, cy)).toMatchObject({ id: room, members: 2 })
    })
  })
}
