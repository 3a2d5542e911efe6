import { expect, test } from 'bun:test'
import type { Message, OutputOf } from '@parlance/protocol'
import type { ClientEvents } from '../src/index.ts'
import { Listeners } from '../src/listeners.ts'
import { Timeline } from '../src/timeline.ts'

const room = 'r'
const said = (n: number, rev = n): Message => ({
  id: `m${n}`,
  room,
  seq: n,
  n,
  sender: { id: 'u', username: 'ada' },
  kind: 'text',
  content: `text ${n} of ${rev}`,
  rev,
  created_at: '2026-01-01T00:00:00.000Z',
})

/** A timeline whose readings are answered when told, in any order. */
function open() {
  const events = new Listeners<ClientEvents>((error) => {
    throw error
  })
  const answers: ((items: Message[]) => void)[] = []
  const call = () =>
    new Promise<OutputOf<'messages.list'>>((resolve) => {
      answers.push((items) => resolve({ items, more_before: false, more_after: false }))
    })
  let changes = 0
  const timeline = new Timeline({
    room,
    me: 'me',
    call: call as unknown as ConstructorParameters<typeof Timeline>[0]['call'],
    on: (name, listener) => events.on(name, listener),
    changed: () => {
      changes += 1
    },
  })
  return { timeline, events, answers, changes: () => changes }
}

test('what was read before events were left out is not shown behind them', async () => {
  const { timeline, events, answers } = open()
  const older = timeline.earlier()
  events.emit('reset', { rooms: [room] })
  answers[1]?.([said(8), said(9)])
  answers[0]?.([said(1), said(2)])
  await older
  expect(timeline.messages.map(({ n }) => n)).toEqual([8, 9])
})

test('what disappears while it is being read is not shown', async () => {
  const { timeline, events, answers } = open()
  const newest = timeline.latest()
  events.emit('floor', { eph: 'floor', room, seq: 3, n: 2 })
  answers[0]?.([said(1), said(2), said(3)])
  await newest
  expect(timeline.messages.map(({ n }) => n)).toEqual([3])
})

test('nothing is told of a timeline that nobody looks at any more', async () => {
  const { timeline, answers, changes } = open()
  const newest = timeline.latest()
  timeline[Symbol.dispose]()
  answers[0]?.([said(1)])
  await newest
  expect(changes()).toBe(0)
})
