import type { Metrics } from '../base/metrics.ts'
import type { Log } from '../live/log.ts'
import type { RoomChannel } from './room-channel.ts'
import type { UserChannel } from './user-channel.ts'

/** Rooms or users whose heads are compared in one read. */
const slice = 1000

type Channels = { rooms: ReadonlyMap<number, RoomChannel>; users: ReadonlyMap<number, UserChannel> }

/** Tells every channel how far the log reaches, in slices; one that is behind reads what it is missing. */
export async function compareHeads({ rooms, users }: Channels, { log, metrics }: { log: Log; metrics: Metrics }): Promise<void> {
  for (const numbers of slices([...rooms.keys()])) {
    for (const head of await log.heads(numbers)) {
      const channel = rooms.get(head.room)
      if (channel === undefined) continue
      if (channel.position >= 0 && head.seq > channel.position) metrics.hubBehind.inc(head.seq - channel.position)
      channel.hint(head.seq)
    }
  }
  for (const numbers of slices([...users.keys()])) {
    for (const head of await log.userHeads(numbers)) users.get(head.user)?.hint(head.useq)
  }
}

function* slices(numbers: readonly number[]): Generator<readonly number[]> {
  for (let i = 0; i < numbers.length; i += slice) yield numbers.slice(i, i + slice)
}
