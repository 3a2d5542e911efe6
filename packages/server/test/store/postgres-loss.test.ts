import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { ChatError } from '@parlance/protocol'
import { ManualClock } from '../../src/base/manual-clock.ts'
import type { RoomRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { newUser } from '../contract/store/world.ts'
import { type Postgres, postgres } from '../harness/postgres.ts'
import { faultsOf, makeRoom, makeUsers, openNode, post } from './postgres-nodes.ts'
import { type Wire, wireTo } from './postgres-wire.ts'

const server = await postgres()

describe.skipIf(server === null)('a connection to PostgreSQL that is lost', () => {
  let handle: Postgres
  let url: string
  let wire: Wire
  let store: Store
  let users: number[]
  let room: RoomRow
  beforeAll(async () => {
    handle = server as Postgres
    url = await handle.createDatabase()
    wire = await wireTo(url)
    store = await openNode(wire.url)
    users = await makeUsers(store, 4)
    room = await makeRoom(store, users)
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await wire[Symbol.asyncDispose]()
    await handle[Symbol.asyncDispose]()
  })
  const rowsLike = async (content: string) => {
    await using sql = new SQL(url, { max: 1 })
    return (await sql.unsafe<unknown[]>('select 1 from parlance.messages where content = $1', [content])).length
  }

  for (const how of ['unasked', 'unanswered'] as const) {
    for (const cid of [`cid-${how}`, null]) {
      test(`a send ${how} at its commit, ${cid === null ? 'without' : 'with'} a cid, is stored once and says so`, async () => {
        const [sender = 0] = users
        const content = `text ${how} ${cid}`
        const cut = wire.cut(how, content)
        const outcome = await post(store, { room, sender, cid, content })
        await cut
        expect(outcome).toMatchObject({ status: 'stored', events: [{ type: 'message.created' }] })
        expect(await rowsLike(content)).toBe(1)
      })
    }
  }

  for (const how of ['unasked', 'unanswered'] as const) {
    test(`a reply ${how} at its commit counts once in its thread, and a reaction in its message`, async () => {
      const [sender = 0, other = 0] = users
      const first = await post(store, { room, sender, cid: `first-${how}` })
      if (first.status !== 'stored') throw new Error(first.status)
      const root = (await store.messages.at([{ room: room.number, n: first.n }]))[0]?.id ?? ''
      const cut = wire.cut(how, `reply ${how}`)
      expect(await post(store, { room, sender, cid: null, content: `reply ${how}`, root })).toMatchObject({ status: 'stored' })
      await cut
      expect(await store.messages.byId(room.number, root)).toMatchObject({ replies: 1 })
      const cutAgain = wire.cut(how, 'commit')
      const { acl = 0 } = (await store.rooms.byNumber(room.number)) ?? {}
      await store.queue.react({ room: room.number, user: other, acl, message: root, emoji: 'x', add: true, at: 1 })
      await cutAgain
      expect(await store.messages.byId(room.number, root)).toMatchObject({ reactions: [['x', 1]] })
      expect(await faultsOf(url)).toEqual([])
    })

    test(`a rarer write ${how} at its commit is done once and answers for itself`, async () => {
      const user = newUser()
      const cut = wire.cut(how, 'commit')
      const answer = await store.queue.write('users.create', { user, session: null })
      await cut
      // Run again without a look at what became of the first run, it would meet itself: username_taken.
      expect(answer).toMatchObject({ status: 'created', user: { id: user.id } })
      expect(await store.users.byNameKey(user.name_key)).toMatchObject({ id: user.id })
    })
  }

  test('a send that joins, unanswered at its commit, joins and stores once', async () => {
    const [stranger = 0] = await makeUsers(store, 1)
    const cut = wire.cut('unanswered', 'commit')
    const outcome = await post(store, { room, sender: stranger, cid: 'hello', join: 'member' })
    await cut
    expect(outcome).toMatchObject({ status: 'stored', events: [{ type: 'member.joined', ref: stranger }, { type: 'message.created' }] })
    expect(await store.members.stays(room.number, stranger)).toHaveLength(1)
    expect(await faultsOf(url)).toEqual([])
  })

  test('a server that falls silent at a commit leaves an unknown outcome, and the retry finds the message', async () => {
    const clock = new ManualClock()
    await using patient = await openNode(wire.url, clock)
    const [sender = 0] = users
    const cut = wire.cut('silent', 'into silence')
    const failure = post(patient, { room, sender, cid: 'silence', content: 'into silence' }).catch((error: unknown) => error)
    await cut
    await clock.advance(5_000)
    expect(await failure).toMatchObject({ code: 'unknown_outcome' })
    expect(await post(patient, { room, sender, cid: 'silence', content: 'into silence' })).toMatchObject({ status: 'known' })
    expect(await rowsLike('into silence')).toBe(1)
  })

  test('reads wait for nothing but the next connection', async () => {
    await killAll(url)
    expect(await store.rooms.byNumber(room.number)).toMatchObject({ id: room.id })
    await store.ping()
  })
})

describe.skipIf(server === null)('killing every connection in the middle of sends', () => {
  test('loses nothing that was acknowledged and doubles nothing', { timeout: 60_000 }, async () => {
    await using handle = server as Postgres
    const url = await handle.createDatabase()
    const nodes = [await openNode(url), await openNode(url)]
    const users = await makeUsers(nodes[0] as Store, 10)
    const room = await makeRoom(nodes[0] as Store, users)
    const acked = new Map<string, number>()
    const unsure = new Set<string>()
    let kills = Promise.resolve(0)
    const say = async (node: Store, { sender, text, cid }: { sender: number; text: string; cid: string | null }) => {
      try {
        const outcome = await post(node, { room, sender, cid, content: text })
        if (outcome.status !== 'stored' && outcome.status !== 'known') throw new Error(outcome.status)
        acked.set(text, outcome.status === 'stored' ? outcome.seq : outcome.message.seq)
      } catch (error) {
        if (!(error instanceof ChatError) || !['unknown_outcome', 'overloaded'].includes(error.code)) throw error
        unsure.add(text)
      }
      if (acked.size % 100 === 0) kills = kills.then((count) => killAll(url).then(() => count + 1))
    }
    const talk = async (node: Store, sender: number, name: string) => {
      for (let turn = 0; turn < 100; turn += 1) {
        const text = `${name} ${turn}`
        const cid = turn % 3 === 0 ? null : `${name}-${turn}`
        await say(node, { sender, text, cid })
        while (cid !== null && !acked.has(text)) await say(node, { sender, text, cid })
      }
    }
    await Promise.all(nodes.flatMap((node, which) => users.map((user, index) => talk(node, user, `${which}-${index}`))))
    expect(await kills).toBeGreaterThanOrEqual(15)
    for (const node of nodes) await node[Symbol.asyncDispose]()
    await using sql = new SQL(url, { max: 1 })
    const rows = await sql.unsafe<{ content: string; seq: number }[]>('select content, seq::int from parlance.messages')
    expect(rows.map(({ content }) => content).toSorted()).toEqual([...new Set(rows.map(({ content }) => content))].toSorted())
    const there = new Map(rows.map(({ content, seq }) => [content, seq]))
    expect([...acked].filter(([text, seq]) => there.get(text) !== seq)).toEqual([])
    expect([...there.keys()].filter((text) => !acked.has(text) && !unsure.has(text))).toEqual([])
    expect(await faultsOf(url)).toEqual([])
  })
})

/** Ends every connection to the database but our own, as an administrator or a failover does. */
async function killAll(url: string): Promise<void> {
  await using sql = new SQL(url, { max: 1 })
  await sql.unsafe('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
}
