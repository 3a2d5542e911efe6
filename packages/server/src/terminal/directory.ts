import type { Client } from '@parlance/client'
import type { Room } from '@parlance/protocol'
import { roomLabel } from './screen.ts'

/** Rooms shown at most; whoever has more finds them by name. */
const shown = 500

/** The rooms this person knows, by id, with the names they are called by here. */
export class Directory {
  readonly #client: Client
  readonly #rooms = new Map<string, Room>()

  constructor(client: Client) {
    this.#client = client
  }

  /** One's own rooms as they are now, latest joined first. */
  async list(): Promise<Room[]> {
    const rooms: Room[] = []
    let cursor: string | null = null
    do {
      const page: { items: { room: Room }[]; next: string | null } = await this.#client.call('rooms.list', {
        limit: 100,
        ...(cursor !== null && { cursor }),
      })
      rooms.push(...page.items.map(({ room }) => room))
      cursor = page.next
    } while (cursor !== null && rooms.length < shown)
    for (const room of rooms) this.add(room)
    return rooms
  }

  /** `ref`: an id, or `name:` and a name. */
  async find(ref: string): Promise<Room> {
    return this.#rooms.get(ref) ?? this.add(await this.#client.call('rooms.get', { room: ref }))
  }

  add(room: Room): Room {
    this.#rooms.set(room.id, room)
    return room
  }

  has(room: string): boolean {
    return this.#rooms.has(room)
  }

  drop(room: string): void {
    this.#rooms.delete(room)
  }

  async label(room: string): Promise<string> {
    return roomLabel(await this.find(room))
  }

  /** Messages not read in all rooms but this one. */
  unreadOutside(room: string | null): number {
    return this.#client.marks.reduce((sum, mark) => (mark.room === room ? sum : sum + mark.unread), 0)
  }
}
