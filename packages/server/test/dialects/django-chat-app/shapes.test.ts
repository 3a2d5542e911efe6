import { describe, expect, test } from 'bun:test'
import { limits, type Room } from '@parlance/protocol'
import type { ChannelSignal, RoomEvent } from '../../../src/dialects/dialect.ts'
import { personNumber, readFrame } from '../../../src/dialects/django-chat-app/frames.ts'
import { encoder, nameOf } from '../../../src/dialects/django-chat-app/shapes.ts'

describe('a frame of a client', () => {
  const said = (receiver: string | number, text: string) => ({ token: 't', act: { what: 'message' as const, receiver, text } })
  const wrong = (message: string) => ({ token: 't', act: { wrong: message } })
  const missing = wrong('Missing message or receiver.')
  const cases: [frame: string, read: ReturnType<typeof readFrame>][] = [
    ['{"token":"t","type":"message","receiver":2,"message":"Hey"}', said(2, 'Hey')],
    ['{"token":"t","receiver":"2","message":" kept as typed\\n"}', said('2', ' kept as typed\n')],
    ['{"token":"t","receiver":2,"message":"   "}', said(2, '   ')],
    ['{"token":"t","receiver":2,"message":5,"other":"is ignored"}', said(2, '5')],
    ['{"token":"t","type":"typing"}', { token: 't', act: { what: 'typing' } }],
    ['{"token":"t","type":"join","receiver":2}', { token: 't', act: { what: 'join' } }],
    ['{"token":"t","type":"exit"}', { token: 't', act: { what: 'exit' } }],
    ['{"type":"join"}', { token: null, act: { what: 'join' } }],
    ['{"token":"","type":"join"}', { token: null, act: { what: 'join' } }],
    ['{"token":null,"type":"join"}', { token: null, act: { what: 'join' } }],
    ['{"token":7,"type":"join"}', { token: '7', act: { what: 'join' } }],
    ['{"token":"t"}', missing],
    ['{"token":"t","receiver":2}', missing],
    ['{"token":"t","receiver":2,"message":""}', missing],
    ['{"token":"t","receiver":2,"message":{"a":1}}', missing],
    ['{"token":"t","receiver":2,"message":true}', missing],
    ['{"token":"t","receiver":0,"message":"x"}', missing],
    ['{"token":"t","receiver":[],"message":"x"}', missing],
    ['{"token":"t","receiver":[2],"message":"x"}', wrong('Unknown receiver.')],
    ['{"token":"t","receiver":true,"message":"x"}', wrong('Unknown receiver.')],
    ['{"token":"t","type":"dance"}', wrong('Unsupported event type: dance')],
    ['{"token":"t","type":null}', wrong('Unsupported event type: None')],
    ['{"token":"t","type":["join"]}', wrong('Unsupported event type: ["join"]')],
    ['{"__proto__":{"token":"t","type":"join"}}', { token: null, act: { wrong: 'Missing message or receiver.' } }],
    ['not json', { wrong: 'Expecting value: line 1 column 1 (char 0)' }],
    ['', { wrong: 'Expecting value: line 1 column 1 (char 0)' }],
    ['\n  x', { wrong: 'Expecting value: line 2 column 3 (char 3)' }],
    ['{"token":"t"', { wrong: 'Not well-formed JSON.' }],
    ['[1]', { wrong: "Server error: 'list' object has no attribute 'get'" }],
    ['"text"', { wrong: "Server error: 'str' object has no attribute 'get'" }],
    ['5', { wrong: "Server error: 'int' object has no attribute 'get'" }],
    ['null', { wrong: "Server error: 'NoneType' object has no attribute 'get'" }],
    ['true', { wrong: "Server error: 'bool' object has no attribute 'get'" }],
    [`{"token":"t","deep":${'['.repeat(100)}${']'.repeat(100)}}`, { wrong: 'Nested too deeply.' }],
  ]
  test.each(cases)('%s', (frame, read) => {
    expect(readFrame(frame)).toEqual(read)
  })
})

test('a person is a whole number, or the digits of one', () => {
  const read = (['7', 7, '007', 0, '0', -1, '-1', 1.5, '1.5', ' 7', 'seven', '', 1e300, '9'.repeat(30)] as const).map(personNumber)
  expect(read).toEqual([7, 7, 7, null, null, null, null, null, null, null, null, null, null, null])
})

