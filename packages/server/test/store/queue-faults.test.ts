import { expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import { ManualClock } from '../../src/base/manual-clock.ts'
import { assembleStore, type StoreDeps } from '../../src/store/assemble.ts'
import { SqliteDriver } from '../../src/store/drivers/sqlite.ts'
import type { SendRequest, Store } from '../../src/store/store.ts'
import { newId, storeDeps, temporaryFile } from '../contract/store/backends.ts'
import { digestOf, expectRow, expectStatus, newRoom, newSend, newSession, newUser, oneTo, tally } from '../contract/store/world.ts'
import { FaultyDriver } from './faulty-driver.ts'

type Lab = AsyncDisposable & {
  driver: FaultyDriver
  store: Store
  clock: ManualClock
  send(text: string, change?: Partial<SendRequest>): ReturnType<Store['queue']['send']>
  written(): Promise<string[]>
}

/** A store on a driver that fails as told, with one user in one room. */
async function openLab(change: Partial<StoreDeps> = {}): Promise<Lab> {
  const file = temporaryFile()
  const clock = new ManualClock()
  const driver = new FaultyDriver(new SqliteDriver(file.path))
  const store = await assembleStore(driver, storeDeps({ clock, ...change }))
  const { user } = expectStatus(await store.queue.write('users.create', { user: newUser(), session: null }), 'created')
  const { room } = expectStatus(
    await store.queue.write('rooms.create', { room: newRoom([user]), cid: null, digest: digestOf('') }),
    'created',
  )
  driver.batches.length = 0
  return {
    driver,
    store,
    clock,
    send: (text, how) => store.queue.send({ ...newSend(room.number, user, text), judge: () => ({ acl: room.acl, join: null }), ...how }),
    async written() {
      const rows = await store.messages.range(room.number, { from: 1, to: 1_000_000 }, { limit: 100_000, end: 'oldest' })
      expect(expectRow(await store.rooms.byNumber(room.number))).toMatchObject({
        last_n: rows.length,
        last_seq: room.last_seq + rows.length,
      })
      return rows.map(({ content }) => content)
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      file[Symbol.dispose]()
    },
  }
}

const codeOf = (error: unknown) => (error instanceof ChatError ? error.code : String(error))
const texts = (count: number) => oneTo(count).map((i) => `m${i}`)

/** Advances time until the work is done. */
async function within<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let done = false
  const end = work.finally(() => (done = true))
  end.catch(() => undefined)
  for (let ms = 0; ms < 20_000 && !done; ms += 50) await clock.advance(50)
  return await end
}

test('what arrives in one turn of the event loop shares one commit; of more than 64, one half is told while the other is written', async () => {
  await using lab = await openLab()
  await Promise.all(texts(64).map((text) => lab.send(text)))
  expect(lab.driver.batches.map(({ length }) => length)).toEqual([64])
  lab.driver.batches.length = 0
  await Promise.all(texts(301).map((text) => lab.send(text)))
  expect(lab.driver.batches.map(({ length }) => length)).toEqual([151, 150])
})

test('the next batch is on its way before anybody hears of the last one, and all hear in their order', async () => {
  await using lab = await openLab()
  const heard: { text: string; begun: number }[] = []
  const tell = (text: string) => lab.send(text).then(() => heard.push({ text, begun: lab.driver.batches.length }))
  await Promise.all(texts(400).map(tell))
  expect(heard[0]).toEqual({ text: 'm1', begun: 2 })
  expect(heard.map(({ text }) => text)).toEqual(texts(400))
})

test.each([
  [4, 'few that came meanwhile are written with what the answers bring', [10, 14]],
  [5, 'as many as half of it are written at once', [10, 5, 10]],
])('behind a batch of ten, with %d waiting: %s', async (late, _, batches) => {
  await using lab = await openLab()
  const more: Promise<unknown>[] = []
  lab.driver.meanwhile = () => void more.push(...texts(late).map((text) => lab.send(`late ${text}`)))
  await Promise.all(texts(10).map((text) => lab.send(text).then(() => more.push(lab.send(`then ${text}`)))))
  await Promise.all(more)
  expect(lab.driver.batches.map(({ length }) => length)).toEqual(batches)
})

test('a batch has at most 500 intents and 256 KiB of text', async () => {
  await using lab = await openLab()
  await Promise.all(texts(1200).map((text) => lab.send(text)))
  expect(lab.driver.batches.map(({ length }) => length)).toEqual([500, 500, 200])
  lab.driver.batches.length = 0
  await Promise.all(oneTo(40).map(() => lab.send('é'.repeat(8_000))))
  expect(lab.driver.batches.map(({ length }) => length)).toEqual([16, 16, 8])
})

test('a commit whose answer was lost is run again and doubles nothing', async () => {
  await using lab = await openLab()
  lab.driver.faults.push({ failure: 'lost', written: true }, { failure: 'lost' })
  const answers = await within(lab.clock, Promise.all(texts(50).map((text) => lab.send(text))))
  expect(tally(answers)).toEqual({ known: 50 })
  expect(await lab.written()).toEqual(texts(50))
  expect(lab.driver.batches.map(({ length }) => length)).toEqual([50, 50, 50])
})

test('a commit that was lost before it was written is written by the next run', async () => {
  await using lab = await openLab()
  lab.driver.faults.push({ failure: 'lost' }, { failure: 'again' })
  expect(tally(await within(lab.clock, Promise.all(texts(5).map((text) => lab.send(text)))))).toEqual({ stored: 5 })
  expect(await lab.written()).toEqual(texts(5))
})

