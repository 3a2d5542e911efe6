import { expect, test } from 'bun:test'
import type { Intent, Outcome } from '../../src/store/drivers/driver.ts'
import { SqliteThread } from '../../src/store/drivers/sqlite-thread.ts'
import {
  cloneError,
  packIntents,
  packOutcomes,
  ThreadError,
  unpackIntents,
  unpackOutcomes,
} from '../../src/store/drivers/sqlite-thread-wire.ts'
import type { UserRow } from '../../src/store/rows.ts'
import { createdRow } from '../../src/store/tables/rows-of.ts'
import { newId, temporaryFile } from '../contract/store/backends.ts'
import { newSend, newUser } from '../contract/store/world.ts'

const sender: UserRow = { ...newUser(), number: 2, state: 'active', last_useq: 0 }

function send(lane: object | null, text: string): Intent {
  const { lane: _, ...plain } = newSend(1, sender, text)
  return { kind: 'send', lane, send: { ...plain, acl: 3, join: null, slowMs: 1000 } }
}

test('a batch crosses to the writing thread as it was: the order, the digests, and which sends share a lane', () => {
  const [one, other] = [{}, {}]
  const read: Intent = { kind: 'read', read: { room: 1, user: 2, n: 3, at: 4 } }
  const batch = [read, send(one, 'a'), send(null, 'b'), read, send(other, 'c'), send(one, 'd'), read]
  // A clone, as a message between threads is.
  const there = unpackIntents(structuredClone(packIntents(batch)))
  const plain = (intents: Intent[]) => intents.map((intent) => (intent.kind === 'send' ? intent.send : intent))
  expect(plain(there)).toEqual(plain(batch))
  const lanes = there.flatMap((intent) => (intent.kind === 'send' ? [intent.lane] : []))
  expect(lanes.map((lane) => lanes.indexOf(lane))).toEqual([0, 1, 2, 0])
  expect(lanes[1]).toBeNull()
})

test('outcomes cross back in their order, and an error keeps its words, its code and what it means', () => {
  const error = Object.assign(new Error('no room'), { code: 'SQLITE_FULL' })
  const read: Intent = { kind: 'read', read: { room: 1, user: 2, n: 3, at: 4 } }
  const batch = [read, send(null, 'taken before'), send(null, 'alone'), read, send(null, 'with a join')]
  const [, , alone, , joining] = batch.map((intent) => (intent.kind === 'send' ? intent.send : null))
  if (!alone || !joining) throw new Error('no sends')
  const joined = { room: 1, seq: 9, type: 'member.joined' as const, actor: 2, ref: 2, data: null, at: 4 }
  const stored = { status: 'stored' as const, userEvents: [] }
  const outcomes: Outcome[] = [
    { kind: 'failed', error },
    { kind: 'send', outcome: { status: 'conflict' } },
    { kind: 'send', outcome: { ...stored, number: 7, seq: 8, n: 6, events: [createdRow(alone, 8, 6)] } },
    { kind: 'read', outcome: null },
    { kind: 'send', outcome: { ...stored, number: 8, seq: 10, n: 7, events: [joined, createdRow(joining, 10, 7)] } },
  ]
  const back = unpackOutcomes(structuredClone(packOutcomes(outcomes, () => 'full')), batch)
  expect(back.slice(1)).toEqual(outcomes.slice(1))
  const [failed] = back
  expect(failed?.kind === 'failed' && failed.error).toBeInstanceOf(ThreadError)
  expect(failed).toMatchObject({ error: { message: 'no room', code: 'SQLITE_FULL', failure: 'full' } })
  expect(cloneError('a thrown text', () => 'definite')).toMatchObject({ message: 'a thrown text', failure: 'definite' })
})

test('a batch that the file refuses is refused here, and the next one is written', async () => {
  using file = temporaryFile()
  const driver = new SqliteThread(file.path)
  await driver.migrate(newId())
  const user = newUser()
  const create = (): Intent => ({ kind: 'write', name: 'users.create', input: { user, session: null } })
  // There is no such room: the whole batch is refused, as a definite fault of one of its intents.
  const refused = await driver.commit([create(), send(null, 'nowhere')]).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ThreadError)
  expect(driver.classify(refused)).toBe('definite')
  expect(await driver.commit([create()])).toMatchObject([{ kind: 'write', outcome: { status: 'created' } }])
  await driver.close()
})

test('what was asked of a thread that is closed is refused', async () => {
  using file = temporaryFile()
  const driver = new SqliteThread(file.path)
  await driver.migrate(newId())
  await driver.close()
  expect(await driver.commit([send(null, 'late')]).catch(String)).toMatch(/closed/)
})
