import type { Hub } from './hub.ts'

/** Whom a seat watches at first. */
const nobody: readonly (() => void)[] = []

type Watcher = { hub: Hub; dialect: string; person: number; tell: (text: string) => void }

/** Whose presence one seat is told of. */
export class Watches {
  readonly #watcher: Watcher
  #ends = nobody
  #ended = false

  constructor(watcher: Watcher) {
    this.#watcher = watcher
  }

  /** These people from now on, in place of the former; their present state is told at once. */
  async set(users: readonly string[]): Promise<void> {
    this.#drop()
    const { hub, dialect, person: watching, tell } = this.#watcher
    const { log, presence, encoders } = hub.deps
    const people = await log.acquainted(watching, users)
    const status = await presence.status(people.map((person) => person.number))
    if (this.#ended) return
    this.#drop()
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

  end(): void {
    this.#ended = true
    this.#drop()
  }

  #drop(): void {
    for (const end of this.#ends) end()
    this.#ends = nobody
  }
}
