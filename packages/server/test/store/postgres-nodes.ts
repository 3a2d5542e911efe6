import { SQL } from 'bun'
import type { Policy, Role } from '@parlance/protocol'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { createIds, printId } from '../../src/base/ids.ts'
import { createLogger } from '../../src/base/log.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { systemRandom } from '../../src/base/random.ts'
import { openPostgres } from '../../src/store/drivers/postgres.ts'
import type { RoomRow } from '../../src/store/rows.ts'
import type { SendRequest, Store } from '../../src/store/store.ts'
import type { SendOutcome } from '../../src/store/writes.ts'

const ids = createIds({ clock: systemClock, random: systemRandom })
export const newId = (): string => printId(ids.next())
export const digestOf = (text: string): Uint8Array => new Uint8Array(new Bun.CryptoHasher('sha256').update(text).digest().subarray(0, 8))

/** One more node on a database, with its own pools and its own queue. */
export function openNode(url: string, clock: Clock = systemClock): Promise<Store> {
  const log = createLogger({ level: 'error', format: 'text', write: (line) => console.error(line), now: () => systemClock.now() })
  const fatal = (error: unknown) => {
    throw new Error('the store called itself broken', { cause: error })
  }
  return openPostgres(url, { clock, newId, metrics: createMetrics(), log, fatal })
}

export async function makeUsers(store: Store, count: number): Promise<number[]> {
  const made = Array.from({ length: count }, async () => {
    const name = newId()
    const plain = {
      email: '',
      owned_email: null,
      password: null,
      first_name: '',
      last_name: '',
      admin: false,
      created_at: systemClock.now(),
    }
    const answer = await store.queue.write('users.create', {
      user: { id: newId(), username: name, name_key: name, ...plain },
      session: null,
    })
    if (answer.status !== 'created') throw new Error(answer.status)
    return answer.user.number
  })
  return await Promise.all(made)
}

const policy: Policy = {
  ...{ read: 'users', join: 'users', post: 'users', add: 'admins', remove: 'admins', manage: 'owner', history: 'open', listed: 'users' },
}

export async function makeRoom(store: Store, [creator, ...members]: number[]): Promise<RoomRow> {
  if (creator === undefined) throw new Error('a room needs a creator')
  const plain = {
    kind: 'public' as const,
    name: newId(),
    title: null,
    description: null,
    meta: null,
    policy,
    created_at: systemClock.now(),
  }
  const room = { id: newId(), ...plain, creator, creatorRole: 'owner' as const, members, userRooms: 10_000 }
  const answer = await store.queue.write('rooms.create', { room, cid: null, digest: digestOf('') })
  if (answer.status !== 'created') throw new Error(answer.status)
  return answer.room
}

type Post = { room: RoomRow; sender: number; cid: string | null; content?: string; join?: Role | null; lane?: object | null }

/** Sends as a service does: at the acl it knows, and at the present one when it is asked again. */
export function post(store: Store, { room, sender, cid, content = `${cid}`, join = null, lane = null }: Post): Promise<SendOutcome> {
  const request: SendRequest = {
    ...{ lane, room: room.number, sender, id: newId(), cid, digest: digestOf(content), content, meta: null },
    ...{ mentions: [], mentionAll: false, replyTo: null, addressee: null, at: systemClock.now() },
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
    union all select 'position twice in a user log', e."user"::int, e.useq::int from parlance.user_events e group by e."user", e.useq having count(*) > 1`)
  return [...gaps, ...loose]
}

/** Deadlocks that PostgreSQL has broken up in this database, once every connection to it has ended and told. */
export async function deadlocksIn(url: string): Promise<number> {
  await using sql = new SQL(url, { max: 1 })
  const [row] = await sql.unsafe<{ deadlocks: number }[]>('select deadlocks::int from pg_stat_database where datname = current_database()')
  return row?.deadlocks ?? -1
}
