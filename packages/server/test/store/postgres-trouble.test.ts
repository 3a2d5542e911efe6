import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import type { RoomRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { eventually } from '../harness/eventually.ts'
import { type Postgres, postgres } from '../harness/postgres.ts'
import { makeRoom, makeUsers, openNode, post } from './postgres-nodes.ts'

const server = await postgres()

describe.skipIf(server === null)('a PostgreSQL in trouble', () => {
  let handle: Postgres
  let admin: SQL
  let store: Store
  let sender: number
  let room: RoomRow
  beforeAll(async () => {
    handle = server as Postgres
    const url = await handle.createDatabase()
    admin = new SQL(url, { max: 2 })
    store = await openNode(url)
    ;[sender = 0] = await makeUsers(store, 1)
    room = await makeRoom(store, [sender])
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await admin.close()
    await handle[Symbol.asyncDispose]()
  })

  test('a batch waits for a lock that another node holds, gives up after two seconds and tries again', { timeout: 15_000 }, async () => {
    const waiting = () =>
      admin.unsafe<{ pid: number }[]>(`select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%commit_batch%'`)
    const sent = await admin.begin(async (holder) => {
      await holder.unsafe('select 1 from parlance.rooms where number = $1 for update', [room.number])
      const outcome = post(store, { room, sender, cid: 'patient' })
      await eventually(async () => (await waiting()).length === 1)
      // Statistics are told at the end of a transaction: the one that gave up is the rollback.
      await eventually(async () => (await rollbacks(admin)) > 0)
      return { outcome }
    })
    expect(await sent.outcome).toMatchObject({ status: 'stored', n: 1 })
  })

  test('a full disk refuses sends with storage_full while reads go on, and sends work again once there is room', async () => {
    await admin.unsafe(`
      create function parlance.no_room() returns trigger language plpgsql as $$ begin raise disk_full; end $$;
      create trigger full_disk before insert on parlance.messages for each row execute function parlance.no_room()`)
    const refused = await post(store, { room, sender, cid: 'later' }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'storage_full' })
    expect(await store.rooms.byNumber(room.number)).toMatchObject({ last_n: 1 })
    await admin.unsafe('drop trigger full_disk on parlance.messages')
    expect(await post(store, { room, sender, cid: 'later' })).toMatchObject({ status: 'stored', n: 2 })
  })
})

async function rollbacks(admin: SQL): Promise<number> {
  const [row] = await admin.unsafe<{ count: number }[]>(
    'select xact_rollback::int as count from pg_stat_database where datname = current_database()',
  )
  return row?.count ?? 0
}
