import { limits } from '@parlance/protocol'
import type { Attached, Listener, Mode, OpenOptions, Stretch } from '../dialects/dialect.ts'
import type { RoomEvent } from '../live/bus.ts'
import type { OpenRoom, Stay } from '../live/log.ts'
import type { Hub } from './hub.ts'
import type { RoomChannel } from './room-channel.ts'
import { standingFor } from './seat-rooms.ts'
import type { Sitter } from './sitter.ts'

/** A page of replay that goes out at once; the next waits until the socket has drained. */
const pageBytes = 64 * 1024
const readLimit = 200

/** How often an attach is tried again when the ring was outrun; each try reads the log anew. */
const tries = 20

/** What one resume may replay in all. */
export type ReplayBudget = { events: number; bytes: number }

/** About the length of the encoded event. */
const weigh = (event: RoomEvent): number => 250 + (event.message === null ? 0 : event.message.content.length)

/** A seat, and where it is told of its rooms. */
export type Seated = { hub: Hub; sitter: Sitter; listener: Listener }

export type Attachment = Seated & {
  channel: RoomChannel
  /** The stay (or the public room), read after the channel had a position. */
  stay: OpenRoom
}

/** What a read of the room tells its channel that the channel cannot know yet. */
export function learn(channel: RoomChannel, stay: OpenRoom): void {
  channel.key ??= stay.room
  if (stay.seq < channel.position) return
  channel.large = stay.large
  channel.n = Math.max(channel.n, channel.position === stay.seq ? stay.n : 0)
}

/** `floor`: as it is by now, where that is known. */
type Range = { after: number; upto: number; floor?: number }

/** Cuts (after, upto] and its events into stretches of about 64 KiB; the last one reaches `upto`, whatever lies there. */
function* stretches(stay: OpenRoom, range: Range, events: readonly RoomEvent[]): Generator<Stretch> {
  const floor = Math.max(stay.floor, range.floor ?? 0)
  let after = range.after
  let page: RoomEvent[] = []
  let bytes = 0
  for (const event of events) {
    if (page.length > 0 && bytes + weigh(event) > pageBytes) {
      const upto = event.seq - 1
      yield { room: stay.room, after, upto, floor, events: page }
      after = upto
      page = []
      bytes = 0
    }
    page.push(event)
    bytes += weigh(event)
  }
  yield { room: stay.room, after, upto: range.upto, floor, events: page }
}

/**
 * Tells what lies in (from, position] through the listener, stretch by stretch, until it has caught up with the channel. The position
 * moves meanwhile; the last few events come from the ring in `settle`.
 */
export async function replay({ hub, sitter, listener, channel, stay }: Attachment, from: number, budget?: ReplayBudget): Promise<number> {
  let at = from
  while (!sitter.hasLeft && at < channel.position && channel.ring.between(at, channel.position) === null) {
    // What is retired is told in one step, however long it is: nobody has to page through what is not there.
    const upto = Math.min(channel.position, Math.max(at, stay.floor) + readLimit)
    const { events, floor } = await hub.deps.log.events(stay.room.number, { after: at, upto, limit: readLimit })
    if (budget !== undefined) spend(budget, events)
    for (const stretch of stretches(stay, { after: at, upto, floor }, events)) await listener.log(stretch)
    at = upto
  }
  return at
}

function spend(budget: ReplayBudget, events: readonly RoomEvent[]): void {
  budget.events -= events.length
  for (const event of events) budget.bytes -= weigh(event)
}

/**
 * The last step onto the topics, without an await: what is missing since `from` comes from the ring, and a removal of the reader found
 * there ends it. The stay was read after the position `checked`, so a removal not seen by that read lies behind it. The channel must have
 * reached the beginning of the stay: what it has yet to deliver from before would end the wrong stay.
 */
