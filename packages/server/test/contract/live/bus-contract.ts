import { describe, expect, test } from 'bun:test'
import type { Bus, MessageState, RoomEvent, Signal } from '../../../src/live/bus.ts'
import { eventually } from '../../harness/eventually.ts'

/** Two ends of one bus: those of two nodes, or the same one twice where there is one process. `failures` is what listeners threw. */
export type BusPair = AsyncDisposable & { near: Bus; far: Bus; failures: unknown[] }

const room = { number: 7, id: '0197a4be-0000-7000-8000-000000000007', name: null }
const elsewhere = { ...room, number: 8 }
const ada = { number: 1, id: '0197a4be-0000-7000-8000-000000000001', username: 'ada' }

const typing = (at: number, place = room): Signal => ({ kind: 'typing', room: place, user: ada, typing: true, at })

const message: MessageState = {
  number: 1,
  id: room.id,
  n: 1,
  seq: 3,
  rev: 3,
  sender: ada,
  cid: 'c-1',
  content: 'Grüße, 世界 🎈',
  meta: { deep: [1, null] },
  mentions: [ada.id],
  mentionAll: false,
  replyTo: null,
  root: null,
  forwarded: { sender: ada, at: 1, room: null },
  reactions: [['🎈', 2]],
  thread: { count: 1, lastN: 2, lastAt: 2 },
  pinnedAt: null,
  addressee: null,
  createdAt: 1,
  editedAt: null,
  deletedAt: null,
}
const created: RoomEvent = {
  kind: 'room',
  room,
  seq: 3,
  type: 'message.created',
  at: 1_700_000_000_000,
  actor: ada,
  subject: null,
  role: null,
  large: null,
  roomKind: null,
  changed: null,
  settings: null,
  ref: { id: room.id, n: 1 },
  reaction: null,
  left: null,
  ttl: null,
  message,
}

const ofRoom: Signal[] = [
  created,
  { ...created, type: 'member.joined', message: null, ref: null, subject: ada, role: 'member', large: true },
  typing(1),
  { kind: 'receipt', room, user: ada, read: 4, at: 2 },
  { kind: 'hint', room: room.number, seq: 9 },
]
const channel = { door: 'some-door', name: 'lobby' }
const cast = (name: string, door = channel.door): Signal => ({
  kind: 'channel',
  channel: { door, name },
  user: ada,
  to: [ada.number],
  what: 'said',
  data: { text: '世界', deep: [null] },
  at: 4,
})
const ofUser: Signal[] = [
  { kind: 'user', user: ada.number, useq: 5, type: 'room.joined', at: 3, room, position: 2, session: null },
  { kind: 'revoked', user: ada.number, session: room.id, reason: 'ended' },
  { kind: 'revoked', user: ada.number, session: null, reason: 'suspended' },
]

