import { describe, expect, test } from 'bun:test'
import type { Message, RoomEventFrame } from '@parlance/protocol'
import { eventually } from '../../server/test/harness/eventually.ts'
import { Transcript } from '../src/index.ts'
import { scene } from './peer/scene.ts'

const at = '2026-11-20T17:49:34.699Z'
const ann = { id: 'a', username: 'ann' }
const bob = { id: 'b', username: 'bob' }

const message = (n: number, change: Partial<Message> = {}): Message => ({
  ...{ id: `m${n}`, room: 'r', seq: n, n, rev: n, sender: ann, kind: 'text', content: `text ${n}`, created_at: at },
  ...change,
})
const created = (view: Message): RoomEventFrame => ({ ev: 'message.created', room: 'r', seq: view.seq, n: view.n, at, data: view })
type Reacting = { user?: typeof ann; ev?: 'reaction.added' | 'reaction.removed' }
const reacted = (seq: number, count: number, { user = bob, ev = 'reaction.added' }: Reacting = {}): RoomEventFrame => ({
  ...{ ev, room: 'r', seq, at, data: { id: 'm1', n: 1, rev: seq, user, emoji: '👍', count } },
})

describe('a transcript', () => {
  test('counts reactions as the events say, and knows its reader’s own', () => {
    const transcript = new Transcript(ann.id)
    transcript.apply(created(message(1)))
    transcript.apply(reacted(2, 1))
    expect(transcript.get('m1')).toMatchObject({ rev: 2, reactions: [{ emoji: '👍', count: 1 }] })
    transcript.apply(reacted(3, 2, { user: ann }))
    expect(transcript.get('m1')?.reactions).toEqual([{ emoji: '👍', count: 2, mine: true }])
    expect(transcript.apply(reacted(3, 2, { user: ann })).changed).toHaveLength(1)
    transcript.apply(reacted(4, 1, { user: ann, ev: 'reaction.removed' }))
    expect(transcript.get('m1')?.reactions).toEqual([{ emoji: '👍', count: 1 }])
    transcript.apply(reacted(5, 0, { user: bob, ev: 'reaction.removed' }))
    expect(transcript.get('m1')).not.toHaveProperty('reactions')
  })

  test('lets no older view or event undo a newer one', () => {
    const transcript = new Transcript(ann.id)
    transcript.see([message(1, { rev: 9, content: 'newest', reactions: [{ emoji: '👍', count: 3 }] })])
    expect(transcript.see([message(1)])).toEqual([])
    expect(transcript.apply(reacted(5, 1)).changed).toEqual([])
    expect(transcript.get('m1')).toMatchObject({ content: 'newest', reactions: [{ count: 3 }] })
  })

  test('takes one’s own reactions of a replayed message from the events that follow it', () => {
    const transcript = new Transcript(ann.id)
    // In a replay the first event carries the state after all of them, and nobody’s own reactions.
    transcript.apply(created(message(1, { rev: 3, reactions: [{ emoji: '👍', count: 2 }] })))
    transcript.apply(reacted(2, 1, { user: ann }))
    transcript.apply(reacted(3, 2, { user: bob }))
    expect(transcript.get('m1')?.reactions).toEqual([{ emoji: '👍', count: 2, mine: true }])
  })

  test('counts threads up with replies, and sets them when one is deleted', () => {
    const transcript = new Transcript(ann.id)
    transcript.apply(created(message(1)))
    transcript.apply(created(message(2, { root: 'm1', reply_to: 'm1' })))
    expect(transcript.get('m1')).toMatchObject({ rev: 2, thread: { count: 1, last_n: 2 } })
    transcript.apply({ ev: 'message.deleted', room: 'r', seq: 3, at, data: { id: 'm2', n: 2, rev: 3, by: ann, root: 'm1', thread: null } })
    expect(transcript.get('m1')).not.toHaveProperty('thread')
    expect(transcript.get('m2')).toMatchObject({ content: '', deleted_at: at, rev: 3 })
  })

  test('asks for what an edit does not carry, if it shows it', () => {
    const transcript = new Transcript(ann.id)
    transcript.apply(created(message(1)))
    const edited = (id: string): RoomEventFrame => ({ ev: 'message.edited', room: 'r', seq: 4, at, data: { id, n: 1, rev: 4 } })
    expect(transcript.apply(edited('m1'))).toEqual({ changed: [], fetch: 'm1' })
    expect(transcript.apply(edited('unknown')).fetch).toBeNull()
  })

  test('drops what has disappeared, and the oldest beyond its capacity', () => {
    const transcript = new Transcript(ann.id, { capacity: 3 })
    transcript.see([message(1), message(2), message(3), message(4)])
    expect(transcript.messages.map(({ n }) => n)).toEqual([2, 3, 4])
    expect(transcript.drop(3).map(({ n }) => n)).toEqual([2, 3])
    expect(transcript.messages.map(({ n }) => n)).toEqual([4])
  })
})

test('a floor is told to the host, moves unread, and empties a timeline up to it', async () => {
  await using stage = scene()
  const { peer, hall, alice, bob: writer } = stage
  for (let i = 0; i < 4; i += 1) peer.world.say(hall, writer, `m${i}`)
  const client = await stage.connected(alice)
  using timeline = client.timeline(hall.id, () => undefined)
  await timeline.latest()
  expect(timeline.messages).toHaveLength(4)
  const floors: number[] = []
  client.on('floor', ({ n }) => void floors.push(n))
  peer.broadcast('floor', { eph: 'floor', room: hall.id, seq: hall.log.length - 1, n: 3 })
  await eventually(() => floors.length === 1)
  expect(timeline.messages.map(({ n }) => n)).toEqual([4])
  expect(client.marks.find(({ room }) => room === hall.id)).toMatchObject({ n: 4, read: 3, unread: 1 })
})
