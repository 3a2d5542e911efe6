import { ChatError } from '@parlance/protocol'
import type { Clock } from '../../base/clock.ts'
import type { Actor } from '../../dispatch.ts'
import type { RoomKey } from '../../live/bus.ts'
import type { Store } from '../../store/store.ts'
import type { Emit } from '../emit.ts'
import type { Refs } from '../refs.ts'

/** A marker to be raised; `named`: this very message was read. */
export type Mark = { key: RoomKey; large: boolean; n: number; named?: boolean }

/** Raises a reader's marker, wherever it is asked for. */
export type Marking = (reader: Actor, mark: Mark) => Promise<{ read: number; unread: number }>

export function createMarking({ store, clock, refs, emit }: { store: Store; clock: Clock; refs: Refs; emit: Emit }): Marking {
  return async (reader, { key, large, n, named = false }) => {
    const at = clock.now()
    const outcome = await store.queue.read({ room: key.number, user: reader.number, n, at, ...(named && { named: [n] }) })
    if (outcome === null) {
      // Without a stay there is no marker; whether one may know of the room at all is for a fresh look to say.
      await refs.see(reader, key.id)
      throw new ChatError('forbidden')
    }
    emit.user(outcome.userEvents, key)
    if (outcome.raised && !large) emit.receipt(key, reader, { read: outcome.read, at })
    return { read: outcome.read, unread: outcome.unread }
  }
}
