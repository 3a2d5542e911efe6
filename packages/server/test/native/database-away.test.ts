import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { type Postgres, postgres } from '../harness/postgres.ts'
import { openWorld, type Person, type World } from '../harness/world.ts'
import { type Failing, type Wire, wireTo } from '../store/postgres-wire.ts'

const server = await postgres()

describe.skipIf(server === null)('while its PostgreSQL is away, a server', () => {
  let handle: Postgres
  let wire: Wire
  let world: World
  let ada: Person
  let room: string
  beforeAll(async () => {
    handle = server as Postgres
    wire = await wireTo(await handle.createDatabase())
    world = await openWorld({ env: { DATABASE_URL: wire.url } })
    ada = await world.person('ada')
    room = await world.publicRoom(ada)
  })
  afterAll(async () => {
    await world[Symbol.asyncDispose]()
    await wire[Symbol.asyncDispose]()
    await handle[Symbol.asyncDispose]()
  })

  const ready = async () => (await world.rest.raw('GET', '/readyz')).status
  const linesOf = (text: string) => world.server.lines.filter((line) => line.includes(`"${text}"`))
  const askAll = () =>
    Promise.all([
      world.rest.ask('rooms.list', {}, ada),
      world.rest.ask('messages.list', { room, limit: 1 }, ada),
      world.rest.ask('messages.send', { room, content: 'hello', cid: crypto.randomUUID() }, ada),
      world.rest.ask('accounts.login', { username: ada.username, password: 'wrong horse battery' }),
    ])

  for (const how of ['refused', 'silent'] satisfies Failing[]) {
    test(`is not ready, refuses everything as overloaded and nothing as its own fault, and comes back by itself (${how})`, async () => {
      const told = [linesOf('the database does not answer').length, linesOf('the database answers again').length]
      wire.fail(how)
      const began = performance.now()
      expect(await ready()).toBe(503)
      // Long before a lone read is given up.
      expect(performance.now() - began).toBeLessThan(8_000)
      const answers = await askAll()
      expect(answers.map(({ status, problem }) => [status, problem?.code])).toEqual(answers.map(() => [503, 'overloaded']))
      wire.mend()
      await eventually(async () => (await ready()) === 200, { timeout_ms: 20_000 })
      expect(await world.send(ada, room, `after ${how}`)).toMatchObject({ n: how === 'refused' ? 1 : 2 })
      expect([linesOf('the database does not answer').length, linesOf('the database answers again').length]).toEqual(
        told.map((count) => count + 1),
      )
      expect(linesOf('a request failed').concat(linesOf('an operation failed'))).toEqual([])
    }, 60_000)
  }
})
