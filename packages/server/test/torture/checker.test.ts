import { describe, expect, test } from 'bun:test'
import { check, type InvariantName, invariants } from './checker.ts'
import type { Entry, Logged, RoomTruth, View } from './history.ts'

const room = 'room'
const view = (seq: number, n: number, cid: string): View => ({
  id: `m-${cid}`,
  n,
  seq,
  rev: seq,
  sender: 'ann',
  cid,
  body: `text of ${cid}`,
  deleted: false,
})
const created = (seq: number, n: number, cid: string): Logged => ({
  ...bare(seq, 'message.created'),
  view: view(seq, n, cid),
})
const bare = (seq: number, type: Logged['type']): Logged => ({ room, seq, type, view: null, ref: null, subject: null })
const member = (seq: number, type: 'member.joined' | 'member.left', subject: string): Logged => ({ ...bare(seq, type), subject })

/** Ann, Bob and Cy in a room: two messages, Cy is removed, a third message that needed a second try, Cy is back. */
type Case = { entries: Entry[]; truth: RoomTruth }

function goodCase(): Case {
  const events = [
    bare(1, 'room.created'),
    member(2, 'member.joined', 'ann'),
    member(3, 'member.joined', 'bob'),
    member(4, 'member.joined', 'cy'),
    created(5, 1, 'a'),
    created(6, 2, 'b'),
    member(7, 'member.left', 'cy'),
    created(8, 3, 'c'),
    member(9, 'member.joined', 'cy'),
  ]
  const messages = events.flatMap(({ view: message }) => (message === null ? [] : [message]))
  const truth: RoomTruth = { room, kind: 'group', history: 'open', events, messages, head: { seq: 9, n: 3 } }
  const [, , , , a, b, left, c, back] = events as [Logged, Logged, Logged, Logged, Logged, Logged, Logged, Logged, Logged]
  const ann = { user: 'ann', conn: 'ann-1' }
  const entries: Entry[] = [
    ...['ann', 'bob', 'cy'].flatMap((user) => begins(user, 4)),
    { kind: 'invoke', at: 10, ...ann, room, cid: 'a', body: 'text of a' },
    { kind: 'invoke', at: 11, ...ann, room, cid: 'b', body: 'text of b' },
    ...['ann', 'bob', 'cy'].flatMap((user) => [...gets(user, a, { at: 12 }), ...gets(user, b, { at: 12 })]),
    { kind: 'ok', at: 13, ...ann, room, cid: 'a', dup: false, view: view(5, 1, 'a') },
    { kind: 'ok', at: 14, ...ann, room, cid: 'b', dup: false, view: view(6, 2, 'b') },
    { kind: 'change', at: 15, ...ann, room, subject: 'cy', change: 'leave' },
    ...['ann', 'bob', 'cy'].flatMap((user) => gets(user, left, { at: 16 })),
    { kind: 'end', at: 16, user: 'cy', conn: 'cy-1', room, seq: 7 },
    { kind: 'invoke', at: 17, ...ann, room, cid: 'c', body: 'text of c' },
    { kind: 'unknown', at: 20, ...ann, room, cid: 'c' },
    ...(['ann', 'bob'] as const).flatMap((user) => resumes(user, c)),
    { kind: 'invoke', at: 31, user: 'ann', conn: 'ann-2', room, cid: 'c', body: 'text of c' },
    { kind: 'ok', at: 32, user: 'ann', conn: 'ann-2', room, cid: 'c', dup: true, view: view(8, 3, 'c') },
    { kind: 'invoke', at: 33, user: 'cy', conn: 'cy-1', room, cid: 'x', body: 'text of x' },
    { kind: 'refused', at: 34, user: 'cy', conn: 'cy-1', room, cid: 'x', code: 'not_found' },
    { kind: 'change', at: 35, user: 'ann', conn: 'ann-2', room, subject: 'cy', change: 'enter' },
    ...(['ann', 'bob'] as const).flatMap((user) => gets(user, back, { at: 36, conn: `${user}-2` })),
    { kind: 'begin', at: 36, user: 'cy', conn: 'cy-1', room, local: 8 },
    { kind: 'range', at: 36, user: 'cy', conn: 'cy-1', room, after: 8, upto: 9, via: 'page' },
    { kind: 'received', at: 36, user: 'cy', conn: 'cy-1', event: back, via: 'page' },
    { kind: 'applied', at: 36, user: 'cy', conn: 'cy-1', event: back },
    ...['ann', 'bob', 'cy'].map((user): Entry => ({ kind: 'final', at: 40, user, conn: `${user}-2`, room, local: 9 })),
  ]
  return { entries, truth }
}

