import { printId } from '../../base/ids.ts'
import type { Passing, WriteInput, WriteOutput } from '../writes.ts'
import { lockUsers, type Tx } from './locks.ts'

type Bounds = { before: number; rows: number }

/** How many went; as many as were asked for, and there may be more. */
const sweeps: Record<Passing, (tx: Tx, bounds: Bounds) => Promise<number>> = {
  sessions: sweepSessions,

  async resets(tx, { before, rows }) {
    const over = tx.selectFrom('reset_links').select('hash').where('expires_at', '<=', before).orderBy('expires_at').limit(rows)
    return (await tx.deleteFrom('reset_links').where('hash', 'in', over).returning('hash').execute()).length
  },

  async invites(tx, { before, rows }) {
    const expired = tx.selectFrom('invites').select('number').where('expires_at', '<=', before).orderBy('expires_at').limit(rows)
    const gone = await tx.deleteFrom('invites').where('number', 'in', expired).returning('number').execute()
    if (gone.length === rows) return rows
    const left = rows - gone.length
    const revoked = tx.selectFrom('invites').select('number').where('revoked_at', '<=', before).orderBy('revoked_at').limit(left)
    return gone.length + (await tx.deleteFrom('invites').where('number', 'in', revoked).returning('number').execute()).length
  },

  slow_posts: sweepSlowPosts,

  async sanctions(tx, { before, rows }) {
    // An ended one binds nobody: nothing is granted by its going, and the room's acl stays.
    const over = tx.selectFrom('sanctions').select('number').where('until', '<=', before).orderBy('until').limit(rows)
    return (await tx.deleteFrom('sanctions').where('number', 'in', over).returning('number').execute()).length
  },
}

async function sweepSlowPosts(tx: Tx, { before, rows }: Bounds): Promise<number> {
  const over = tx.selectFrom('slow_posts').select(['room', 'user']).where('at', '<=', before).orderBy('at').limit(rows)
  const gone = await tx
    .deleteFrom('slow_posts')
    .where(({ eb, refTuple }) => eb(refTuple('room', 'user'), 'in', over.$asTuple('room', 'user')))
    // Whoever writes there at this moment waits anew.
    .where('at', '<=', before)
    .returning('room')
    .execute()
  return gone.length
}

export async function sweepPassing(tx: Tx, { what, ...bounds }: WriteInput<'passing.sweep'>): Promise<WriteOutput<'passing.sweep'>> {
  const rows = await sweeps[what](tx, bounds)
  return { status: 'swept', rows, done: rows < bounds.rows }
}

/** With the fact that told of its end: a fact that is gone is a hole in the user's log, as any that a newer one replaced. */
async function sweepSessions(tx: Tx, { before, rows }: Bounds): Promise<number> {
  const over = tx.selectFrom('sessions').select(['id', 'user']).where('expires_at', '<=', before).orderBy('expires_at').limit(rows)
  const found = await over.execute()
  await lockUsers(tx, [...new Set(found.map(({ user }) => user))])
  // Looked at again under the lock: older doors make a login last longer.
  const still =
    found.length === 0
      ? []
      : await over
          .where(
            'id',
            'in',
            found.map(({ id }) => id),
          )
          .execute()
  if (still.length === 0) return 0
  const ids = still.map(({ id }) => id)
  // A login of many months has more tokens than one write should take: then it goes with the last of them.
  const tokens = tx.selectFrom('refresh_tokens').select('hash').where('session', 'in', ids).limit(rows)
  const spent = await tx.deleteFrom('refresh_tokens').where('hash', 'in', tokens).returning('hash').execute()
  if (spent.length === rows) return rows
  const ofTheirEnd = ({ user, id }: (typeof still)[number]) => ({ user, key: `session:${printId(id)}` })
  await tx
    .deleteFrom('user_events')
    .where((eb) => eb.or(still.map((session) => eb.and(ofTheirEnd(session)))))
    .execute()
  await tx.deleteFrom('sessions').where('id', 'in', ids).execute()
  return spent.length + still.length
}
