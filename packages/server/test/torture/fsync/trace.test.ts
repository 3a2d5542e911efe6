import { expect, test } from 'bun:test'
import { TraceJudge } from './trace.ts'

const wal = '11</data/parlance.db-wal>'
const socket = '15<socket:[4711]>'
const ack = (cid: string) =>
  String.raw`1 sendto(${socket}, "\201~\0\372{\"id\":7,\"ok\":{\"message\":{\"id\":\"m\",\"cid\":\"${cid}\"},\"dup\":false}}", 250, MSG_NOSIGNAL, NULL, 0) = 250`
const write = (cid: string) => String.raw`1 pwrite64(${wal}, "\r\0\0\1hello${cid}\0", 2048, 4096) = 2048`
const sync = `1 fsync(${wal}) = 0`

function judge(lines: string[]): { acknowledged: string[]; early: string[] } {
  const judge = new TraceJudge(/c\d{4}z/)
  for (const line of lines) judge.line(line)
  return { acknowledged: [...judge.judgement.acknowledged], early: [...judge.judgement.early] }
}

test('written, synced, acknowledged is in order', () => {
  expect(judge([write('c0001z'), sync, ack('c0001z')])).toEqual({ acknowledged: ['c0001z'], early: [] })
})

test('an acknowledgement without a sync is early', () => {
  expect(judge([write('c0001z'), ack('c0001z'), sync])).toEqual({ acknowledged: ['c0001z'], early: ['c0001z'] })
})

test('a sync that began before the write ended proves nothing', () => {
  const lines = [
    `2 fsync(${wal} <unfinished ...>`,
    String.raw`1 pwrite64(${wal}, "c0001z", 2048, 4096) = 2048`,
    '2 <... fsync resumed>) = 0',
    ack('c0001z'),
  ]
  expect(judge(lines)).toEqual({ acknowledged: ['c0001z'], early: ['c0001z'] })
})

test('a sync that failed proves nothing', () => {
  const failed = `1 fsync(${wal}) = -1 EIO (Input/output error)`
  expect(judge([write('c0001z'), failed, ack('c0001z')])).toEqual({ acknowledged: ['c0001z'], early: ['c0001z'] })
})

test('a sync of another file proves nothing', () => {
  expect(judge([write('c0001z'), '1 fsync(9</data/other>) = 0', ack('c0001z')])).toEqual({ acknowledged: ['c0001z'], early: ['c0001z'] })
})

test('an acknowledgement counts from where its call begins', () => {
  const [begin, end] = [
    ack('c0001z').replace(/,[^,]*,[^,]*,[^,]*, 0\) = 250$/, ' <unfinished ...>'),
    '1 <... sendto resumed>, 250, 0) = 250',
  ]
  expect(judge([write('c0001z').replace(/^1/, '2'), begin, sync.replace(/^1/, '2'), end])).toEqual({
    acknowledged: ['c0001z'],
    early: ['c0001z'],
  })
})

test('an event that tells of an unsynced message is early, and no acknowledgement', () => {
  const event = String.raw`1 sendto(${socket}, "{\"ev\":\"message.created\",\"data\":{\"cid\":\"c0001z\"}}", 99, 0, NULL, 0) = 99`
  expect(judge([write('c0001z'), event])).toEqual({ acknowledged: [], early: ['c0001z'] })
})

test('a frame may be cut between two calls', () => {
  const first = String.raw`1 sendto(${socket}, "{\"id\":7,\"ok\":{\"message\":{\"id\":\"m\"", 40, 0, NULL, 0) = 40`
  const second = String.raw`1 sendto(${socket}, ",\"cid\":\"c0001z\"}}", 40, 0, NULL, 0) = 40`
  expect(judge([write('c0001z'), sync, first, second])).toEqual({ acknowledged: ['c0001z'], early: [] })
})