test('after five seconds of lost answers the outcome is unknown, and a retry finds what happened', async () => {
  await using lab = await openLab()
  lab.driver.always = { failure: 'lost', written: true }
  const first = lab.send('hello', { cid: 'c' })
  const began = lab.clock.monotonic()
  expect(
    codeOf(
      await within(
        lab.clock,
        first.catch((error: unknown) => error),
      ),
    ),
  ).toBe('unknown_outcome')
  expect(lab.clock.monotonic() - began).toBeLessThan(6_000)
  expect(lab.clock.monotonic() - began).toBeGreaterThan(4_000)
  lab.driver.always = undefined
  expectStatus(await lab.send('hello', { cid: 'c' }), 'known')
  expect(await lab.written()).toEqual(['hello'])
})

test('what fails for good after a lost answer may have been written: the outcome is unknown', async () => {
  await using lab = await openLab()
  lab.driver.faults.push({ failure: 'lost', written: true }, { failure: 'definite' })
  const first = lab.send('hello', { cid: 'c' }).catch((error: unknown) => error)
  expect(codeOf(await within(lab.clock, first))).toBe('unknown_outcome')
  expectStatus(await lab.send('hello', { cid: 'c' }), 'known')
  expect(await lab.written()).toEqual(['hello'])
})

test('a database that stays busy answers overloaded, as nothing was written', async () => {
  await using lab = await openLab()
  lab.driver.always = { failure: 'again' }
  const answers = await within(lab.clock, Promise.allSettled(texts(3).map((text) => lab.send(text))))
  expect(answers.map((answer) => answer.status === 'rejected' && codeOf(answer.reason))).toEqual(['overloaded', 'overloaded', 'overloaded'])
  lab.driver.always = undefined
  expect(await lab.written()).toEqual([])
})

test('a rarer write whose answer was lost is not run again: it would meet its own deed', async () => {
  await using lab = await openLab()
  lab.driver.faults.push({ failure: 'lost', written: true })
  const create = lab.store.queue.write('users.create', { user: { ...newUser(), name_key: 'lost' }, session: null })
  expect(codeOf(await create.catch((error: unknown) => error))).toBe('unknown_outcome')
  expect(lab.driver.batches).toHaveLength(1)
  expect(await lab.store.users.byNameKey('lost')).toBeDefined()
})

test('without room on the disk the batch fails as storage_full, and the next one is written', async () => {
  await using lab = await openLab()
  lab.driver.faults.push({ failure: 'full' })
  const answers = await Promise.allSettled(texts(3).map((text) => lab.send(text)))
  expect(answers.map((answer) => answer.status === 'rejected' && codeOf(answer.reason))).toEqual([
    'storage_full',
    'storage_full',
    'storage_full',
  ])
  expectStatus(await lab.send('later'), 'stored')
  expect(await lab.written()).toEqual(['later'])
})

test('a failed fsync ends everything: nothing is acknowledged any more', async () => {
  const ended: unknown[] = []
  await using lab = await openLab({ fatal: (error) => void ended.push(error) })
  lab.driver.faults.push({ failure: 'fatal', written: true })
  const answers = await Promise.allSettled(texts(600).map((text) => lab.send(text)))
  expect(ended).toHaveLength(1)
  const codes = answers.map((answer) => (answer.status === 'rejected' ? codeOf(answer.reason) : 'acknowledged'))
  expect(new Set(codes.slice(0, 300))).toEqual(new Set(['unknown_outcome']))
  expect(new Set(codes.slice(300))).toEqual(new Set(['internal']))
  expect(codeOf(await lab.send('more').catch((error: unknown) => error))).toBe('internal')
  expect(lab.driver.batches).toHaveLength(1)
})

test('halving finds the guilty send, keeps the lanes in order and lets nothing overtake what came back stale', async () => {
  await using lab = await openLab()
  const lane = {}
  const id = newId()
  // 10 comes back stale once; 40 has the id of 3. Whatever part of the batch they are tried in, the lane stays in order.
  const change = (i: number): Partial<SendRequest> => {
    if (i === 3 || i === 40) return { id, lane: {} }
    if (i % 2 === 1) return {}
    return { lane, ...(i === 10 && { judge: (again: boolean) => ({ acl: again ? 2 : 0, join: null }) }) }
  }
  const answers = await Promise.allSettled(oneTo(60).map((i) => lab.send(`${i}`, change(i))))
  expect(answers.flatMap((answer, i) => (answer.status === 'rejected' ? [i + 1] : []))).toEqual([40])
  const written = (await lab.written()).map(Number)
  expect(written.filter((i) => i % 2 === 0)).toEqual(oneTo(60).filter((i) => i % 2 === 0 && i !== 40))
  expect(written).toHaveLength(59)
})

test('a rarer write that throws is taken back alone, with what it had written', async () => {
  await using lab = await openLab()
  const session = newSession()
  const create = (name_key: string, id = newId()) =>
    lab.store.queue.write('users.create', { user: { ...newUser(), name_key }, session: { ...session, id } })
  await create('first')
  lab.driver.batches.length = 0
  // The token of the first login again: the account and the session stand already when it is refused.
  const [before, broken, after] = await Promise.allSettled([lab.send('before'), create('second'), lab.send('after')])
  expect([before.status, broken.status, after.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(broken.status === 'rejected' && codeOf(broken.reason)).toBe('internal')
  expect(await lab.store.users.byNameKey('second')).toBeUndefined()
  expect(lab.driver.batches).toHaveLength(1)
  expect(await lab.written()).toEqual(['before', 'after'])
})
