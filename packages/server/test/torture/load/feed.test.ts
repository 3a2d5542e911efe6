import { expect, test } from 'bun:test'
import type { Logged } from '../history.ts'
import { RoomFeed, type Step } from './feed.ts'

const event = (seq: number): Logged => ({ room: 'room', seq, type: 'message.created', view: null, ref: null, subject: null })
const seqs = ({ applied }: Step) => applied.map(({ seq }) => seq)

test('the next event is applied, an older one is dropped', () => {
  const feed = new RoomFeed(4)
  expect(seqs(feed.event(event(5)))).toEqual([5])
  expect(seqs(feed.event(event(5)))).toEqual([])
  expect(feed.local).toBe(5)
})

test('an event behind a gap waits, asks, and follows what the log answers', () => {
  const feed = new RoomFeed(4)
  expect(feed.event(event(7))).toEqual({ applied: [], ask: true })
  expect(seqs(feed.page({ after: 4, upto: 6, events: [event(5), event(6)] }))).toEqual([5, 6, 7])
})

test('a range moves the position over what is not for this reader', () => {
  const feed = new RoomFeed(4)
  expect(seqs(feed.page({ after: 4, upto: 9, events: [event(8)] }))).toEqual([8])
  expect(feed.local).toBe(9)
})

test('a page that begins behind the position is held, and the gap asked for', () => {
  const feed = new RoomFeed(4)
  expect(feed.page({ after: 6, upto: 7, events: [event(7)] })).toEqual({ applied: [], ask: true })
  expect(seqs(feed.page({ after: 4, upto: 6, events: [event(5), event(6)] }))).toEqual([5, 6, 7])
})

test('a head ahead of the position asks once', () => {
  const feed = new RoomFeed(4)
  expect(feed.told(6).ask).toBe(true)
  feed.asking = true
  expect(feed.told(7).ask).toBe(false)
})
