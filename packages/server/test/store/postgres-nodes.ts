import { SQL } from 'bun'
import type { Role } from '@parlance/protocol'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { openPostgres } from '../../src/store/drivers/postgres.ts'
import type { RoomRow } from '../../src/store/rows.ts'
import type { SendRequest, Store } from '../../src/store/store.ts'
import type { SendOutcome } from '../../src/store/writes.ts'
import { newId, storeDeps } from '../contract/store/backends.ts'
import { digestOf, expectStatus, fresh, newUser, now, policy } from '../contract/store/world.ts'
import { eventually } from '../harness/eventually.ts'

/** One more node on a database, with its own pools and its own queue. */
export function openNode(url: string, clock: Clock = systemClock): Promise<Store> {
  return openPostgres(url, storeDeps({ clock }))
}

/** The numbers of so many new users. */
export async function makeUsers(store: Store, count: number): Promise<number[]> {
  const made = Array.from({ length: count }, () => store.queue.write('users.create', { user: newUser(), session: null }))
  return (await Promise.all(made)).map((answer) => expectStatus(answer, 'created').user.number)
}

/** A public room that the first of the users owns and the others are members of. */
export async function makeRoom(store: Store, [creator = 0, ...members]: number[]): Promise<RoomRow> {
  const plain = { kind: 'public' as const, name: fresh('room'), title: null, description: null, meta: null, policy, created_at: now }
  const room = { id: newId(), ...plain, creator, creatorRole: 'owner' as const, members, userRooms: 10_000 }
  return expectStatus(await store.queue.write('rooms.create', { room, cid: null, digest: digestOf('') }), 'created').room
}

type Post = {
  room: RoomRow
  sender: number
  cid: string | null
  content?: string
  join?: Role | null
  lane?: object | null
  /** Id of the first message of a thread. */
  root?: string | null
}

/** Sends as a service does: at the acl it knows, and at the present one when it is asked again. */
export function post(
  store: Store,
  { room, sender, cid, content = `${cid}`, join = null, lane = null, root = null }: Post,
): Promise<SendOutcome> {
  const request: SendRequest = {
    ...{ lane, room: room.number, sender, id: newId(), cid, digest: digestOf(content), content, meta: null },
    ...{ mentions: [], mentionAll: false, replyTo: root, root, forward: null, addressee: null, at: now },
    judge: (fresh) => (fresh ? aclOf(store, room).then((acl) => ({ acl, join })) : { acl: room.acl, join }),
  }
  return store.queue.send(request)
}

export async function aclOf(store: Store, room: RoomRow): Promise<number> {
  return (await store.rooms.byNumber(room.number))?.acl ?? 0
}

type RoomAudit = { room: number; last_seq: number; last_n: number; events: number; messages: number; top_seq: number; top_n: number }

/** What must hold of every room whatever was written, as the rows that break it. */
export async function faultsOf(url: string): Promise<unknown[]> {
  await using sql = new SQL(url, { max: 1 })
  const rows = await sql.unsafe<RoomAudit[]>(`
    select r.number::int as room, last_seq::int, last_n::int,
      (select count(*) from parlance.events e where e.room = r.number)::int as events,
      (select count(*) from parlance.messages m where m.room = r.number)::int as messages,
      (select coalesce(max(seq), 0) from parlance.events e where e.room = r.number)::int as top_seq,
      (select coalesce(max(n), 0) from parlance.messages m where m.room = r.number)::int as top_n
    from parlance.rooms r order by r.number`)
  const gaps = rows.filter(
    (row) => new Set([row.last_seq, row.events, row.top_seq]).size + new Set([row.last_n, row.messages, row.top_n]).size > 2,
  )
  const loose = await sql.unsafe<unknown[]>(`
    select 'message without its event' as fault, m.room::int, m.n::int from parlance.messages m
      left join parlance.events e on e.room = m.room and e.seq = m.seq and e.type = 'message.created' and e.ref = m.n where e.seq is null
    union all select 'member count', r.number::int, r.members::int from parlance.rooms r
      where r.members <> (select count(*) from parlance.members m where m.room = r.number)
    union all select 'stay without member', s.room::int, s."user"::int from parlance.stays s
      left join parlance.members m on m.room = s.room and m."user" = s."user" where s.to_seq is null and m.number is null
    union all select 'fact past the head', u.number::int, u.last_useq::int from parlance.users u
      where u.last_useq < (select max(useq) from parlance.user_events e where e."user" = u.number)
    union all select 'replies of a thread', t.room::int, t.n::int from parlance.messages t
      cross join lateral (select count(*) as replies, max(n) as last_n from parlance.messages m
        where m.room = t.room and m.root = t.id and m.deleted_at is null) counted
      where t.replies <> counted.replies or t.last_reply_n is distinct from counted.last_n
    union all select 'counts of reactions', t.room::int, t.n::int from parlance.messages t
      where (select coalesce(sum((each ->> 1)::int), 0) from jsonb_array_elements(coalesce(t.reactions, '[]')::jsonb) each)
        <> (select count(*) from parlance.reactions x where x.room = t.room and x.n = t.n)
    union all select 'position twice in a user log', e."user"::int, e.useq::int from parlance.user_events e group by e."user", e.useq having count(*) > 1`)
  return [...gaps, ...loose]
}

/**
 * Transactions that PostgreSQL has rolled back in this database, deadlocks among them; complete once every other connection has ended. The
 * queue heals most of what goes wrong, so whoever wants to know that nothing did asks here.
 */
export async function rollbacksIn(url: string): Promise<{ rollbacks: number; deadlocks: number }> {
  await using sql = new SQL(url, { max: 1 })
  const connections = 'select count(*)::int as count from pg_stat_activity where datname = current_database()'
  await eventually(async () => (await sql.unsafe<{ count: number }[]>(connections))[0]?.count === 1)
  const [row] = await sql.unsafe<{ rollbacks: number; deadlocks: number }[]>(
    'select xact_rollback::int as rollbacks, deadlocks::int from pg_stat_database where datname = current_database()',
  )
  if (row === undefined) throw new Error('a database without statistics')
  return row
}
