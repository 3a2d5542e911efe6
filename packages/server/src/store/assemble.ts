import { GroupCommit, type QueueDeps } from './commit-queue.ts'
import type { Driver } from './drivers/driver.ts'
import type { Store } from './store.ts'
import { deletionReads } from './tables/deletions.ts'
import { eventReads } from './tables/events.ts'
import { inviteReads } from './tables/invites.ts'
import { memberReads } from './tables/members.ts'
import { messageReads } from './tables/messages.ts'
import { reactionReads } from './tables/reactions.ts'
import { roomReads } from './tables/rooms.ts'
import { requestReads } from './tables/requests.ts'
import { sanctionReads } from './tables/sanctions.ts'
import { resetReads, sessionReads, userReads } from './tables/users.ts'

export type StoreDeps = Omit<QueueDeps, 'driver' | 'messages'> & {
  /** A new UUID: becomes the epoch of a database that has none. */
  newId: () => string
}

/** A store on an engine, its tables up to date. Disposing writes what was accepted, then closes the driver. */
export async function assembleStore(driver: Driver, { newId, ...deps }: StoreDeps): Promise<Store> {
  const epoch = await driver.migrate(newId())
  const { read } = driver
  const messages = messageReads(read)
  const queue = new GroupCommit({ driver, messages, ...deps })
  return {
    engine: driver.engine,
    epoch,
    queue,
    users: userReads(read),
    sessions: sessionReads(read),
    resets: resetReads(read),
    invites: inviteReads(read),
    deletions: deletionReads(read),
    rooms: roomReads(read),
    members: memberReads(read),
    sanctions: sanctionReads(read),
    requests: requestReads(read),
    messages,
    reactions: reactionReads(read),
    events: eventReads(read),
    async ping() {
      await read.selectFrom('meta').select('value').where('key', '=', 'epoch').executeTakeFirstOrThrow()
    },
    async [Symbol.asyncDispose]() {
      await queue.drain()
      await driver.close()
    },
  }
}