const begins = (user: string, seq: number): Entry[] => [
  { kind: 'head', at: 1, user, conn: `${user}-1`, room, seq },
  { kind: 'begin', at: 1, user, conn: `${user}-1`, room, local: seq },
  { kind: 'ready', at: 2, user, conn: `${user}-1`, mode: 'heads', rooms: [] },
]
const gets = (user: string, event: Logged, { at, conn = `${user}-1` }: { at: number; conn?: string }): Entry[] => [
  { kind: 'received', at, user, conn, event, via: 'live' },
  { kind: 'applied', at, user, conn, event },
]
const resumes = (user: string, event: Logged): Entry[] => [
  { kind: 'range', at: 30, user, conn: `${user}-2`, room, after: 7, upto: 8, via: 'page' },
  { kind: 'received', at: 30, user, conn: `${user}-2`, event, via: 'page' },
  { kind: 'applied', at: 30, user, conn: `${user}-2`, event },
  { kind: 'head', at: 30, user, conn: `${user}-2`, room, seq: 8 },
  { kind: 'ready', at: 30, user, conn: `${user}-2`, mode: 'resumed', rooms: [{ room, cursor: 7, local: 8, head: 8 }] },
]

type OfKind<K extends Entry['kind']> = Extract<Entry, { kind: K }>

/** The first entry of a kind that fits; the case is written by hand, so that there is one. */
function find<K extends Entry['kind']>({ entries }: Case, kind: K, fits: (entry: OfKind<K>) => boolean = () => true): OfKind<K> {
  const found = entries.find((entry): entry is OfKind<K> => entry.kind === kind && fits(entry as OfKind<K>))
  if (found === undefined) throw new Error(`no ${kind} in this history`)
  return found
}

const drop = (one: Case, fits: (entry: Entry) => boolean) => {
  one.entries = one.entries.filter((entry) => !fits(entry))
}
const cutLog = ({ truth }: Case, seq: number) => {
  truth.events = truth.events.filter((event) => event.seq !== seq)
  truth.messages = truth.messages.filter((message) => message.seq !== seq)
}

