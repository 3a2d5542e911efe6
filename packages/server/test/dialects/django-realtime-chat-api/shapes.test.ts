import { describe, expect, test } from 'bun:test'
import type { RoomEvent } from '../../../src/dialects/dialect.ts'
import { encoder, entryOf, textOf } from '../../../src/dialects/django-realtime-chat-api/shapes.ts'

describe('a frame of a client', () => {
  const cases: [frame: string, text: string | null][] = [
    ['{"message":"Hello world"}', 'Hello world'],
    ['{"message":" kept as typed\\n"}', ' kept as typed\n'],
    ['{"type":"chat_message","room":"x","message":"others are ignored"}', 'others are ignored'],
    ['{"message":5}', '5'],
    ['{"message":0}', '0'],
    ['{"message":-1.50e3}', '-1.50e3'],
    ['{"message":12345678901234567890,"other":{"message":7}}', '12345678901234567890'],
    ['{"message":1e999}', '1e999'],
    ['{"message":"twice","message":"the last counts"}', 'the last counts'],
    ['{"message":""}', null],
    ['{"message":" \\t "}', null],
    ['{}', null],
    ['{"message":null}', null],
    ['{"message":true}', null],
    ['{"message":["x"]}', null],
    ['{"message":{"message":"x"}}', null],
    ['{"content":"x"}', null],
    ['{"__proto__":{"message":"x"}}', null],
    ['[{"message":"x"}]', null],
    ['"message"', null],
    ['null', null],
    ['', null],
    ['{"message":"x"', null],
    [`{"message":"x","deep":${'['.repeat(100)}${']'.repeat(100)}}`, null],
  ]
  test.each(cases)('%s', (frame, text) => {
    expect(textOf(frame)).toBe(text)
  })
})

const person = { number: 1, id: 'u1', username: 'ann' }
const message = {
  number: 9,
  id: 'm1',
  n: 3,
  seq: 5,
  rev: 5,
  sender: person,
  cid: 'c1',
  content: 'hi "there"',
  meta: { a: 1 },
  mentions: [],
  mentionAll: false,
  replyTo: null,
  root: null,
  forwarded: null,
  reactions: [],
  thread: null,
  pinnedAt: null,
  addressee: null,
  createdAt: Date.UTC(2026, 10, 20, 17, 49, 34, 699),
  editedAt: null,
  deletedAt: null,
}
const event: RoomEvent = {
  kind: 'room',
  room: { number: 1, id: 'r1', name: 'global' },
  seq: 5,
  type: 'message.created',
  at: message.createdAt,
  actor: person,
  subject: null,
  role: null,
  large: null,
  roomKind: null,
  changed: null,
  settings: null,
  ref: { id: 'm1', n: 3 },
  reaction: null,
  left: null,
  ttl: null,
  message,
}

test('a message becomes a frame of four keys', () => {
  expect(encoder.room(event)).toBe(
    '{"type":"chat_message","message":"hi \\"there\\"","username":"ann","timestamp":"2026-11-20T17:49:34.699000Z"}',
  )
})

test('nothing else is told: no edit, no membership, no message deleted meanwhile', () => {
  const others = ['message.edited', 'message.deleted', 'member.joined', 'member.left', 'member.updated', 'room.created'] as const
  expect(others.map((type) => encoder.room({ ...event, type }))).toEqual(others.map(() => null))
  expect(encoder.room({ ...event, message: { ...message, content: '', deletedAt: 1 } })).toBeNull()
  expect(encoder.ephemeral({ kind: 'typing', room: event.room, user: person, typing: true, at: 1 })).toBeNull()
  expect(encoder.presence('u1', 'online')).toBeNull()
  expect(encoder.heads([{ room: event.room, seq: 5, n: 3 }])).toBeNull()
})

test('a message of the history has three keys, and the time its frame had', () => {
  const { id, n, seq, rev, content } = message
  const sender = { id: person.id, username: person.username }
  expect(
    entryOf({ id, room: 'r1', n, seq, rev, sender, kind: 'text', content, created_at: new Date(message.createdAt).toISOString() }),
  ).toEqual({
    username: 'ann',
    message: 'hi "there"',
    timestamp: '2026-11-20T17:49:34.699000Z',
  })
})