/** What every bus must do, asked over its two ends. */
export function busContract(name: string, open: () => Promise<BusPair>): void {
  const heardBy = (bus: Bus): Signal[] => {
    const heard: Signal[] = []
    bus.listen((signal) => void heard.push(signal))
    return heard
  }

  describe(`the bus (${name})`, () => {
    test('carries every kind of signal unchanged to whoever subscribed to its room or user', async () => {
      await using pair = await open()
      const heard = heardBy(pair.far)
      await pair.far.subscribe({ room: room.number })
      await pair.far.subscribe({ user: ada.number })
      for (const signal of [...ofRoom, ...ofUser]) pair.near.publish(signal)
      await eventually(() => heard.length >= ofRoom.length + ofUser.length)
      // Rooms and users may travel apart; within one of them the order stands.
      expect(heard.filter((signal) => ofRoom.some(({ kind }) => kind === signal.kind))).toEqual(ofRoom)
      expect(heard.filter((signal) => ofUser.some(({ kind }) => kind === signal.kind))).toEqual(ofUser)
    })

    test('carries what is said in a channel to its subscribers alone; the same name at another door is another channel', async () => {
      await using pair = await open()
      const heard = heardBy(pair.far)
      for (const name of ['lobby', 'left', 'lobby']) await pair.far.subscribe({ channel: { ...channel, name } })
      pair.far.unsubscribe({ channel: { ...channel, name: 'left' } })
      for (const signal of [cast('left'), cast('elsewhere'), cast('lobby', 'other-door'), cast('lobby')]) pair.near.publish(signal)
      await eventually(() => heard.length > 0)
      expect(heard).toEqual([cast('lobby')])
    })

    test('tells of a room’s name whoever awaits that name, and nobody else', async () => {
      await using pair = await open()
      const heard = heardBy(pair.far)
      for (const name of ['plaza', 'left', 'plaza']) await pair.far.subscribe({ name })
      pair.far.unsubscribe({ name: 'left' })
      const named = (name: string): Signal => ({ kind: 'named', room: { ...room, name }, fresh: true })
      for (const name of ['left', 'Plaza', 'plaza']) pair.near.publish(named(name))
      await eventually(() => heard.length > 0)
      expect(heard).toEqual([named('plaza')])
    })

    test('keeps the order in which one publisher publishes', async () => {
      await using pair = await open()
      const heard = heardBy(pair.far)
      await pair.far.subscribe({ room: room.number })
      const sent = Array.from({ length: 500 }, (_, at) => typing(at))
      for (const signal of sent) pair.near.publish(signal)
      await eventually(() => heard.length >= sent.length)
      expect(heard).toEqual(sent)
    })

    test('keeps away what nobody here subscribed to, and what was unsubscribed, however often it was subscribed before', async () => {
      await using pair = await open()
      const heard = heardBy(pair.far)
      for (const number of [room.number, elsewhere.number, elsewhere.number]) await pair.far.subscribe({ room: number })
      pair.far.unsubscribe({ room: elsewhere.number })
      // A user's number is not a room's.
      await pair.far.subscribe({ user: 9 })
      pair.near.publish(typing(1, elsewhere))
      pair.near.publish(typing(2, { ...room, number: 9 }))
      pair.near.publish({ kind: 'revoked', user: room.number, session: null, reason: 'ended' })
      pair.near.publish(typing(3))
      await eventually(() => heard.length > 0)
      expect(heard).toEqual([typing(3)])
    })

    test('brings a very large event whole or as a hint of its position', async () => {
      await using pair = await open()
      const heard = heardBy(pair.far)
      await pair.far.subscribe({ room: room.number })
      const large = { ...created, message: { ...message, content: 'ä'.repeat(16_000) } }
      pair.near.publish(large)
      await eventually(() => heard.length > 0)
      const accepted: (Signal | undefined)[] = [large, { kind: 'hint', room: room.number, seq: large.seq }]
      expect(accepted).toContainEqual(heard[0])
    })

    test('goes on after a listener failed', async () => {
      await using pair = await open()
      const heard: Signal[] = []
      pair.far.listen((signal) => {
        heard.push(signal)
        if (heard.length === 1) throw new Error('planted')
      })
      await pair.far.subscribe({ room: room.number })
      expect(() => pair.near.publish(typing(1))).not.toThrow()
      pair.near.publish(typing(2))
      await eventually(() => heard.length >= 2)
      expect(heard).toEqual([typing(1), typing(2)])
      expect(pair.failures.map(String)).toEqual(['Error: planted'])
    })

    test('delivers what a listener publishes while it hears behind what was published before', async () => {
      await using pair = await open()
      const heard: number[] = []
      pair.far.listen((signal) => {
        if (signal.kind !== 'typing') return
        if (signal.at === 1) {
          pair.far.publish(typing(2))
          pair.far.publish(typing(3))
        }
        if (signal.at === 2) pair.far.publish(typing(4))
        heard.push(signal.at)
      })
      await pair.far.subscribe({ room: room.number })
      pair.near.publish(typing(1))
      await eventually(() => heard.length >= 4)
      expect(heard).toEqual([1, 2, 3, 4])
    })

    test('says whether it is up', async () => {
      await using pair = await open()
      await eventually(() => pair.near.up && pair.far.up)
    })
  })
}
