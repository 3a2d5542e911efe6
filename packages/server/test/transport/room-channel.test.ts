import { expect, test } from 'bun:test'
import { ManualClock } from '../../src/base/manual-clock.ts'
import type { RoomEvent } from '../../src/live/bus.ts'
import type { LoggedStretch } from '../../src/live/log.ts'
import type { RingBudget } from '../../src/transport/ring.ts'
import { RoomChannel } from '../../src/transport/room-channel.ts'

const event = (seq: number) => ({ kind: 'room', seq, type: 'room.updated', ref: null, message: null, at: 0 }) as unknown as RoomEvent

test('a room that nobody listens to any more takes nothing of what all rooms may keep, not even from a read under way', async () => {
  const budget: RingBudget = { used: 0, max: 1_000_000 }
  const clock = new ManualClock()
  const { promise, resolve } = Promise.withResolvers<LoggedStretch>()
  const delivered: number[] = []
  const channel = new RoomChannel(1, {
    budget,
    read: () => promise,
    later: (task, ms) => clock.setTimeout(task, ms),
    deliver: (_channel, { seq }) => delivered.push(seq),
    missed: () => undefined,
    failed: (_room, error) => {
      throw error
    },
  })
  channel.holders = 1
  channel.start({ seq: 1, n: 0 })
  channel.receive(event(3))
  await clock.advance(100)
  channel.close()
  resolve({ events: [event(2), event(3)], upto: 3, floor: 0 })
  await clock.advance(100)
  expect([budget.used, delivered]).toEqual([0, []])
})