export function settle(
  attachment: Attachment,
  at: { from: number; checked: number; tell: boolean },
  mode: Mode,
): 'live' | 'gone' | 'behind' {
  const { hub, sitter, listener, channel, stay } = attachment
  // It went while something was read or told: nobody would take it off the room again.
  if (sitter.hasLeft) return 'gone'
  const missing = channel.ring.between(Math.min(at.from, at.checked), channel.position)
  if (missing === null) return 'behind'
  const knownStay = Math.max(at.checked, stay.since)
  if (missing.some((event) => event.seq > knownStay && ends(event, sitter.person))) return 'gone'
  if (at.tell && at.from < channel.position) {
    const events = missing.filter((event) => event.seq > at.from && event.seq > stay.fromSeq)
    for (const stretch of stretches(stay, { after: at.from, upto: channel.position }, events)) void listener.log(stretch)
  }
  listener.live?.(stay.room, channel.position)
  const now = sitter.rooms.get(channel)
  hub.seating.stand(sitter, channel, standingFor({ mode, member: stay.role !== null, now, large: channel.large }))
  return 'live'
}

const ends = ({ type, subject }: RoomEvent, person: number): boolean =>
  type === 'room.deleted' || ((type === 'member.left' || type === 'member.banned') && subject?.number === person)

/** `fromJoin`: with the log from the join on, unless the seat stands in the room already. */
export type AttachOptions = OpenOptions & { fromJoin?: boolean }

/** One room, whether the seat stands there already or not; null if it is not theirs to read. A seat that loses its place by an error closes. */
export async function attach(seated: Seated, room: string | number, options: AttachOptions): Promise<Attached | null> {
  const { hub, sitter } = seated
  const stay = await hub.deps.log.open(sitter.person, room)
  if (stay === null || sitter.hasLeft) return null
  const { number } = stay.room
  const channel = (await hub.hold([number])).get(number)
  if (channel === undefined) return null
  const stood = sitter.rooms.has(channel)
  using _bridge = hub.attendance.bridge(sitter, channel)
  try {
    const attached = await settleIn({ ...seated, channel }, options)
    if (attached !== null) return attached
  } catch (error) {
    hub.release(channel)
    // A seat that misses a room must not look healthy: the client comes back and resumes.
    if (stood && !sitter.rooms.has(channel)) sitter.wire.close(4408, 'try again')
    throw error
  }
  hub.seating.off(sitter, channel)
  hub.release(channel)
  return null
}

/** Null: there is no way in, and the hold stays with the caller. */
async function settleIn(
  { channel, ...seated }: Omit<Attachment, 'stay'>,
  { mode, after, here = false, fromJoin = false }: AttachOptions,
): Promise<Attached | null> {
  const { hub, sitter } = seated
  let at = after
  for (let i = 0; i < tries; i++) {
    const checked = channel.position
    const stay = await hub.deps.log.open(sitter.person, channel.number)
    if (stay === null || sitter.hasLeft) return null
    await channel.reach(beginning(stay))
    if (fromJoin && !sitter.rooms.has(channel)) at ??= stay.since
    learn(channel, stay)
    const attachment: Attachment = { ...seated, channel, stay }
    // Replayed text must stand before live text, so the room is quiet until the replay has caught up.
    if (at !== undefined && at < channel.position) hub.seating.off(sitter, channel)
    if (at !== undefined) at = await replay(attachment, Math.max(at, stay.fromSeq))
    const stands = sitter.rooms.has(channel)
    const outcome = settle(attachment, { from: at ?? checked, checked, tell: at !== undefined }, mode)
    if (outcome === 'gone') return null
    if (outcome === 'behind') continue
    // A seat holds the channels it stands in once; this attach brought a hold of its own.
    if (stands) hub.release(channel)
    const company = here ? { here: hub.attendance.at(sitter, channel) } : {}
    return { stay: stayOf(stay), seq: channel.position, n: Math.max(channel.n, stay.n), ...company }
  }
  return null
}

/** Whether what came behind `from` fits what a resume replays of one room; what is retired of it is told in one step. */
export function replayable({ channel, stay }: Attachment, from: number, budget: ReplayBudget): boolean {
  const gap = channel.position - (from < stay.floor ? stay.floor - 1 : from)
  return gap > 0 && gap <= limits.replay_room_events && gap <= budget.events && budget.bytes > 0
}

/** The join itself, so that what is told of a stay begins with it; 0 for a guest. */
export const beginning = ({ role, since }: OpenRoom): number => (role === null ? 0 : since + 1)

const stayOf = (open: OpenRoom): Stay => ({ ...open, role: open.role ?? 'member' })
