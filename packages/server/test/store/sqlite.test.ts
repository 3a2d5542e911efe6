import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { assembleStore } from '../../src/store/assemble.ts'
import type { Failure } from '../../src/store/drivers/driver.ts'
import { SqliteDriver } from '../../src/store/drivers/sqlite.ts'
import { classify } from '../../src/store/drivers/sqlite-errors.ts'
import { openSqlite } from '../../src/store/open.ts'
import { newId, storeDeps, temporaryFile } from '../contract/store/backends.ts'
import { eventually } from '../harness/eventually.ts'
import { digestOf, expectRow, expectStatus, newRoom, newSend, newUser, oneTo } from '../contract/store/world.ts'

/** A statement of our own on the file, beside the store. */
function beside<T>(path: string, work: (db: Database) => T): T {
  using db = new Database(path)
  db.run('pragma busy_timeout = 5000')
  return work(db)
}

const pagesOf = (db: Database) => expectRow(db.query<{ page_count: number }, []>('pragma page_count').get()).page_count

test('on a full disk sends fail and reads work; with room again sends go on, without a gap and without a restart', async () => {
  using file = temporaryFile()
  await using first = await openSqlite(file.path, storeDeps())
  const { user } = expectStatus(await first.queue.write('users.create', { user: newUser(), session: null }), 'created')
  const { room } = expectStatus(
    await first.queue.write('rooms.create', { room: newRoom([user]), cid: null, digest: digestOf('') }),
    'created',
  )
  await first[Symbol.asyncDispose]()
  const maxPages = beside(file.path, (db) => {
    db.run('create table filler (bytes blob)')
    db.run('insert into filler values (zeroblob(1000000))')
    return pagesOf(db) + 60
  })

  await using store = await assembleStore(new SqliteDriver(file.path, { maxPages }), storeDeps())
  const send = (text: string) => store.queue.send({ ...newSend(room.number, user, text), judge: () => ({ acl: room.acl, join: null }) })
  const text = 'x'.repeat(500)
  let stored = 0
  let failure: unknown
  while (failure === undefined) {
    const settled = await Promise.allSettled(oneTo(20).map(() => send(text)))
    stored += settled.filter(({ status }) => status === 'fulfilled').length
    // A batch finds the end first; what is left has room for a few sends alone.
    if (settled.some(({ status }) => status === 'rejected'))
      failure = await send(text).then(
        () => void (stored += 1),
        (error: unknown) => error,
      )
  }
  expect(failure).toMatchObject({ code: 'storage_full', cause: { code: 'SQLITE_FULL' } })
  expect(stored).toBeGreaterThan(40)
  expect(expectRow(await store.rooms.byNumber(room.number)).last_n).toBe(stored)
  expect(
    (await store.messages.range(room.number, { from: 1, to: 1_000_000 }, { limit: 100_000, end: 'oldest' })).map(({ n }) => n),
  ).toEqual(oneTo(stored))

  beside(file.path, (db) => db.run('drop table filler'))
  expect(expectStatus(await send('room again'), 'stored').n).toBe(stored + 1)
  const events = await store.events.range(room.number, { after: 0, upto: 1_000_000, limit: 100_000 })
  expect(events.map(({ seq }) => seq)).toEqual(oneTo(room.last_seq + stored + 1))
})

test('commits reach the disk before they are acknowledged, and the file has pages of four kilobytes', async () => {
  using file = temporaryFile()
  await using _store = await openSqlite(file.path, storeDeps())
  const pragma = (name: string) =>
    beside(file.path, (db) => Object.values(db.query<Record<string, unknown>, []>(`pragma ${name}`).get() ?? {})[0])
  expect([pragma('journal_mode'), pragma('page_size')]).toEqual(['wal', 4096])
})

test('a lock that somebody else holds for a moment delays a send and stops nothing else', async () => {
  using file = temporaryFile()
  await using store = await openSqlite(file.path, storeDeps())
  using other = new Database(file.path)
  other.run('begin immediate')
  let settled = false
  const create = store.queue.write('users.create', { user: newUser(), session: null }).finally(() => (settled = true))
  const began = performance.now()
  await eventually(() => performance.now() - began > 200)
  await store.ping()
  expect(settled).toBe(false)
  other.run('rollback')
  expectStatus(await create, 'created')
})

test('only what leaves earlier commits in doubt ends the process', () => {
  const failures = Object.entries({
    SQLITE_IOERR_FSYNC: 'fatal',
    SQLITE_IOERR_READ: 'fatal',
    SQLITE_CORRUPT: 'fatal',
    SQLITE_CORRUPT_INDEX: 'fatal',
    SQLITE_NOTADB: 'fatal',
    SQLITE_FULL: 'full',
    SQLITE_IOERR_WRITE: 'full',
    SQLITE_BUSY: 'again',
    SQLITE_BUSY_SNAPSHOT: 'again',
    SQLITE_CONSTRAINT_UNIQUE: 'definite',
    SQLITE_TOOBIG: 'definite',
  })
  expect(failures.map(([code]) => classify(Object.assign(new Error(code), { code })))).toEqual(
    failures.map(([, failure]) => failure as Failure),
  )
  expect(classify(new TypeError('a bug of ours'))).toBe('definite')
})

test('reading never writes', async () => {
  using file = temporaryFile()
  const driver = new SqliteDriver(file.path)
  await driver.migrate(newId())
  const write = driver.read.insertInto('meta').values({ key: 'a', value: 'b' }).execute()
  expect(await write.catch(String)).toMatch(/readonly/)
  await driver.close()
})

test('a closed store has let go of the file and put everything into it', async () => {
  using file = temporaryFile()
  const store = await openSqlite(file.path, storeDeps())
  await store.queue.write('users.create', { user: newUser(), session: null })
  await store.users.search('', { after: null, limit: 1 })
  expect(existsSync(`${file.path}-wal`)).toBe(true)
  await store[Symbol.asyncDispose]()
  expect(existsSync(`${file.path}-wal`)).toBe(false)
  expect(beside(file.path, (db) => db.query<{ n: number }, []>('select count(*) as n from users').get())).toEqual({ n: 1 })
})

test('a database made by a newer version is refused and left alone', async () => {
  using file = temporaryFile()
  await (await openSqlite(file.path, storeDeps()))[Symbol.asyncDispose]()
  beside(file.path, (db) => db.run(`insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01')`))
  expect(await openSqlite(file.path, storeDeps()).catch(String)).toMatch(/could not be migrated/)
})

test('a file that is no database is refused', async () => {
  using file = temporaryFile()
  await Bun.write(file.path, 'x'.repeat(10_000))
  expect(await openSqlite(file.path, storeDeps()).catch(String)).toMatch(/not a database/)
})
