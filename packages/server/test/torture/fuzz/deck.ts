import { type OperationName, operationList, operations } from '@parlance/protocol'
import fc from 'fast-check'
import type { Rest } from '../../harness/rest.ts'
import type { Random } from '../random.ts'
import { valuesOf } from './arbitraries.ts'
import { makeSense } from './sense.ts'
import { type Stage, Stages } from './stages.ts'
import type { Actor, FuzzWorld, Scene } from './world.ts'

/** So many requests are the whole of a run; a shorter one has its share of every operation. */
const whole = 100_000

/**
 * Asked apart from the others, on connections of their own: what begins or ends logins and accounts, and what admins do. Most of it
 * hashes a password each time, so that these are asked at most so often, and no more once enough were accepted.
 */
const apart: Partial<Record<OperationName, number>> = {
  'accounts.register': 380,
  'accounts.login': 420,
  'accounts.refresh': 600,
  'accounts.logout': 360,
  'accounts.logout_all': 360,
  'accounts.password': 380,
  'accounts.delete': 380,
  'sessions.end': 360,
  'recovery.redeem': 380,
  'users.list': 400,
  'users.set_password': 380,
  'users.reset_link': 400,
  'users.delete': 380,
  'users.suspend': 380,
  'users.restore': 380,
}
const enoughAccepted = 215
const few: Partial<Record<OperationName, number>> = { 'rooms.create': 700, 'rooms.direct': 1_500 }
/** Each of these asks for a room of its own. */
const staged = 430

const batch = 200

/** What to send: an input as the schema has it, with the scene it was made for. */
export type Drawn = { op: OperationName; input: unknown; scene: Scene; stage: Stage | undefined; actor: Actor | undefined }

/** Operations still to be asked, in an order that mixes them, and generated inputs for each. */
export class Deck {
  readonly #world: FuzzWorld
  readonly #random: Random
  readonly #stages: Stages
  readonly #inputs = new Map<OperationName, unknown[]>()
  readonly #ordinary: OperationName[]
  readonly #apart: OperationName[]
  readonly #enough: number
  #left: number

  /** `total` counts all that is asked. */
  constructor({ rest, world, random, total }: { rest: Rest; world: FuzzWorld; random: Random; total: number }) {
    this.#world = world
    this.#random = random
    this.#stages = new Stages(rest, world, random)
    const names = operationList().map(([name]) => name)
    const scale = Math.min(1, total / whole / 0.88)
    const fixed = new Map<OperationName, number>()
    for (const name of names) {
      const number = apart[name] ?? few[name] ?? (this.#stages.has(name) ? staged : undefined)
      if (number !== undefined) fixed.set(name, Math.ceil(number * scale))
    }
    this.#enough = Math.ceil(enoughAccepted * scale)
    const atLeast = [...fixed].map(([name, number]) => (apart[name] === undefined ? number : this.#enough))
    const left = total - atLeast.reduce((sum, number) => sum + number, 0)
    const share = Math.ceil(left / (names.length - fixed.size))
    const dealt = (chosen: OperationName[]) =>
      shuffled(
        chosen.flatMap((name) => Array.from({ length: fixed.get(name) ?? share }, () => name)),
        random,
      )
    this.#ordinary = dealt(names.filter((name) => apart[name] === undefined))
    this.#apart = dealt(names.filter((name) => apart[name] !== undefined))
    this.#left = this.#ordinary.length
  }

  get left(): number {
    return this.#left
  }

  /** The next ordinary operation; undefined when there is none left. */
  next(): OperationName | undefined {
    this.#left -= 1
    return this.#ordinary.pop()
  }

  /** `accepted` tells how often an operation was. */
  nextApart(accepted: (op: OperationName) => number): OperationName | undefined {
    for (;;) {
      const op = this.#apart.pop()
      if (op === undefined || accepted(op) < this.#enough) return op
    }
  }

  /** An input as the schema has it, mostly one that makes sense. What becomes of it is to be told to `settle`. */
  async draw(op: OperationName, actor?: Actor): Promise<Drawn> {
    const stage = await this.#stages.take(op, actor)
    const scene = stage ?? this.#world.scene(op, actor)
    const input = this.#world.fill(this.#input(op), scene, op)
    makeSense(op, input, { world: this.#world, scene, random: this.#random })
    for (const [name, value] of Object.entries(stage?.fields ?? {}))
      if (this.#random.chance(0.97)) Object.assign(input as object, { [name]: value })
    return { op, input, scene, stage, actor }
  }

  /** `sent` is what the server took in, null where its bytes were spoilt. */
  settle({ op, stage, actor }: Drawn, sent: unknown, accepted: boolean): void {
    if (stage === undefined) return
    const input = typeof sent === 'object' && sent !== null ? (sent as Record<string, unknown>) : null
    this.#stages.settle(stage, { op, actor, input, accepted })
  }

  #input(op: OperationName): unknown {
    let drawn = this.#inputs.get(op)
    if (drawn === undefined || drawn.length === 0) {
      drawn = fc.sample(valuesOf(operations[op].in), { numRuns: batch, seed: this.#random.integer(0, 2 ** 31 - 1) })
      this.#inputs.set(op, drawn)
    }
    return drawn.pop()
  }
}

function shuffled<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const other = random.integer(0, i)
    const [a, b] = [items[i], items[other]]
    if (a !== undefined && b !== undefined) Object.assign(items, { [i]: b, [other]: a })
  }
  return items
}
