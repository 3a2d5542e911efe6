import { describe, expect, test } from 'bun:test'
import { frameOf, textOf } from '../../../src/dialects/chat-backend/shapes.ts'
import type { MessageState, RoomEvent } from '../../../src/dialects/dialect.ts'

describe('the text of a frame', () => {
  const cases: [frame: string, text: string | null][] = [
    ['{"message":"Hello"}', 'Hello'],
    ['{"message":"  Hello \\n"}', 'Hello'],
    ['{"message":"Hello","type":"anything"}', 'Hello'],
    ['{"message":"  "}', null],
    ['{"message":5}', null],
    ['{"message":null}', null],
    ['{"content":"Hello"}', null],
    ['["Hello"]', null],
    ['Hello', null],
  ]
  test.each(cases)('%s', (frame, text) => {
    expect(textOf(frame)).toBe(text)
  })
})

describe('the frame of an event', () => {
  const ann = { number: 7, id: '0190f0aa-0000-7000-8000-000000000007', username: 'ann' }
  const room = { number: 1, id: '0190f0aa-0000-7000-8000-000000000001', name: null }
  /** As far as a frame goes. */
  const message = {
    id: '0190f0aa-0000-7000-8000-000000000003',
    sender: ann,
    content: 'Hello "you"',
    createdAt: Date.UTC(2026, 0, 1),
    deletedAt: null,
  } as unknown as MessageState
  const event = {
    kind: 'room',
    room,
    seq: 2,
    type: 'message.created',
    at: message.createdAt,
    actor: ann,
    subject: null,
    role: null,
    large: null,
    roomKind: null,
    ref: { id: message.id, n: 1 },
    message,
  } as unknown as RoomEvent

  test('is what was written, by numbers and ids', () => {
    expect(frameOf(event)).toBe(
      `{"type":"chat_message","id":"${message.id}","message":"Hello \\"you\\"","sender_id":7,"chat_id":"${room.id}","created_at":"2026-01-01T00:00:00.000000Z"}`,
    )
  })

  test('is none for what was deleted meanwhile and for everything else that happens', () => {
    expect(frameOf({ ...event, message: { ...message, deletedAt: 5 } })).toBeNull()
    expect(frameOf({ ...event, type: 'message.edited' })).toBeNull()
    expect(frameOf({ ...event, type: 'member.joined', message: null })).toBeNull()
  })
})
