import { describe, expect, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { postgres } from '../harness/postgres.ts'
import { openWorld } from '../harness/world.ts'
import { type Failing, wireTo } from '../store/postgres-wire.ts'

const server = await postgres()

describe.skipIf(server === null)('while its PostgreSQL is away, a server', () => {
  for (const how of ['refused', 'silent'] satisfies Failing[]) {
    test(`is not ready, refuses everything as overloaded and nothing as its own fault, and comes back by itself (${how})`, async () => {
      await using handle = server
      if (handle === null) throw new Error('no PostgreSQL')
      await using wire = await wireTo(await handle.createDatabase())
      await using world = await openWorld({ env: { DATABASE_URL: wire.url } })
      const ada = await world.person('ada')
      const room = await world.publicRoom(ada)
      const ready = async () => (await world.rest.raw('GET', '/readyz')).status
      const linesOf = (text: string) => world.server.lines.filter((line) => line.includes(`"${text}"`))

      wire.fail(how)
      const began = performance.now()
      expect(await ready()).toBe(503)
      // Long before a lone read is given up.
      expect(performance.now() - began).toBeLessThan(8_000)
      const answers = await Promise.all([
        world.rest.ask('rooms.list', {}, ada),
        world.rest.ask('messages.list', { room, limit: 1 }, ada),
        world.rest.ask('messages.send', { room, content: 'hello', cid: crypto.randomUUID() }, ada),
        world.rest.ask('accounts.login', { username: ada.username, password: 'wrong horse battery' }),
      ])
      expect(answers.map(({ status, problem }) => [status, problem?.code])).toEqual(answers.map(() => [503, 'overloaded']))

      wire.mend()
      await eventually(async () => (await ready()) === 200, { timeout_ms: 20_000 })
      expect(await world.send(ada, room, 'after')).toMatchObject({ n: 1 })
      const told = ['the database does not answer', 'the database answers again'].map((text) => linesOf(text).length)
      expect(told).toEqual([1, 1])
      expect([...linesOf('a request failed'), ...linesOf('an operation failed')]).toEqual([])
    }, 60_000)
  }
})
