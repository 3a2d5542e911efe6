import type { SendIntent } from '../writes.ts'
import type { Tx } from './locks.ts'

/*
 * Only sends of rooms in slow mode, by senders for whom it counts, come here; the room is locked. What is remembered is the sender's last
 * message, beside the stay: leaving and coming back shortens no wait.
 */

/** What is left of the sender's wait (ms), 0 for none. Clocks of two nodes may differ, so it is at most the whole one. */
export async function waitOf(tx: Tx, { room, sender: user, at, slowMs }: SendIntent): Promise<number> {
  if (slowMs === null) return 0
  const last = await tx.selectFrom('slow_posts').select('at').where('room', '=', room).where('user', '=', user).executeTakeFirst()
  return last === undefined ? 0 : Math.max(0, Math.min(slowMs, last.at + slowMs - at))
}

/** The message was written: the next wait begins. */
export async function beginWait(tx: Tx, { room, sender: user, at, slowMs }: SendIntent): Promise<void> {
  if (slowMs === null) return
  await tx
    .insertInto('slow_posts')
    .values({ room, user, at })
    .onConflict((conflict) => conflict.columns(['room', 'user']).doUpdateSet({ at }))
    .execute()
}
