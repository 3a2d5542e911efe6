import { type OperationName, operationList, operations } from '@parlance/protocol'
import fc from 'fast-check'
import type { Random } from '../random.ts'
import { valuesOf } from './arbitraries.ts'
import { makeSense } from './sense.ts'
import { type Actor, type FuzzWorld, type Scene } from './world.ts'

/** Signing in hashes a password each time, so that these get their number and no more. */
const slow: Partial<Record<OperationName, number>> = {
  'accounts.register': 340,
  'accounts.login': 320,
  'accounts.logout': 280,
  'accounts.refresh': 600,
}
const few: Partial<Record<OperationName, number>> = { 'rooms.create': 700, 'rooms.direct': 1_500 }

/** These end every login of whoever asks, so that nothing that person asks later would be more than refused. */
const ending: ReadonlySet<OperationName> = new Set(['accounts.logout_all', 'accounts.delete', 'accounts.password'])

const batch = 200

/** Operations still to be asked, in an order that mixes them, and generated inputs for each. */
export class Deck {
  readonly #world: FuzzWorld
  readonly #random: Random
  readonly #inputs = new Map<OperationName, unknown[]>()
  readonly #ordinary: OperationName[]
  readonly #signing: OperationName[]
  #left: number

  /** `total` counts what is asked of ordinary operations; those of signing in come on top. */
  constructor(world: FuzzWorld, random: Random, total: number) {
    this.#world = world
    this.#random = random
    const names = operationList()
      .map(([name]) => name)
      .filter((name) => !ending.has(name))
    const share = Math.ceil(total / (names.length - Object.keys({ ...slow, ...few }).length))
    const ordinary = names.filter((name) => slow[name] === undefined)
    this.#ordinary = shuffled(
      ordinary.flatMap((name) => Array.from({ length: few[name] ?? share }, () => name)),
      random,
    )
    this.#signing = shuffled(
      names.flatMap((name) => Array.from({ length: slow[name] ?? 0 }, () => name)),
      random,
    )
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

  nextSigning(): OperationName | undefined {
    return this.#signing.pop()
  }

  /** An input as the schema has it, mostly one that makes sense. */
  input(op: OperationName, actor?: Actor): { input: unknown; scene: Scene } {
    const scene = this.#world.scene(op, actor)
    const input = this.#world.fill(this.#draw(op), scene, op)
    makeSense(op, input, { world: this.#world, scene, random: this.#random })
    return { input, scene }
  }

  #draw(op: OperationName): unknown {
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
