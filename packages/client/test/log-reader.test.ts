import { expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import { eventually } from '../../server/test/harness/eventually.ts'
import { ConnectionError } from '../src/index.ts'
import type { Page } from '../src/feed.ts'
import { LogReader } from '../src/log-reader.ts'
import { platformDefaults } from '../src/platform.ts'

/** A reader whose requests are answered by hand. */
function reading() {
  const requests: { after: number; answer(page: Page<number>): void; fail(error: Error): void }[] = []
  const applied: number[] = []
  const waits: number[] = []
  const reader = new LogReader<number>({
    request: (after) => new Promise((answer, fail) => requests.push({ after, answer, fail })),
    rules: () => ({ eager: true, maxFill: 1000 }),
    applied: (event) => void applied.push(event),
    skipped: () => undefined,
    platform: {
      ...platformDefaults,
      setTimeout: (task, ms) => {
        waits.push(ms)
        return setTimeout(task, 1)
      },
      random: () => 0.5,
    },
    backoff: { base_ms: 100, cap_ms: 1000 },
  })
  return { reader, requests, applied, waits }
}
const page = (after: number, upto: number): Page<number> => ({
  after,
  upto,
  floor: 0,
  items: Array.from({ length: upto - after }, (_, index) => ({ at: after + 1 + index, event: after + 1 + index })),
})

test('an answer to what was asked before everything was forgotten is ignored', async () => {
  const { reader, requests, applied } = reading()
  reader.take({ kind: 'start', at: 5 })
  reader.take({ kind: 'head', at: 9 })
  reader.reset()
  reader.take({ kind: 'start', at: 2 })
  requests[0]?.answer(page(5, 9))
  reader.take({ kind: 'head', at: 3 })
  requests[1]?.answer(page(2, 3))
  await eventually(() => applied.length > 0)
  expect([requests.map(({ after }) => after), applied, reader.local]).toEqual([[5, 2], [3], 3])
})

test('a request that fails is made again after longer and longer pauses, from where the reader stands by then', async () => {
  const { reader, requests, applied, waits } = reading()
  reader.take({ kind: 'start', at: 5 })
  reader.take({ kind: 'head', at: 9 })
  for (let count = 0; count < 3; count += 1) {
    requests[count]?.fail(new ConnectionError('gone'))
    await eventually(() => requests.length === count + 2)
  }
  reader.take({ kind: 'event', item: { at: 6, event: 6 } })
  requests[3]?.fail(new ChatError('rate_limited'))
  await eventually(() => requests.length === 5)
  requests[4]?.answer(page(6, 9))
  await eventually(() => applied.length === 4)
  expect(requests.map(({ after }) => after)).toEqual([5, 5, 5, 5, 6])
  expect(waits).toEqual([300, 350, 450, 650])
})

test('a refusal ends the asking', async () => {
  const { reader, requests, waits } = reading()
  reader.take({ kind: 'start', at: 5 })
  reader.take({ kind: 'head', at: 9 })
  requests[0]?.fail(new ChatError('not_found'))
  await Promise.resolve()
  reader.take({ kind: 'head', at: 10 })
  await eventually(() => requests.length === 2)
  expect(waits).toEqual([])
})
