import { describe, expect, test } from 'bun:test'
import type { Presence, PresenceStatus } from '../../../src/live/presence.ts'
import { eventually } from '../../harness/eventually.ts'

/** Presence as two nodes see it, or one node twice. `pass` lets time go by. */
export type PresencePair = AsyncDisposable & { near: Presence; far: Presence; pass(ms: number): Promise<void> }

const [ada, bob] = [1, 2]
const grace = 10_000

/** What every presence must do. */
export function presenceContract(name: string, open: () => Promise<PresencePair>): void {
  const statusOf = async ({ far }: PresencePair, user: number) => (await far.status([user]))[0]
  const becomes = (pair: PresencePair, user: number, status: PresenceStatus) =>
    eventually(async () => (await statusOf(pair, user)) === status)

  describe(`presence (${name})`, () => {
    test('answers for each user in the order asked', async () => {
      await using pair = await open()
      pair.near.enter(bob)
      await becomes(pair, bob, 'online')
      expect(await pair.far.status([ada, bob, ada])).toEqual(['offline', 'online', 'offline'])
      expect(await pair.far.status([])).toEqual([])
    })

    test('keeps a user online until the last socket has been gone for the grace', async () => {
      await using pair = await open()
      pair.near.enter(ada)
      pair.far.enter(ada)
      await becomes(pair, ada, 'online')
      pair.near.leave(ada)
      await pair.pass(grace * 3)
      expect(await statusOf(pair, ada)).toBe('online')
      pair.far.leave(ada)
      await pair.pass(grace - 1000)
      expect(await statusOf(pair, ada)).toBe('online')
      await pair.pass(2000)
      await becomes(pair, ada, 'offline')
    })

    test('tells watchers of transitions only: a reconnect within the grace is none', async () => {
      await using pair = await open()
      const told: PresenceStatus[] = []
      pair.far.watch(ada, (status) => void told.push(status))
      pair.near.enter(ada)
      await eventually(() => told.length === 1)
      pair.near.leave(ada)
      await pair.pass(grace / 2)
      pair.near.enter(ada)
      await pair.pass(grace * 2)
      expect(told).toEqual(['online'])
      pair.near.leave(ada)
      await pair.pass(grace + 1000)
      await eventually(() => told.length === 2)
      expect(told).toEqual(['online', 'offline'])
    })

    test('counts sockets: one that leaves takes nobody else along, and who is not here cannot leave', async () => {
      await using pair = await open()
      pair.near.leave(ada)
      pair.near.enter(ada)
      pair.near.enter(ada)
      pair.near.leave(ada)
      await pair.pass(grace * 2)
      expect(await statusOf(pair, ada)).toBe('online')
    })

    test('tells a watcher nothing after it ended, and the others all the same', async () => {
      await using pair = await open()
      const told: string[] = []
      const watcher = () => void told.push('first')
      const end = pair.far.watch(ada, watcher)
      pair.far.watch(ada, watcher)
      pair.far.watch(ada, () => void told.push('second'))
      pair.far.watch(bob, () => void told.push('of bob'))
      end()
      end()
      pair.near.enter(ada)
      await eventually(() => told.includes('second'))
      expect(told).toEqual(['first', 'second'])
    })
  })
}
