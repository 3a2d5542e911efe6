import { ChatError } from '@parlance/protocol'
import type { Clock } from '../base/clock.ts'
import type { Actor } from '../dispatch.ts'
import { usernameKey } from '../rules/usernames.ts'
import type { Stale } from '../store/outcomes.ts'
import type { MemberRow, RoomRow, UserRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import type { People } from './parts/people.ts'
import { demand, type RoomFacts, type Standing, Standings } from './parts/standings.ts'

/** A room as just read, with the reader's present stay. */
export type Seen = { room: RoomRow; member: MemberRow | undefined; standing: Standing }

type Person = Pick<Actor, 'number'>
type Attempt<T> = (seen: Seen) => Promise<T>
type Weighed<T> = { seen: Seen; outcome: Exclude<T, Stale> }

const namePrefix = 'name:'
/** A room whose acl moves on more often than this during one write is under a storm of changes; its caller may try again. */
const attempts = 20

/** Turns the references clients send (ids, `name:…`, `me`) into rows, and decides whether the reader may know of them. */
export class Refs {
  readonly #store: Store
  readonly #clock: Clock
  readonly #people: People
  readonly #standings = new Standings()

  constructor({ store, clock, people }: { store: Store; clock: Clock; people: People }) {
    this.#store = store
    this.#clock = clock
    this.#people = people
  }

  /** A remembered standing, good for granting what the store checks again by its acl. */
  known(user: number, room: string): Standing | undefined {
    return this.#standings.get(room, user)
  }

  /** What is remembered of the room's standings is of before a change. */
  forget(room: string): void {
    this.#standings.forget(room)
  }

  /** Reads a room whether or not the reader may know of it. */
  async look(user: Person, ref: string): Promise<Seen | undefined> {
    const room = ref.startsWith(namePrefix) ? { name: ref.slice(namePrefix.length) } : { id: ref }
    const at = this.#clock.monotonic()
    const found = await this.#store.members.withRoom(user.number, room)
    if (found === undefined) return undefined
    const known = this.#standings.facts(found.room)
    const pair = known === undefined ? await this.#pairOf(found.room) : known.pair
    return { ...found, standing: this.#standings.put(user.number, { ...found, pair, at, now: this.#clock.now() }) }
  }

  /**
   * The room, if the reader may read it now; else `not_found`, which is all one learns of rooms that are not one's own, or `banned` where
   * everybody else may read.
   */
  async see(user: Person, ref: string): Promise<Seen> {
    const seen = await this.look(user, ref)
    if (seen === undefined) throw new ChatError('not_found')
    demand(seen.standing, 'read')
    return seen
  }

  /** Judges at the room's present acl and writes what changes no rights, again as long as the acl moved on in between. */
  weigh<T extends { status: string }>(actor: Person, ref: string, attempt: Attempt<T>): Promise<Weighed<T>> {
    return this.#weigh(() => this.see(actor, ref), attempt)
  }

  /** The same for what a stranger of the room may do: `attempt` says what they learn of it. */
  weighUnseen<T extends { status: string }>(actor: Person, ref: string, attempt: Attempt<T>): Promise<Weighed<T>> {
    const look = async () => {
      const seen = await this.look(actor, ref)
      if (seen === undefined) throw new ChatError('not_found')
      return seen
    }
    return this.#weigh(look, attempt)
  }

  async #weigh<T extends { status: string }>(look: () => Promise<Seen>, attempt: Attempt<T>): Promise<Weighed<T>> {
    for (let left = attempts; left > 0; left -= 1) {
      const seen = await look()
      const outcome = await attempt(seen)
      if (outcome.status !== 'stale') return { seen, outcome: outcome as Exclude<T, Stale> }
      this.#standings.forget(seen.room.id)
    }
    throw new ChatError('overloaded', { detail: 'This room changes too fast at the moment; try again.' })
  }

  /** The same for what may change rights: what is remembered of the room is of before. */
  async change<T extends { status: string }>(
    actor: Person,
    ref: string,
    attempt: (seen: Seen) => Promise<T>,
  ): Promise<{ seen: Seen; outcome: Exclude<T, Stale> }> {
    const changed = await this.weigh(actor, ref, attempt)
    this.#standings.forget(changed.seen.room.id)
    return changed
  }

  /** A user by reference, deleted ones excepted. Without an actor nobody is `me`. */
  async user(actor: Person | null, ref: string): Promise<UserRow> {
    const row = await this.#row(actor, ref)
    if (row === undefined || row.state === 'deleted') throw new ChatError('not_found', { detail: 'There is no such user.' })
    return row
  }

  /** Active users by reference, in the order asked for; undefined where there is none. */
  async users(actor: Person, refs: readonly string[]): Promise<(UserRow | undefined)[]> {
    const ids = refs.filter((ref) => ref !== 'me' && !ref.startsWith(namePrefix))
    const named = refs.filter((ref) => !ids.includes(ref))
    const [byId, byName] = await Promise.all([
      ids.length === 0 ? [] : this.#store.users.byIds(ids),
      Promise.all(named.map(async (ref) => [ref, await this.#row(actor, ref)] as const)),
    ])
    const found = new Map<string, UserRow | undefined>([...byId.map((row) => [row.id, row] as const), ...byName])
    return refs.map((ref) => {
      const row = found.get(ref)
      return row?.state === 'active' ? row : undefined
    })
  }

  async #pairOf({ number, members }: RoomRow): Promise<RoomFacts['pair']> {
    if (members !== 2) return null
    const present = await this.#store.members.list(number, { after: null, limit: 3 })
    // Somebody came or went since the room was read: then it is not known as a room of two, until its acl has moved.
    if (present.length !== 2) return null
    const numbers = present.map(({ user }) => user)
    return numbers.map(await this.#people.load(numbers))
  }

  async #row(actor: Person | null, ref: string): Promise<UserRow | undefined> {
    if (ref === 'me') return actor === null ? undefined : await this.#store.users.byNumber(actor.number)
    if (ref.startsWith(namePrefix)) return this.#store.users.byNameKey(usernameKey(ref.slice(namePrefix.length)))
    return this.#store.users.byId(ref)
  }
}
