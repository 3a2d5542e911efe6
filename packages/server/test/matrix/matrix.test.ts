import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type InputOf, type OperationName, operationList, operations, type Problem } from '@parlance/protocol'
import { openWorld, type World } from '../harness/world.ts'
import { type Cast, type Ids, makeCast, makeScene, type Role, roles, type Scene, signIn, suspend, unknownOf } from './cast.ts'
import { calls, outcomes } from './rows.ts'
import { type Call, type Line, linesOf } from './table.ts'

const lines = outcomes.flatMap(linesOf)
const callOf = <N extends OperationName>(name: N) => (calls as unknown as { [K in N]: Call<K> })[name]
/** Signs everybody in and makes a scene for every call that changes one. */
const patience = 120_000

let world: World
let cast: Cast
let scene: Scene | null = null

beforeAll(async () => {
  world = await openWorld()
  cast = await makeCast(world)
  await suspend(world, cast)
}, patience)
afterAll(() => world[Symbol.asyncDispose]())

/** A token that was never anybody's, for a person who is not signed in. */
const nobody = { id: crypto.randomUUID(), username: 'nobody', token: '', refresh: 'prt_nothing' }

type Said = { outcome: string; problem: Problem | null }

async function ask<N extends OperationName>(name: N, role: Role, ids: Ids): Promise<Said> {
  const call = callOf(name)
  const me = role === 'anonymous' ? nobody : cast[role]
  const input: InputOf<N> = call.input({ ...ids, me })
  const { problem } = await world.rest.ask(name, input, role === 'anonymous' ? {} : { token: me.token })
  if (problem === null && operations[name].method !== 'GET') scene = null
  if (problem === null && call.spends !== undefined) await renew(role, call.spends)
  return { outcome: problem?.code ?? 'ok', problem }
}

async function renew(role: Role, spent: 'login' | 'account'): Promise<void> {
  if (spent === 'login' && role !== 'anonymous') return await signIn(world, cast, role)
  cast = await makeCast(world)
  await suspend(world, cast)
}

/** What a refusal tells, without the number of the request. */
const told = ({ problem }: Said) => problem && { status: problem.status, code: problem.code, detail: problem.detail }

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
  for (const { operation, place, outcomes: expected } of lines) {
    test(
      `${operation} (${place})`,
      async () => {
        const found: Partial<Line['outcomes']> = {}
        for (const role of roles) {
          scene ??= await makeScene(world, cast)
          const ids = scene[place]
          const said = await ask(operation, role, ids)
          Object.assign(found, { [role]: said.outcome })
          const isSecret = (place === 'foreign' || place === 'astray') && callOf(operation).known !== true
          if (!isSecret || said.problem === null) continue
          const unknown = await ask(operation, role, unknownOf(place, ids))
          expect([role, told(unknown)]).toEqual([role, told(said)])
        }
        expect(found).toEqual(expected)
      },
      patience,
    )
  }
})
