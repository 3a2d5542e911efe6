import type { Attendance } from './attendance.ts'
import type { Audiences } from './audiences.ts'
import type { RoomChannel } from './room-channel.ts'
import type { Standing } from './seat-rooms.ts'
import type { Sitter } from './sitter.ts'

type Deps = {
  audiences: Audiences
  attendance: Attendance
  /** Gives back the hold of a seat that stands in the room no longer. */
  release: (channel: RoomChannel) => void
}

/** Who stands in which room of this node, and how: what they listen to, and what is said of who is here, goes with it. */
export class Seating {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Moves a seat to a standing in a room it holds; null takes it off. In one step with the check of the position before it. */
  stand(sitter: Sitter, channel: RoomChannel, standing: Standing | null): void {
    const before = sitter.rooms.get(channel)
    if (before === standing) return
    this.#deps.audiences.move(sitter, channel, { from: before ?? null, to: standing })
    if (standing === null) sitter.rooms.delete(channel)
    else sitter.rooms.set(channel, standing)
    // Behind the subscription, so that who comes hears of it like the others, and behind its end, so that who goes does not.
    this.#deps.attendance.stand(sitter, channel, standing)
  }

  /** Takes a seat off a room where it stands, and its hold with it; whether it stood there. */
  off(sitter: Sitter, channel: RoomChannel): boolean {
    if (!sitter.rooms.has(channel)) return false
    this.stand(sitter, channel, null)
    this.#deps.release(channel)
    return true
  }

  /** The stay has ended: of these seats those that stand in the room go, or with `only` those that stand there so. */
  expel(sitters: readonly Sitter[], channel: RoomChannel, only?: Standing): void {
    for (const sitter of sitters) {
      const standing = sitter.rooms.get(channel)
      if (standing !== undefined && (only === undefined || standing === only)) this.#takeOff(sitter, channel)
    }
  }

  /** Everybody goes. */
  clear(channel: RoomChannel): void {
    this.expel(this.#deps.audiences.of(channel), channel)
  }

  /** Everybody is closed, to come back and be looked at anew. */
  sendAway(channel: RoomChannel): void {
    for (const sitter of this.#deps.audiences.of(channel)) {
      // Closing makes it leave, on most wires at once.
      sitter.wire.close(4408, 'try again')
      this.#takeOff(sitter, channel)
    }
  }

  /** A room that became large goes on by heads alone where it is not open; one that is not large any more comes by itself again. */
  resize(channel: RoomChannel, large: boolean): void {
    channel.large = large
    const [from, to] = large ? (['live', 'heads'] as const) : (['heads', 'live'] as const)
    for (const sitter of this.#deps.audiences.of(channel)) if (sitter.rooms.get(channel) === from) this.stand(sitter, channel, to)
  }

  #takeOff(sitter: Sitter, channel: RoomChannel): void {
    if (this.off(sitter, channel)) sitter.gone(channel)
  }
}
