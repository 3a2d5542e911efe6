import { limits } from '@parlance/protocol'
import type { Entry } from '../history.ts'
import { printed } from './events.ts'
import type { Evidence } from './evidence.ts'

const reader = ({ user, room }: { user: string; room: string }): string => `user ${user} in room ${room}`

/** The frames of one room come over one connection in order and without gaps, as replay pages first and one by one then. */
export function* wireIsConsecutive({ entries }: Evidence): Generator<string> {
  const expected = new Map<string, number>()
  for (const entry of entries) {
    if (entry.kind === 'received' && entry.via === 'live') {
      const key = `${entry.conn} ${entry.event.room}`
      const next = expected.get(key)
      if (next !== undefined && entry.event.seq !== next)
        yield `connection ${entry.conn} expected seq ${next} and got ${printed(entry.event)}`
      expected.set(key, entry.event.seq + 1)
    } else if (entry.kind === 'range' && entry.via === 'page') {
      const key = `${entry.conn} ${entry.room}`
      const next = expected.get(key)
      if (next !== undefined && entry.after + 1 !== next) {
        yield `connection ${entry.conn} expected seq ${next} of room ${entry.room} and got a page after ${entry.after}`
      }
      expected.set(key, entry.upto + 1)
    } else if (entry.kind === 'head') {
      // Live frames may overtake the list of heads; a room too far behind to be replayed begins at its head.
      const key = `${entry.conn} ${entry.room}`
      expected.set(key, Math.max(expected.get(key) ?? 0, entry.seq + 1))
    } else if (entry.kind === 'end') expected.delete(`${entry.conn} ${entry.room}`)
  }
}

type Reading = { user: string; room: string; from: number; to: number; applied: number[] }

/** What each client applied of each room, from where it began to where it left or ended. */
function* readings(entries: readonly Entry[]): Generator<Reading> {
  const open = new Map<string, Reading>()
  for (const entry of entries) {
    if (entry.kind === 'begin') {
      const { user, room, local } = entry
      open.set(`${user} ${room}`, { user, room, from: local, to: local, applied: [] })
    } else if (entry.kind === 'applied') {
      const reading = open.get(`${entry.user} ${entry.event.room}`)
      reading?.applied.push(entry.event.seq)
      if (reading !== undefined) reading.to = Math.max(reading.to, entry.event.seq)
    } else if (entry.kind === 'final') {
      const reading = open.get(`${entry.user} ${entry.room}`)
      if (reading !== undefined) reading.to = entry.local
    } else if (entry.kind === 'end') {
      const reading = open.get(`${entry.user} ${entry.room}`)
      open.delete(`${entry.user} ${entry.room}`)
      if (reading !== undefined) yield reading
    }
  }
  yield* open.values()
}

/** No client shows an event twice, or an older one after a newer one. */
export function* appliedStrictlyRises({ entries }: Evidence): Generator<string> {
  for (const reading of readings(entries)) {
    let last = reading.from
    for (const seq of reading.applied) {
      if (seq <= last) yield `${reader(reading)} applied seq ${seq} after seq ${last}`
      last = seq
    }
  }
}

/** Between where a client began to read and where it stands, it has applied every event of the log. */
export function* appliedIsComplete({ entries, truth }: Evidence): Generator<string> {
  for (const reading of readings(entries)) {
    const applied = new Set(reading.applied)
    for (const event of truth.get(reading.room)?.events ?? []) {
      if (event.seq <= reading.from || event.seq > reading.to || applied.has(event.seq)) continue
      yield `${reader(reading)} stands at seq ${reading.to} and never got ${printed(event)}`
    }
  }
}

/** Well inside the published bounds of a resume, whose bytes a history does not count. */
const surelyReplayed = limits.replay_events / 2

/** A resume within its published bounds brings everything before it says `ready`: nothing is left to be asked for. */
export function* resumeReplays({ entries }: Evidence): Generator<string> {
  for (const entry of entries) {
    if (entry.kind !== 'ready' || entry.mode !== 'resumed') continue
    const gaps = entry.rooms.map(({ cursor, head }) => Math.max(0, head - cursor))
    if (gaps.some((gap) => gap > limits.replay_room_events) || gaps.reduce((a, b) => a + b, 0) > surelyReplayed) continue
    for (const { room, cursor, local, head } of entry.rooms) {
      if (local >= head) continue
      yield `connection ${entry.conn} resumed room ${room} at ${cursor}, was told head ${head} and ready, and stands at ${local}`
    }
  }
}

/** The server never lacks what it once delivered. */
export function* noLostTail({ entries }: Evidence): Generator<string> {
  for (const entry of entries) {
    if (entry.kind === 'reset') yield `connection ${entry.conn} was told that rooms ${entry.rooms.join(', ')} end before what it has seen`
    if (entry.kind === 'ready' && entry.mode === 'reset') yield `connection ${entry.conn} was told to drop everything`
  }
}

/** When everything is quiet, every member who has a client reads, and stands at the head. */
export function* everybodyCatchesUp({ entries, truth, stays }: Evidence): Generator<string> {
  const finals = new Map<string, number>()
  const users = new Set<string>()
  for (const entry of entries) {
    if (entry.kind === 'ready') users.add(entry.user)
    if (entry.kind === 'final') finals.set(`${entry.user} ${entry.room}`, entry.local)
  }
  for (const { room, head } of truth.values()) {
    for (const user of users) {
      const local = finals.get(`${user} ${room}`)
      const isMember = stays.of(room, user).some(({ to }) => to === Number.POSITIVE_INFINITY)
      if (isMember && local === undefined) yield `${reader({ user, room })} is a member and reads nothing`
      else if (!isMember && local !== undefined) yield `${reader({ user, room })} still reads, but is no member`
      else if (local !== undefined && local !== head.seq) yield `${reader({ user, room })} stands at seq ${local}, the head is ${head.seq}`
    }
  }
}
