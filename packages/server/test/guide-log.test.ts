import { afterAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Message } from '@parlance/protocol'
import fc from 'fast-check'
import { writeProgram } from './harness/guide.ts'

type Event = { ev: string; room: string; seq: number; at: string; data: Record<string, unknown> }
type Page = { after: number; upto: number; floor: number; events: Event[] }
type Kept = Pick<Message, 'id' | 'n' | 'rev' | 'content' | 'deleted_at'> & { stale?: boolean }
type Room = { local: number | null; head: number; n: number; messages: Map<string, Kept> }
type Log = {
  newRoom(self: { id: string }): Room
  startAt(room: Room, seq: number): void
  applyEvent(room: Room, event: Event): void
  applyPage(room: Room, page: Page): void
  isBehind(room: Room): boolean
  keep(room: Room, message: Kept): void
}

const directory = writeProgram()
afterAll(() => rmSync(directory, { recursive: true }))
const log = (await import(join(directory, 'log.js'))) as Log

/** What happens in a room: a message, an edit (with or without its text) or deletion of one of the messages so far, or something else. */
type Step = { kind: 'create' | 'edit' | 'edit-unseen' | 'delete' | 'other'; pick: number }
const at = '2026-11-20T17:49:34.699Z'

/** The log of a server, and the present state of its messages. */
function play(steps: Step[]): { events: Event[]; present: Map<string, Kept> } {
  const present = new Map<string, Kept>()
  const events = steps.flatMap(({ kind, pick }, index): Event[] => {
    const seq = index + 1
    const event = (ev: string, data: Record<string, unknown>): Event[] => [{ ev, room: 'r', seq, at, data }]
    const target = [...present.values()][pick % Math.max(present.size, 1)]
    if (kind === 'create') {
      const message = { id: `m${seq}`, n: present.size + 1, rev: seq, content: `text ${seq}` }
      present.set(message.id, message)
      return event('message.created', { ...message, sender: { id: 'somebody' } })
    }
    if (kind === 'other' || target === undefined || target.deleted_at !== undefined) return event('member.joined', {})
    const { id, n } = target
    if (kind === 'delete') {
      present.set(id, { id, n, rev: seq, content: '', deleted_at: at })
      return event('message.deleted', { id, n, rev: seq })
    }
    const message = { id, n, rev: seq, content: `edited ${seq}` }
    present.set(id, message)
    return event('message.edited', { id, n, rev: seq, ...(kind === 'edit' && { message: { ...message, sender: { id: 'somebody' } } }) })
  })
  return { events, present }
}

/** A page of the log as a server reads it: messages stand in their present state, and some events are not the reader's to see. */
function page({ events, present }: ReturnType<typeof play>, after: number, size: number): Page {
  const upto = Math.min(after + size, events.length)
  const shown = events.slice(after, upto).flatMap((event) => {
    if (event.ev === 'member.joined') return []
    const now = event.ev === 'message.created' ? present.get(String(event.data.id)) : undefined
    return [now ? { ...event, data: { ...event.data, ...now } } : event]
  })
  return { after, upto, floor: 0, events: shown }
}

const visible = (room: Room): object[] =>
  [...room.messages.values()].map(({ id, n, rev, content, deleted_at }) => ({ id, n, rev, content, ...(deleted_at && { deleted_at }) }))

const step = fc.record({ kind: fc.constantFrom('create', 'create', 'edit', 'edit-unseen', 'delete', 'other'), pick: fc.nat(20) })
/** What the wire does with a live event: lose it, bring it twice, or bring an old one again. */
const fate = fc.record({ lost: fc.boolean(), twice: fc.boolean(), again: fc.nat(60) })

const course = fc.record({
  steps: fc.array(step as fc.Arbitrary<Step>, { maxLength: 60 }),
  fates: fc.array(fate, { minLength: 60, maxLength: 60 }),
  /** Before it nobody was connected. */
  cut: fc.nat(60),
  size: fc.integer({ min: 1, max: 9 }),
})

test('whatever the wire loses, doubles or reorders, filling ends in the present state', () => {
  fc.assert(
    fc.property(course, ({ steps, fates, cut, size }) => {
      const world = play(steps)
      const room = log.newRoom({ id: 'me' })
      log.applyPage(room, page(play(steps.slice(0, cut)), 0, 1000))
      for (const event of world.events.slice(cut)) {
        const { lost, twice, again } = fates[event.seq - 1] ?? { lost: false, twice: false, again: 0 }
        if (!lost) log.applyEvent(room, event)
        if (twice) log.applyEvent(room, event)
        const old = world.events[again]
        if (old && old.seq < event.seq) log.applyEvent(room, old)
      }
      // A head tells where the room stands; everything missing is asked for, page by page.
      room.head = Math.max(room.head, world.events.length)
      for (let rounds = 0; log.isBehind(room) && rounds < 100; rounds += 1) log.applyPage(room, page(world, room.local ?? 0, size))
      expect(room.local).toBe(world.events.length)
      // What was edited out of sight is asked for one by one.
      const stale = [...room.messages.values()].filter((message) => message.stale)
      for (const { id } of stale) log.keep(room, world.present.get(id) as Kept)
      // An answer of messages.list may be older than what the events told meanwhile.
      for (const { ev, data } of world.events) if (ev === 'message.created') log.keep(room, data as Kept)
      expect(visible(room)).toEqual([...world.present.values()])
    }),
    { numRuns: 500 },
  )
})

test('a page that begins above the position is not applied, and a later page heals it', () => {
  const world = play(Array.from({ length: 6 }, () => ({ kind: 'create', pick: 0 })))
  const room = log.newRoom({ id: 'me' })
  log.startAt(room, 0)
  log.applyPage(room, page(world, 3, 3))
  expect({ local: room.local, behind: log.isBehind(room), messages: room.messages.size }).toEqual({ local: 0, behind: true, messages: 0 })
  log.applyPage(room, page(world, 0, 6))
  expect(room.messages.size).toBe(6)
})
