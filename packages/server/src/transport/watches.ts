import type { Hub } from './hub.ts'
import { Turns } from './turns.ts'

/** Whom a seat watches at first. */
const nobody: readonly (() => void)[] = []

type Watcher = { hub: Hub; dialect: string; person: number; tell: (text: string) => void }

/** Whose presence one seat is told of. */
export class Watches {
  readonly #watcher: Watcher
  readonly #turns = new Turns()
  #ends = nobody
  /** Rises with every change: what was still being read for an earlier one is of no use. */
  #change = 0

  constructor(watcher: Watcher) {
    this.#watcher = watcher
  }

  /** These people from now on, in place of the former; their present state is told at once. Of changes that come while one is read the last is read next. */
  async set(users: readonly string[]): Promise<void> {
    const change = this.#begin()
    await this.#turns.take(async () => {
      if (change === this.#change) await this.#read(users, change)
    })
  }

  end(): void {
    this.#begin()
  }

  async #read(users: readonly string[], change: number): Promise<void> {
    const { hub, dialect, person: watching, tell } = this.#watcher
    const { log, presence, encoders } = hub.deps
    const people = await log.acquainted(watching, users)
    const status = await presence.status(people.map((person) => person.number))
    if (change !== this.#change) return
    this.#ends = people.map((person, i) => {
      const say = (now: 'online' | 'offline' | 'unknown') => {
        const text = encoders.get(dialect)?.presence(person.id, now) ?? null
        if (text !== null) tell(text)
      }
      const end = presence.watch(person.number, say)
      say(status[i] ?? 'unknown')
      return end
    })
  }

  #begin(): number {
    for (const end of this.#ends) end()
    this.#ends = nobody
    return ++this.#change
  }
}
