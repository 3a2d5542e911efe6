import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * The hot writes of a batch in one call. "Lock, then look": each statement of a volatile function has a snapshot of its own, so what the
 * second one reads is what the first one locked; in one statement the look would be older than the lock, and burn or repeat positions.
 *
 * A call holds no cid twice for one sender of a room and no marker twice for one member of a room: the caller parts a batch there.
 *
 * Plans are made once, on tables that are still empty, where all ways look alike. So ways that would not do later are switched off, and
 * where several indexes begin with the room, an order that only one of them has names it (measured: five times the messages a second).
 */
const commitBatch = sql`
create function commit_batch(
  send_rooms bigint[], send_users bigint[], send_acls bigint[], send_lanes int[], send_ids bytea[], send_cids text[], send_digests bytea[],
  send_contents text[], send_metas text[], send_mentions text[], send_mentioned text[], send_alls bigint[], send_replies bytea[],
  send_addressees bytea[], send_roots bytea[], send_forwards text[], send_times bigint[],
  read_rooms bigint[], read_users bigint[], read_ns bigint[], read_times bigint[], read_named text[]
) returns table (status text, number float8, seq float8, n float8, unread float8, useq float8)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
as $$
#variable_conflict use_column
begin
  perform 1 from rooms r where r.number = any(send_rooms || read_rooms) order by r.number for no key update;
  perform 1 from users u where u.number = any(read_users) order by u.number for no key update;

  if cardinality(send_rooms) > 0 then
    return query
    with looked as (
      select i.*, r.last_seq, r.last_n, m.number as member, own.number is not null or known.id = i.id as mine,
        coalesce(own.number, known.number) as known_number, coalesce(own.seq, known.seq) as known_seq, coalesce(own.n, known.n) as known_n,
        own.number is null and known.number is null and (r.number is null or i.acl < r.strict_acl) as outdated
      from unnest(send_rooms, send_users, send_acls, send_lanes, send_ids, send_cids, send_digests, send_contents, send_metas,
          send_mentions, send_mentioned, send_alls, send_replies, send_addressees, send_roots, send_forwards, send_times) with ordinality
        as i(room, sender, acl, lane, id, cid, digest, content, meta, mentions, mentioned, mention_all, reply_to, addressee, root, forward,
          at, ord)
      left join rooms r on r.number = i.room
      left join lateral (
        select m.number from members m where m.room = i.room and m."user" between i.sender and i.sender order by m."user" limit 1
      ) m on true
      left join lateral (
        select m.number, m.id, m.seq, m.n from messages m
        where m.room = i.room and m.sender = i.sender and m.cid between i.cid and i.cid order by m.cid limit 1
      ) known on true
      -- What has a cid is found by it, an earlier run of the same batch included.
      left join lateral (
        select m.number, m.seq, m.n from messages m
        where i.cid is null and m.room = i.room and m.id between i.id and i.id order by m.id limit 1
      ) own on true
    ), judged as (
      select l.*, l.known_n is null and not bool_or(l.outdated) over (partition by l.lane order by l.ord) as fresh from looked l
    ), counted as (
      select j.*, row_number() over (partition by j.room, j.fresh order by j.ord) as k from judged j
    ), placed as materialized (
      select c.*, c.last_seq + c.k as seq, c.last_n + c.k as n, case when c.fresh then nextval('messages_number_seq') end as number
      from counted c
    ), advanced as (
      update rooms r set last_seq = p.seq, last_n = p.n
      from (select room, max(seq) as seq, max(n) as n from placed where fresh group by room) p where r.number = p.room
    ), written as (
      insert into messages (number, id, room, seq, n, sender, cid, digest, kind, content, meta, mentions, mention_all, addressee, reply_to,
        root, forward, rev, created_at)
      select number, id, room, seq, n, sender, cid, digest, 'text', content, meta, mentions, mention_all, addressee, reply_to,
        root, forward, seq, at
      from placed where fresh
    ), logged as (
      insert into events (room, seq, type, actor, ref, at)
      select room, seq, 'message.created', sender, n, at from placed where fresh
    ), named as (
      insert into mentions (room, n, "user")
      select p.room, p.n, person from placed p cross join unnest(p.mentioned::bigint[]) person where p.fresh and p.mentioned is not null
    ), marked as (
      update members m set read_n = p.n
      from (select member, max(n) as n from placed where fresh group by member) p where m.number = p.member
    )
    select case when p.mine or p.fresh then 'stored' when p.known_n is not null then 'known' else 'stale' end,
      coalesce(p.known_number, p.number)::float8, coalesce(p.known_seq, p.seq)::float8, coalesce(p.known_n, p.n)::float8, null::float8, null::float8
    from placed p order by p.ord;
  end if;

  -- Replies count in the row of their root. Every change of that row is at most its rev, so a batch that runs again counts none twice.
  if cardinality(array_remove(send_roots, null)) > 0 then
    update messages t set replies = t.replies + c.k, last_reply_n = c.n, last_reply_at = c.at, rev = c.seq
    from (
      select i.room, r.n as root, count(*) as k, max(m.seq) as seq, max(m.n) as n, (array_agg(m.created_at order by m.n desc))[1] as at
      from unnest(send_rooms, send_ids, send_roots) as i(room, id, root)
      cross join lateral (
        select m.seq, m.n, m.created_at from messages m where m.room = i.room and m.id between i.id and i.id order by m.id limit 1
      ) m
      cross join lateral (
        select r.rev, r.n from messages r where r.room = i.room and r.id between i.root and i.root order by r.id limit 1
      ) r
      where m.seq > r.rev group by i.room, r.n
    ) c where t.room = c.room and t.n = c.root;
  end if;

  if cardinality(array_remove(read_named, null)) > 0 then
    insert into reads (room, n, "user", at)
    select i.room, one, i.person, i.at
    from unnest(read_rooms, read_users, read_named, read_times) as i(room, person, named, at)
    join rooms r on r.number = i.room
    cross join lateral (
      select 1 from members m where m.room = i.room and m."user" between i.person and i.person order by m."user" limit 1
    ) m
    cross join unnest(i.named::bigint[]) one
    where one > r.floor_n and one <= r.last_n
    on conflict do nothing;
  end if;

  if cardinality(read_rooms) > 0 then
    return query
    with looked as (
      select i.*, u.last_useq, r.last_n, greatest(m.from_n, r.floor_n) as from_n, m.number as member, m.read_n,
        coalesce(least(i.n, r.last_n) > m.read_n, false) as rises
      from unnest(read_rooms, read_users, read_ns, read_times) with ordinality as i(room, person, n, at, ord)
      left join rooms r on r.number = i.room
      left join lateral (
        select m.number, m.read_n, m.from_n from members m
        where m.room = i.room and m."user" between i.person and i.person order by m."user" limit 1
      ) m on true
      left join users u on u.number = i.person
    ), counted as (
      select l.*, row_number() over (partition by l.person, l.rises order by l.ord) as k from looked l
    ), placed as materialized (
      select c.*, c.last_useq + c.k as useq, case when c.rises then least(c.n, c.last_n) else c.read_n end as reached from counted c
    ), marked as (
      update members m set read_n = p.reached from placed p where p.rises and m.number = p.member
    ), advanced as (
      update users u set last_useq = p.useq
      from (select person, max(useq) as useq from placed where rises group by person) p where u.number = p.person
    ), logged as (
      insert into user_events ("user", useq, key, type, room, position, at)
      select person, useq, 'read:' || room, 'room.read', room, reached, at from placed where rises
      on conflict ("user", key) do update set useq = excluded.useq, position = excluded.position, at = excluded.at
    )
    select case when p.member is null then 'absent' when p.rises then 'raised' else 'kept' end,
      null::float8, null::float8, p.reached::float8, greatest(0, p.last_n - greatest(p.reached, p.from_n))::float8, p.useq::float8
    from placed p order by p.ord;
  end if;
end
$$`

/** Rooms and members are rewritten at each send: room on their pages keeps the new version beside the old one, and the indexes untouched. */
export const postgresBatch: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table rooms set (fillfactor = 60)`.execute(db)
    await sql`alter table members set (fillfactor = 80)`.execute(db)
    await commitBatch.execute(db)
  },
}