const ann = { number: 1, id: 'u1', username: 'ann' }
const bob = { number: 2, id: 'u2', username: 'bob' }
const message = {
  number: 9,
  id: 'm1',
  n: 3,
  seq: 5,
  rev: 5,
  sender: ann,
  cid: null,
  content: 'hi "there"',
  meta: null,
  mentions: [],
  mentionAll: false,
  replyTo: null,
  addressee: null,
  createdAt: 1,
  editedAt: null,
  deletedAt: null,
}
const event = {
  kind: 'room',
  room: { number: 1, id: 'r1', name: 'global' },
  seq: 5,
  type: 'message.created',
  at: 1,
  actor: ann,
  subject: null,
  role: null,
  large: null,
  roomKind: null,
  ref: { id: 'm1', n: 3 },
  message,
} as unknown as RoomEvent
const written = (addressee: { person: typeof bob; as: string | number } | null) =>
  encoder.room({ ...event, message: { ...message, addressee } } as unknown as RoomEvent)

describe('an event becomes a frame', () => {
  test('a message, with its receiver as the sender wrote it', () => {
    expect(written({ person: bob, as: 2 })).toBe('{"type":"message","message":"hi \\"there\\"","sender":1,"receiver":2}')
    expect(written({ person: bob, as: '2' })).toBe('{"type":"message","message":"hi \\"there\\"","sender":1,"receiver":"2"}')
    expect(written(null)).toBe('{"type":"message","message":"hi \\"there\\"","sender":1,"receiver":null}')
  })

  test('somebody typing, and no end of it', () => {
    const typing = { kind: 'typing' as const, room: event.room, user: ann, typing: true, at: 1 }
    expect(encoder.ephemeral(typing)).toBe('{"type":"typing","sender":1}')
    expect(encoder.ephemeral({ ...typing, typing: false })).toBeNull()
    expect(encoder.ephemeral({ kind: 'receipt', room: event.room, user: ann, read: 3, at: 1 })).toBeNull()
  })

  test('what is said in a channel', () => {
    const signal: ChannelSignal = {
      kind: 'channel',
      channel: { door: 'django-chat-app', name: 'name x' },
      user: ann,
      to: null,
      what: 'join',
      data: {},
      at: 1,
    }
    expect(encoder.channel?.(signal)).toBe('{"type":"join","username":"ann"}')
    expect(encoder.channel?.({ ...signal, what: 'exit' })).toBe('{"type":"exit","username":"ann"}')
    expect(encoder.channel?.({ ...signal, what: 'typing' })).toBe('{"type":"typing","sender":1}')
    const data = { message: 'psst', receiver: '2' }
    expect(encoder.channel?.({ ...signal, what: 'message', data })).toBe('{"type":"message","message":"psst","sender":1,"receiver":"2"}')
    expect(encoder.channel?.({ ...signal, what: 'news' })).toBeNull()
  })

  test('nothing else: no edit, no membership, no message deleted meanwhile', () => {
    const others = ['message.edited', 'message.deleted', 'member.joined', 'member.left', 'room.created'] as const
    expect(others.map((type) => encoder.room({ ...event, type }))).toEqual(others.map(() => null))
    expect(encoder.room({ ...event, message: { ...message, deletedAt: 1 } } as unknown as RoomEvent)).toBeNull()
  })
})

describe('a room is shown as', () => {
  const room = (change: Partial<Room>) => ({ kind: 'group', name: null, title: null, creator: ann, peer: null, ...change }) as Room
  const shown = (change: Partial<Room>, reader = 'ann') => nameOf(room(change), { number: 7, reader })

  test('its name, or its title and its number', () => {
    expect(shown({ name: 'plaza', title: 'The plaza' })).toBe('plaza')
    expect(shown({ title: 'Tea & cake' })).toBe('Tea_cake_7')
    expect(shown({})).toBe('_7')
    expect(shown({ title: '\u{20000}'.repeat(limits.room_title_chars) })).toBe(`${'\u{20000}'.repeat(200)}_7`)
  })

  test('the two people of a one-to-one room, whoever reads, the one first who made it', () => {
    expect(shown({ kind: 'direct', peer: bob })).toBe('ann_bob')
    expect(shown({ kind: 'direct', creator: ann, peer: ann }, 'bob')).toBe('ann_bob')
    expect(shown({ kind: 'direct', peer: ann })).toBe('ann_ann')
  })
})
