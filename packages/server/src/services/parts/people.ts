import type { Clock } from '../../base/clock.ts'
import type { Person } from '../../live/bus.ts'
import type { UserReads } from '../../store/store.ts'
import { Lru } from './lru.ts'

const remembered = 50_000

/** How long what was read is believed: another node may delete an account, and with it the name (ms). */
const believed = 60_000

type Known = { person: Person; until: number }

/** Who has which number. Number and id of a user never change, and the username once: when the account is deleted. */
export class People {
  readonly #users: UserReads
  readonly #clock: Clock
  readonly #known = new Lru<number, Known>(remembered)
  readonly #numbers = new Lru<string, number>(remembered)

  constructor(users: UserReads, clock: Clock) {
    this.#users = users
    this.#clock = clock
  }

  /** Takes from a longer row what events may carry. */
  remember({ number, id, username }: Person): Person {
    const person = { number, id, username }
    this.#known.set(number, { person, until: this.#clock.monotonic() + believed })
    this.#numbers.set(id, number)
    return person
  }

  /** The name of an account has just changed. */
  forget(number: number): void {
    this.#known.delete(number)
  }

  #get(number: number): Person | undefined {
    const known = this.#known.get(number)
    return known !== undefined && known.until > this.#clock.monotonic() ? known.person : undefined
  }

  /** Those with these ids; who does not exist is missing. */
  async byId(ids: readonly string[]): Promise<Map<string, Person>> {
    const found = new Map<string, Person>()
    const missing: string[] = []
    for (const id of new Set(ids)) {
      const person = this.#get(this.#numbers.get(id) ?? 0)
      if (person === undefined) missing.push(id)
      else found.set(id, person)
    }
    if (missing.length > 0) for (const row of await this.#users.byIds(missing)) found.set(row.id, this.remember(row))
    return found
  }

  /** Reads those not yet known in one statement. The answer throws for a number it was not asked to load. */
  async load(numbers: Iterable<number>): Promise<(number: number) => Person> {
    const found = new Map<number, Person>()
    const missing: number[] = []
    for (const number of new Set(numbers)) {
      const person = this.#get(number)
      if (person === undefined) missing.push(number)
      else found.set(number, person)
    }
    if (missing.length > 0) for (const row of await this.#users.byNumbers(missing)) found.set(row.number, this.remember(row))
    return lookup(found)
  }
}

/** The people given, by number; only what events may carry of longer rows. */
export function among(people: readonly Person[]): (number: number) => Person {
  return lookup(new Map(people.map(({ number, id, username }) => [number, { number, id, username }])))
}

function lookup(found: ReadonlyMap<number, Person>): (number: number) => Person {
  return (number) => {
    const person = found.get(number)
    if (person === undefined) throw new Error(`user ${number} is missing`)
    return person
  }
}
