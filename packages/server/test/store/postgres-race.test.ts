import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { RoomRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { newId } from '../contract/store/backends.ts'
import { type Postgres, postgres } from '../harness/postgres.ts'
import { aclOf, faultsOf, makeRoom, makeUsers, openNode, post, rollbacksIn } from './postgres-nodes.ts'

const server = await postgres()

describe.skipIf(server === null)('two nodes on one database', () => {
  let handle: Postgres
  let url: string
  beforeAll(() => {
    handle = server as Postgres
  })
  beforeEach(async () => {
    url = await handle.createDatabase()
  })
  afterAll(() => handle[Symbol.asyncDispose]())

  test('write into the same rooms without a gap, a double or a rollback', { timeout: 30_000 }, async () => {
    const nodes = [await openNode(url), await openNode(url)]
    const [one] = nodes
    if (one === undefined) throw new Error('no node')
    const users = await makeUsers(one, 10)
    const rooms = await Promise.all(Array.from({ length: 6 }, () => makeRoom(one, users)))
    const places = new Map<string, Set<string>>()
    const stored = new Map<string, number>()
    await Promise.all(
      users.flatMap((sender, index) =>
        nodes.map(async (node, which) => {
          for (let turn = 0; turn < 60; turn += 1) {
            // Both nodes send every cid, in another order of rooms.
            const room = rooms[(which === 0 ? turn + index : rooms.length * 60 - 1 - turn + index) % rooms.length]
            if (room === undefined) throw new Error('no room')
            const cid = `c${turn % 30}`
            const outcome = await post(node, { room, sender, cid })
            if (outcome.status !== 'stored' && outcome.status !== 'known') throw new Error(outcome.status)
            const { seq, n } = outcome.status === 'stored' ? outcome : outcome.message
            const key = `${room.number} ${sender} ${cid}`
            places.set(key, (places.get(key) ?? new Set()).add(`${seq} ${n}`))
            if (outcome.status === 'stored') stored.set(key, (stored.get(key) ?? 0) + 1)
          }
        }),
      ),
    )
    for (const node of nodes) await node[Symbol.asyncDispose]()
    expect([...places].filter(([, places]) => places.size !== 1)).toEqual([])
    expect([...stored].filter(([, times]) => times !== 1)).toEqual([])
    expect([...stored.keys()].sort()).toEqual([...places.keys()].sort())
    expect(await faultsOf(url)).toEqual([])
    expect(await rollbacksIn(url)).toEqual({ rollbacks: 0, deadlocks: 0 })
  })

  test('give every fact of a user a position of its own, in whatever room and at whichever node it came about', async () => {
    const nodes = [await openNode(url), await openNode(url)] as const
    const [reader = 0, writer = 0] = await makeUsers(nodes[0], 2)
    const rooms = await Promise.all(Array.from({ length: 5 }, () => makeRoom(nodes[0], [writer, reader])))
    const others = await Promise.all(Array.from({ length: 5 }, () => makeRoom(nodes[0], [writer])))
    await Promise.all(rooms.flatMap((room) => Array.from({ length: 40 }, () => post(nodes[0], { room, sender: writer, cid: null }))))
    const positions: number[] = []
    const read = async (room: RoomRow) => {
      for (let n = 1; n <= 40; n += 1) {
        const outcome = await nodes[0].queue.read({ room: room.number, user: reader, n, at: 1 })
        positions.push(...(outcome?.userEvents ?? []).map(({ useq }) => useq))
      }
    }
    const visit = async (room: RoomRow) => {
      const stay = async () => ({ room: room.number, user: reader, by: null, acl: await aclOf(nodes[1], room), at: 1 })
      for (let turn = 0; turn < 20; turn += 1) {
        const joined = await nodes[1].queue.write('members.join', { ...(await stay()), role: 'member', roomMembers: 9, userRooms: 99 })
        const left = await nodes[1].queue.write('members.leave', { ...(await stay()), keepOwner: false })
        if (joined.status !== 'joined' || left.status !== 'left') throw new Error(`${joined.status}, ${left.status}`)
        positions.push(...[...joined.userEvents, ...left.userEvents].map(({ useq }) => useq))
      }
    }
    await Promise.all([...rooms.map(read), ...others.map(visit)])
    const head = (await nodes[0].users.byNumber(reader))?.last_useq
    for (const node of nodes) await node[Symbol.asyncDispose]()
    // One fact of each room from its making, 40 reads of five rooms, 20 visits to five others.
    expect(head).toBe(5 + 200 + 200)
    expect(new Set(positions).size).toBe(400)
    expect(await faultsOf(url)).toEqual([])
    expect(await rollbacksIn(url)).toEqual({ rollbacks: 0, deadlocks: 0 })
  })

  test('mix sends, joins, departures, reads and edits: everything settles and adds up', { timeout: 60_000 }, async () => {
    const nodes = [await openNode(url), await openNode(url)]
    const [one] = nodes
    if (one === undefined) throw new Error('no node')
    const users = await makeUsers(one, 8)
    const rooms = await Promise.all(Array.from({ length: 4 }, (_, index) => makeRoom(one, users.slice(index))))
    const seen = new Map<string, number>()
    const said: Spoken[] = []
    const workers = nodes.flatMap((node, which) =>
      users.map((user, index) => busy({ node, user, users, rooms, said, seen, seed: which * 100 + index + 1 })),
    )
    await Promise.all(workers)
    for (const node of nodes) await node[Symbol.asyncDispose]()
    expect(await faultsOf(url)).toEqual([])
    expect(await rollbacksIn(url)).toEqual({ rollbacks: 0, deadlocks: 0 })
    // Each kind of outcome was met, so that the test above has tried what it says.
    const statuses = [
      'stored',
      'known',
      'joined',
      'present',
      'left',
      'absent',
      'edited',
      'deleted',
      'created',
      'raised',
      'changed',
      'replied',
      'reacted',
    ]
    expect(statuses.filter((status) => !seen.has(status))).toEqual([])
  })
})

type Spoken = { room: RoomRow; id: string }
/** `said`: what everybody may reply and react to. */
type Worker = { node: Store; user: number; users: number[]; rooms: RoomRow[]; said: Spoken[]; seen: Map<string, number>; seed: number }

/** One person at one node, doing sixty things in an order of their own. */
async function busy({ node, user, users, rooms, said, seen, seed }: Worker): Promise<void> {
  let state = seed * 2654435761
  const draw = <T>(from: readonly T[]): T => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) >>> 0
    return from[(state >>> 8) % from.length] as T
  }
  const { queue } = node
  const own: Spoken[] = []
  const change = async (room: RoomRow) => ({ room: room.number, by: user, acl: await aclOf(node, room), at: 1 })
  const deeds: (() => Promise<{ status: string }>)[] = [
    async () => post(node, { room: draw(rooms), sender: user, cid: `x${draw([1, 2, 3, 4, 5, 6, 7, 8])}`, content: 'same', join: 'member' }),
    async () => {
      const room = draw(rooms)
      const outcome = await post(node, { room, sender: user, cid: null, content: 'plain', join: 'member' })
      if (outcome.status === 'stored') {
        const spoken = { room, id: (await node.messages.at([{ room: room.number, n: outcome.n }]))[0]?.id ?? '' }
        own.push(spoken)
        said.push(spoken)
      }
      return outcome
    },
    async () => {
      const read = await queue.read({ room: draw(rooms).number, user, n: draw([1, 5, 50, 500, 5000]), at: 1 })
      return { status: read === null ? 'absent' : read.raised ? 'raised' : 'kept' }
    },
    async () =>
      queue.write('members.join', { ...(await change(draw(rooms))), user: draw(users), role: 'member', roomMembers: 100, userRooms: 100 }),
    async () => queue.write('members.leave', { ...(await change(draw(rooms))), user: draw(users), keepOwner: false }),
    async () => queue.write('members.role', { ...(await change(draw(rooms))), user: draw(users), role: draw(['admin', 'member']) }),
    async () => {
      const mine = draw(own)
      if (mine === undefined) return { status: 'none' }
      const target = { ...(await change(mine.room)), message: mine.id }
      return draw([true, false]) ? queue.write('messages.edit', { ...target, content: 'edited' }) : queue.write('messages.delete', target)
    },
    async () => {
      const mine = draw(said)
      if (mine === undefined) return { status: 'none' }
      const reply = await post(node, { room: mine.room, sender: user, cid: null, content: 'reply', join: 'member', root: mine.id })
      return { status: reply.status === 'stored' ? 'replied' : reply.status }
    },
    async () => {
      const mine = draw(said)
      if (mine === undefined) return { status: 'none' }
      const { room, acl, at } = await change(mine.room)
      const { status } = await queue.react({
        room,
        acl,
        at,
        user,
        message: mine.id,
        emoji: draw(['a', 'b']),
        add: draw([true, true, false]),
      })
      return { status: status === 'changed' ? 'reacted' : status }
    },
    async () => {
      const other = draw(users)
      const plain = { id: newId(), policy: draw(rooms).policy, creator: user, userRooms: 100, at: 1 }
      return queue.write('rooms.direct', { ...plain, a: user, b: other })
    },
  ]
  for (let turn = 0; turn < 60; turn += 1) {
    const { status } = await draw(deeds)()
    seen.set(status, (seen.get(status) ?? 0) + 1)
  }
}
