import type { Person, RoomKey } from './bus.ts'

/** `told`: the first lease of the person, so that the room was told of an arrival. Ending it twice is harmless. */
export type Lease = { told: boolean; end(): void }

/**
 * Who is here: the people who have a room open, at any door of any node. A lease per (room, user, node), held while any socket of the
 * user has the room open there; the first one joins and the last one leaves, at once, which goes over the bus as `here`. Of more than
 * `limits.people_here` people nobody is told any more, nor are more of them listed. May lag or be lost, as everything in live.
 */
export interface Here {
  /** A socket of the person opened the room on this node, which listens to the room already. */
  enter(room: RoomKey, person: Person): Lease
  /** Those here, who came first foremost, as far as this node has heard: of rooms it listens to. */
  heard(room: number): Person[]
  /** Those here, asked of all nodes. */
  people(room: number): Promise<Person[]>
}
