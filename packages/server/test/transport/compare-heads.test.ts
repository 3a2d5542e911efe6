import { expect, test } from 'bun:test'
import { createMetrics } from '../../src/base/metrics.ts'
import type { Log } from '../../src/live/log.ts'
import { compareHeads } from '../../src/transport/compare-heads.ts'
import { UserChannel, type UserChannelDeps } from '../../src/transport/user-channel.ts'

const deps: UserChannelDeps = {
  read: () => Promise.reject(new Error('nobody is behind')),
  later: () => ({ cancel: () => undefined }),
  failed: (_user, error) => {
    throw error
  },
}

test('the heads of many users are compared a slice a turn of the event loop, each of them once', async () => {
  const users = new Map(Array.from({ length: 1050 }, (_, user) => [user, new UserChannel(user, deps)]))
  const reads: { users: readonly number[]; turn: number }[] = []
  let turn = 0
  let turning = setImmediate(function next() {
    turn++
    turning = setImmediate(next)
  })
  const log = {
    userHeads: (numbers: readonly number[]) => {
      reads.push({ users: numbers, turn })
      return Promise.resolve([])
    },
  } as unknown as Log
  await compareHeads({ rooms: new Map(), users }, { log, metrics: createMetrics() })
  clearImmediate(turning)
  expect(reads.flatMap(({ users }) => users)).toEqual([...users.keys()])
  expect(Math.max(...reads.map(({ users }) => users.length))).toBeLessThan(500)
  expect(new Set(reads.map(({ turn }) => turn)).size).toBe(reads.length)
})