/** One way to break each rule, as small as it can be. */
const spoiled: Record<InvariantName, (one: Case) => void> = {
  'acknowledged is in the log': (one) => cutLog(one, 6),
  'one answer per cid': (one) =>
    Object.assign(
      find(one, 'ok', ({ cid }) => cid === 'a'),
      { dup: true },
    ),
  'refused wrote nothing': (one) => Object.assign(one.truth.events[7]?.view ?? {}, { cid: 'x', sender: 'cy' }),
  'every send is settled': (one) => drop(one, (entry) => entry.kind === 'ok' && entry.cid === 'c'),
  'one row per cid': (one) => Object.assign(one.truth.events[7]?.view ?? {}, { cid: 'a' }),
  'log is gapless': (one) => cutLog(one, 5),
  'log holds what was sent': (one) => Object.assign(one.truth.events[7]?.view ?? {}, { body: 'another text' }),
  'history agrees with the log': ({ truth }) => truth.messages.pop(),
  'delivered is in the log': (one) => cutLog(one, 9),
  'views of one revision agree': (one) => {
    const seen = find(one, 'received', ({ event }) => event.seq === 5)
    seen.event = { ...seen.event, view: { ...view(5, 1, 'a'), body: 'another text' } }
  },
  'real-time order': (one) =>
    Object.assign(
      find(one, 'ok', ({ cid }) => cid === 'c'),
      { at: 5 },
    ),
  'order of a connection': (one) => one.entries.unshift(find(one, 'invoke', ({ cid }) => cid === 'b')),
  'wire is consecutive': (one) => drop(one, (entry) => entry.kind === 'received' && entry.user === 'bob' && entry.event.seq === 5),
  'applied strictly rises': (one) => one.entries.push(find(one, 'applied', ({ user }) => user === 'bob')),
  'applied is complete': (one) => drop(one, (entry) => entry.kind === 'applied' && entry.user === 'bob' && entry.event.seq === 6),
  'resume replays': (one) => find(one, 'ready', ({ mode }) => mode === 'resumed').rooms.push({ room, cursor: 7, local: 7, head: 8 }),
  'no lost tail': (one) => one.entries.push({ kind: 'reset', at: 30, user: 'bob', conn: 'bob-2', rooms: [room] }),
  'everybody catches up': (one) => Object.assign(find(one, 'final'), { local: 8 }),
  'sender is a member': (one) => Object.assign(one.truth.events[7]?.view ?? {}, { sender: 'cy' }),
  'silence after removal': (one) => one.entries.push(...gets('cy', created(8, 3, 'c'), { at: 18 })),
  'hidden history stays hidden': (one) => {
    one.truth.history = 'hidden'
    one.entries.push({ kind: 'received', at: 37, user: 'cy', conn: 'cy-1', event: created(8, 3, 'c'), via: 'answer' })
  },
}

const broken = ({ entries, truth }: Case): InvariantName[] => check(entries, new Map([[room, truth]])).map(({ invariant }) => invariant)

test('a history in which nothing went wrong is clean', () => {
  expect(broken(goodCase())).toEqual([])
})

describe('a history that breaks a rule is caught by its name', () => {
  for (const name of Object.keys(invariants) as InvariantName[]) {
    test(name, () => {
      const one = goodCase()
      spoiled[name](one)
      expect(broken(one)).toContain(name)
    })
  }
})

describe('what only looks like a fault is none', () => {
  test('a client that was too far behind begins at the head it was told', () => {
    const one = goodCase()
    const ready = find(one, 'ready', ({ mode }) => mode === 'resumed')
    ready.rooms = [{ room, cursor: 7, local: 7, head: 500 }]
    expect(broken(one)).not.toContain('resume replays')
  })

  test('a message that was edited later may be told with its first text and with its last', () => {
    const one = goodCase()
    const last: View = { ...view(5, 1, 'a'), body: 'edited', rev: 10 }
    Object.assign(one.truth.events[4] ?? {}, { view: last })
    one.truth.messages[0] = last
    one.truth.events.push({ ...bare(10, 'message.edited'), ref: { id: 'm-a', rev: 10 }, view: last })
    one.truth.head.seq = 10
    for (const user of ['ann', 'bob', 'cy'])
      one.entries.push(...gets(user, one.truth.events[9] as Logged, { at: 39, conn: `${user}-${user === 'cy' ? 1 : 2}` }))
    for (const entry of one.entries) if (entry.kind === 'final') entry.local = 10
    expect(broken(one)).toEqual([])
  })

  test('a member who came back may read what was written meanwhile, once the return was asked for', () => {
    const one = goodCase()
    const meanwhile: Entry = { kind: 'received', at: 36, user: 'cy', conn: 'cy-1', event: created(8, 3, 'c'), via: 'answer' }
    one.entries.push(meanwhile)
    expect(broken(one)).toEqual([])
    meanwhile.at = 34
    expect(broken(one)).toEqual(['silence after removal'])
  })

  test('two sends under way at once may stand in either order', () => {
    const one = goodCase()
    find(one, 'invoke', ({ cid }) => cid === 'a').conn = 'ann-0'
    find(one, 'ok', ({ cid }) => cid === 'a').conn = 'ann-0'
    find(one, 'invoke', ({ cid }) => cid === 'a').at = 13.5
    find(one, 'ok', ({ cid }) => cid === 'a').at = 13.6
    expect(broken(one)).toEqual([])
  })
})
