import type { Metrics } from '../base/metrics.ts'
import type { Log } from '../live/log.ts'
import type { RoomChannel } from './room-channel.ts'
import type { UserChannel } from './user-channel.ts'

/**
 * Rooms or users whose heads are compared in one read, and so in one turn of the event loop: 10,000 cost 4 to 7 ms whatever the slice, and
 * at once nobody else would get a word in. Most reads are of one length, so that their statement is made once.
 */
const slice = 200

type Channels = { rooms: ReadonlyMap<number, RoomChannel>; users: ReadonlyMap<number, UserChannel> }

/** Tells every channel how far the log reaches, in slices between which sockets are read; one that is behind reads what it is missing. */
export async function compareHeads({ rooms, users }: Channels, { log, metrics }: { log: Log; metrics: Metrics }): Promise<void> {
  for await (const numbers of slices(rooms.keys())) {
    for (const head of await log.heads(numbers)) {
      const channel = rooms.get(head.room)
      if (channel === undefined) continue
      if (channel.position >= 0 && head.seq > channel.position) metrics.hubBehind.inc(head.seq - channel.position)
      channel.hint(head.seq)
    }
  }
  for await (const numbers of slices(users.keys())) {
    for (const head of await log.userHeads(numbers)) users.get(head.user)?.hint(head.useq)
  }
}

async function* slices(keys: Iterable<number>): AsyncGenerator<readonly number[]> {
  const numbers = [...keys]
  for (let i = 0; i < numbers.length; i += slice) {
    yield numbers.slice(i, i + slice)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
