import type { Mode } from '../dialects/dialect.ts'

/** How a seat stands in a room: a guest has it open without membership. */
export type Standing = Mode | 'guest'

/** Where somebody stands who asks for `mode`: what is open stays so, and a large room is told by heads where it is not open. */
export function standingFor(asked: { mode: Mode; member: boolean; now: Standing | undefined; large: boolean }): Standing {
  if (asked.mode === 'open' || asked.now === 'open' || asked.now === 'guest') return asked.member ? 'open' : 'guest'
  return asked.large ? 'heads' : 'live'
}

/** By its place here a standing is kept as two bits. */
const standings = ['live', 'heads', 'open', 'guest'] as const satisfies readonly Standing[]

/** So many standings fit a number exactly, and so many rooms are found as fast in a list as in a Map. */
const few = 26

const nothing: readonly never[] = []

/**
 * The rooms a seat stands in, and how: a map that costs little while it has few entries, as most have. A list and a number, and a Map once
 * there are many (measured with ten: 180 bytes against 910). The list is made anew for each room that comes or goes, as one that grows by
 * itself keeps room for more.
 */
export class SeatRooms<Room> {
  #rooms: readonly Room[] = nothing
  /** How it stands in each, as digits of base four: the lowest is that of the first room. */
  #digits = 0
  #many: Map<Room, Standing> | null = null

  get(room: Room): Standing | undefined {
    if (this.#many !== null) return this.#many.get(room)
    const at = this.#rooms.indexOf(room)
    return at < 0 ? undefined : standings[this.#digit(at)]
  }

  has(room: Room): boolean {
    return this.#many === null ? this.#rooms.includes(room) : this.#many.has(room)
  }

  set(room: Room, standing: Standing): void {
    if (this.#many !== null) {
      this.#many.set(room, standing)
      return
    }
    const at = this.#rooms.indexOf(room)
    const digit = standings.indexOf(standing)
    if (at >= 0) this.#digits += (digit - this.#digit(at)) * 4 ** at
    else if (this.#rooms.length < few) {
      this.#digits += digit * 4 ** this.#rooms.length
      this.#rooms = [...this.#rooms, room]
    } else {
      this.#many = new Map(this.entries()).set(room, standing)
      this.#rooms = nothing
      this.#digits = 0
    }
  }

  delete(room: Room): void {
    if (this.#many !== null) {
      this.#many.delete(room)
      return
    }
    const at = this.#rooms.indexOf(room)
    if (at < 0) return
    this.#rooms = this.#rooms.toSpliced(at, 1)
    this.#digits = (this.#digits % 4 ** at) + Math.floor(this.#digits / 4 ** (at + 1)) * 4 ** at
  }

  /** As they are now, in the order in which they came, whatever is changed on the way. */
  entries(): [Room, Standing][] {
    if (this.#many !== null) return [...this.#many]
    return this.#rooms.map((room, at): [Room, Standing] => [room, standings[this.#digit(at)] ?? 'live'])
  }

  #digit(at: number): number {
    return Math.floor(this.#digits / 4 ** at) % 4
  }
}
