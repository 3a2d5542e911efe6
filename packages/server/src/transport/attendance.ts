import type { Company } from '../dialects/dialect.ts'
import type { Here, Lease } from '../live/here.ts'
import type { RoomChannel } from './room-channel.ts'
import type { Standing } from './seat-rooms.ts'
import type { Sitter } from './sitter.ts'

/** What the seats of this node say of who is here: a seat that has a room open holds a lease on it. */
export class Attendance {
  readonly #here: Here
  readonly #leases = new Map<Sitter, Map<RoomChannel, Lease>>()

  constructor(here: Here) {
    this.#here = here
  }

  /** Follows the standing of a seat. */
  stand(sitter: Sitter, channel: RoomChannel, standing: Standing | null): void {
    const held = this.#leases.get(sitter)?.get(channel)
    if (!isOpen(standing)) this.#drop(sitter, channel, held)
    else if (held === undefined) this.#take(sitter, channel)
  }

  /** Who has the room open now, and whether it was told that this one came. */
  at(sitter: Sitter, channel: RoomChannel): Company {
    return { people: this.#here.heard(channel.number), told: this.#leases.get(sitter)?.get(channel)?.told ?? false }
  }

  /** Another lease beside that of the standing, so that a seat which leaves its topics for a moment does not seem to go. */
  bridge(sitter: Sitter, channel: RoomChannel): Disposable {
    const isHere = channel.key !== null && isOpen(sitter.rooms.get(channel) ?? null)
    const lease = isHere && channel.key !== null ? this.#here.enter(channel.key, sitter.who) : null
    return { [Symbol.dispose]: () => lease?.end() }
  }

  #take(sitter: Sitter, channel: RoomChannel): void {
    if (channel.key === null) throw new Error('a room that is open has a name')
    const leases = this.#leases.get(sitter) ?? new Map<RoomChannel, Lease>()
    this.#leases.set(sitter, leases.set(channel, this.#here.enter(channel.key, sitter.who)))
  }

  #drop(sitter: Sitter, channel: RoomChannel, held: Lease | undefined): void {
    if (held === undefined) return
    const leases = this.#leases.get(sitter)
    leases?.delete(channel)
    if (leases?.size === 0) this.#leases.delete(sitter)
    held.end()
  }
}

const isOpen = (standing: Standing | null): boolean => standing === 'open' || standing === 'guest'
