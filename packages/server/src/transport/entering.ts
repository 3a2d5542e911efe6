import { limits } from '@parlance/protocol'
import type { EnterPage, Resume, RoomHead } from '../dialects/dialect.ts'
import type { Stay } from '../live/log.ts'
import type { ReplayBudget } from './attach.ts'
import type { Hub } from './hub.ts'
import type { RoomChannel } from './room-channel.ts'

/** A room that is held. The stay was read after its channel had the position `checked`. */
export type Entered = { stay: Stay; channel: RoomChannel; checked: number }

/** The page under way, and what all of them may still replay. */
export type Told = { page: EnterPage; budget: ReplayBudget }

type Entering = {
  hub: Hub
  person: number
  resume: Resume | null
  hasLeft: () => boolean
  /** Stands in the room, whose hold goes with it; null if the stay has ended meanwhile, the hold then stays here. */
  enterRoom: (room: Entered, cursor: number | undefined, told: Told) => Promise<RoomHead | null>
}

/** Enters every room of a person, page by page. */
export async function* enterRooms({ hub, person, resume, hasLeft, enterRoom }: Entering): AsyncGenerator<EnterPage, void, void> {
  const before = await hub.deps.log.stays(person)
  const held = await hub.hold(before.map((stay) => stay.room.number))
  const unsettled = new Set(held.values())
  try {
    const checked = new Map([...held].map(([number, channel]) => [number, channel.position]))
    const stays = await hub.deps.log.stays(person)
    const budget: ReplayBudget = { events: limits.replay_events, bytes: limits.replay_bytes }
    for (let i = 0; i < stays.length; i += limits.heads_page) {
      const page: EnterPage = { heads: [], reset: [] }
      for (const stay of stays.slice(i, i + limits.heads_page)) {
        if (hasLeft()) return
        const channel = held.get(stay.room.number)
        // Joined between the two reads: the fact in the own log brings it.
        if (channel === undefined) continue
        const cursor = resume?.rooms.get(stay.room.id)
        const head = await enterRoom({ stay, channel, checked: checked.get(channel.number) ?? 0 }, cursor, { page, budget })
        if (head === null) continue
        unsettled.delete(channel)
        page.heads.push(head)
      }
      if (page.heads.length > 0 || page.reset.length > 0) yield page
    }
  } finally {
    for (const channel of unsettled) hub.release(channel)
  }
}
