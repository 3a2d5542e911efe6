import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type InputOf, type OperationName, operationList, operations } from '@parlance/protocol'
import { Refused } from '../harness/schemas.ts'
import { connect, SocketClosed, type TestSocket } from '../harness/socket.ts'
import { openWorld, type World } from '../harness/world.ts'
import { type Cast, type Ids, makeCast, makeScene, type Named, type Role, roles, type Scene, signIn, unknownOf } from './cast.ts'
import { calls, outcomes } from './rows.ts'
import { type Call, type Line, linesOf } from './table.ts'

const lines = outcomes.flatMap(linesOf)
const callOf = <N extends OperationName>(name: N) => (calls as unknown as { [K in N]: Call<K> })[name]
/** Signs everybody in and makes a scene for every call that changes one. */
const patience = 120_000

let world: World
let cast: Cast
let scene: Scene | null = null
/** One socket for each of the cast, made when it is first used. */
const sockets = new Map<Named, TestSocket>()

beforeAll(async () => {
  world = await openWorld()
  cast = await makeCast(world)
}, patience)
afterAll(async () => {
  for (const name of [...sockets.keys()]) await hangUp(name)
  await world[Symbol.asyncDispose]()
})

/** A token that was never anybody's, for a person who is not signed in. */
const nobody = { id: crypto.randomUUID(), username: 'nobody', token: '', refresh: 'prt_nothing' }

const doors = ['rest', 'socket'] as const
type Door = (typeof doors)[number]
/** What an operation came to; `told` is what a refusal tells, without the number of the request. */
type Said = { outcome: string; told: object | null }

/** Whoever cannot say hello has no socket to ask over. */
const hasSocket = (role: Role): role is Exclude<Named, 'suspended'> => role !== 'suspended' && role !== 'anonymous'

async function ask<N extends OperationName>(door: Door, name: N, { role, ids }: { role: Role; ids: Ids }): Promise<Said> {
  const call = callOf(name)
  const me = role === 'anonymous' ? nobody : cast[role]
  const input: InputOf<N> = call.input({ ...ids, me })
  const said = door === 'socket' && hasSocket(role) ? await overSocket(role, name, input) : await overRest(role, name, input)
  if (said.told === null && changes(name)) scene = null
  if (said.told === null && call.spends !== undefined) await renew(role, call.spends)
  return said
}

async function overRest<N extends OperationName>(role: Role, name: N, input: InputOf<N>): Promise<Said> {
  const { problem } = await world.rest.ask(name, input, role === 'anonymous' ? {} : { token: cast[role].token })
  return { outcome: problem?.code ?? 'ok', told: problem && { status: problem.status, code: problem.code, detail: problem.detail } }
}

async function overSocket<N extends OperationName>(role: Named, name: N, input: InputOf<N>): Promise<Said> {
  try {
    await (await socketOf(role)).op(name, input)
    return { outcome: 'ok', told: null }
  } catch (error) {
    if (error instanceof Refused) return { outcome: error.code, told: { code: error.code, detail: error.detail } }
    // What ends the login may close the socket before its answer.
    if (error instanceof SocketClosed && error.code === 4401 && callOf(name).spends === 'login') return { outcome: 'ok', told: null }
    throw error
  }
}

async function socketOf(name: Named): Promise<TestSocket> {
  const open = sockets.get(name)
  if (open !== undefined) return open
  const socket = await connect(world.server.url)
  sockets.set(name, socket)
  await socket.hello(cast[name].token)
  return socket
}

async function hangUp(name: Named): Promise<void> {
  await sockets.get(name)?.[Symbol.asyncDispose]()
  sockets.delete(name)
}

async function renew(role: Role, spent: 'login' | 'account'): Promise<void> {
  if (spent === 'login' && role !== 'anonymous') {
    await hangUp(role)
    return await signIn(world, cast, role)
  }
  for (const name of [...sockets.keys()]) await hangUp(name)
  cast = await makeCast(world)
}

const changes = (name: OperationName): boolean => operations[name].method !== 'GET'

/** Those who are granted an operation while they have a socket, in the order of the lines. */
const granted = (name: OperationName) =>
  lines
    .filter(({ operation }) => operation === name)
    .flatMap(({ place, outcomes }) => roles.filter((role) => hasSocket(role) && outcomes[role] === 'ok').map((role) => `${place} ${role}`))

/**
 * Every verdict is asked for at both doors, but that a change is granted: each costs a scene, so those who are granted it take turns at
 * the doors, and one alone uses both.
 */
function doorsFor({ operation, place, outcomes }: Line, role: Role): readonly Door[] {
  if (!hasSocket(role)) return ['rest']
  if (outcomes[role] !== 'ok' || !changes(operation)) return doors
  const all = granted(operation)
  return all.length === 1 ? doors : [doors[all.indexOf(`${place} ${role}`) % 2] ?? 'rest']
}

describe('the matrix', () => {
  test('has a line for every operation of the catalog, and none for others', () => {
    const named = new Set(lines.map(({ operation }) => operation))
    expect([...named].sort()).toEqual(
      operationList()
        .map(([name]) => name)
        .sort(),
    )
  })

  test('has no line twice', () => {
    const keys = lines.map(({ operation, place }) => `${operation} ${place}`)
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
  })
})

describe('who may do what', () => {
  for (const line of lines) {
    const { operation, place, outcomes: expected } = line
    test(
      `${operation} (${place})`,
      async () => {
        const found: Record<string, string> = {}
        const due: Record<string, string> = {}
        for (const role of roles) {
          for (const door of doorsFor(line, role)) {
            scene ??= await makeScene(world, cast)
            const ids = scene[place]
            const said = await ask(door, operation, { role, ids })
            found[`${role} by ${door}`] = said.outcome
            due[`${role} by ${door}`] = expected[role]
            const isSecret = (place === 'foreign' || place === 'astray') && callOf(operation).known !== true
            if (!isSecret || said.told === null) continue
            const unknown = await ask(door, operation, { role, ids: unknownOf(place, ids) })
            expect([role, door, unknown.told]).toEqual([role, door, said.told])
          }
        }
        expect(found).toEqual(due)
      },
      patience,
    )
  }

  test('whoever is suspended, or nobody, has no socket to ask over', async () => {
    for (const [token, code] of [
      [cast.suspended.token, 4403],
      ['nonsense', 4401],
    ] as const) {
      await using socket = await connect(world.server.url)
      socket.send({ hello: { token } })
      expect((await socket.closed).code).toBe(code)
    }
  })
})
