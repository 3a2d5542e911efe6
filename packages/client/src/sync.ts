import {
  type DownFrame,
  type Hello,
  limits,
  type RoomEventFrame,
  type RoomLog,
  type UserEventFrame,
  type UserLog,
} from '@parlance/protocol'
import type { Backoff } from './backoff.ts'
import type { ClientEvents } from './client-events.ts'
import type { Page } from './feed.ts'
import type { Incoming } from './incoming.ts'
import type { Interest } from './interest.ts'
import { LogReader } from './log-reader.ts'
import type { Marks } from './marks.ts'
import type { Platform } from './platform.ts'
import { chatError } from './rest.ts'

/**
 * Positions to resume from: everything up to them has been applied.
 *
 * @example
 * createClient({ url, session, resume: former.positions })
 */
export type Positions = NonNullable<Hello['resume']>

type SyncDeps = {
  emit<K extends keyof ClientEvents>(name: K, value: ClientEvents[K]): void
  roomLog(room: string, after: number): Promise<RoomLog>
  userLog(after: number): Promise<UserLog>
  me(): string | null
  interest: Interest
  marks: Marks
  follow: 'open' | 'all'
  maxFill: number
  platform: Platform
  backoff: Backoff
}

const roomPage = ({ after, upto, floor, events }: RoomLog): Page<RoomEventFrame> => ({
  after,
  upto,
  floor,
  items: events.map((event) => ({ at: event.seq, event })),
})
const userPage = ({ after, upto, events }: UserLog): Page<UserEventFrame> => ({
  after,
  upto,
  floor: 0,
  items: events.map((event) => ({ at: event.useq, event })),
})

/** Turns the frames of one connection after another into logs without gaps: a reader for every room, and one for the own log. */
export class Sync {
  readonly #deps: SyncDeps
  readonly #rooms = new Map<string, LogReader<RoomEventFrame>>()
  readonly #own: LogReader<UserEventFrame>
  #epoch: string | null = null
  /** Frames that wait for `ready`: only it tells whether the positions kept still mean anything. */
  #early: Incoming[] | null = null

  constructor(deps: SyncDeps, positions: Positions | null) {
    this.#deps = deps
    this.#own = new LogReader({
      request: async (after) => userPage(await deps.userLog(after)),
      rules: () => ({ eager: true, maxFill: Number.POSITIVE_INFINITY }),
      applied: (frame) => this.#fact(frame),
      skipped: () => undefined,
      platform: deps.platform,
      backoff: deps.backoff,
    })
    if (positions === null) return
    this.#epoch = positions.epoch
    this.#own.take({ kind: 'start', at: positions.useq })
    for (const [room, at] of Object.entries(positions.rooms)) this.#room(room).take({ kind: 'start', at })
  }

  position(room: string): number | null {
    return this.#rooms.get(room)?.local ?? null
  }

  /** Everything known, or null before the first connection was complete. */
  get positions(): Positions | null {
    const useq = this.#own.local
    if (this.#epoch === null || useq === null) return null
    const rooms = [...this.#rooms].flatMap(([room, { local }]) => (local === null ? [] : [[room, local] as const]))
    return { epoch: this.#epoch, useq, rooms: Object.fromEntries(rooms) }
  }

  /** A connection begins: what its hello says. Without a complete one before it there is nothing to resume. */
  hello(): Positions | undefined {
    this.#early = []
    const { positions } = this
    if (positions === null) {
      this.#forgetAll()
      return undefined
    }
    // A hello names so many rooms at most: the open ones and those with the latest events. The others are told their heads.
    const recent = Object.keys(positions.rooms).reverse()
    const names = [...new Set([...this.#deps.interest.rooms, ...recent])].filter((room) => Object.hasOwn(positions.rooms, room))
    const rooms = Object.fromEntries(names.slice(0, limits.resume_rooms).map((room) => [room, positions.rooms[room] ?? 0]))
    return { ...positions, rooms }
  }

  disconnected(): void {
    this.#early = null
    this.#own.take({ kind: 'disconnected' })
    for (const reader of this.#rooms.values()) reader.take({ kind: 'disconnected' })
  }

  /** Another user, or nobody: nothing kept means anything now. */
  forget(): void {
    this.#epoch = null
    this.#forgetAll()
  }

  received(incoming: Incoming): void {
    const { kind } = incoming
    if (this.#early !== null && (kind === 'heads' || kind === 'ev' || kind === 'uev' || kind === 'head')) this.#early.push(incoming)
    else this.#handle(incoming)
  }

  #handle({ kind, frame }: Incoming): void {
    switch (kind) {
      case 'ev':
        return this.#live(frame)
      case 'uev':
        return this.#own.take({ kind: 'event', item: { at: frame.useq, event: frame } })
      case 'heads':
        return this.#heads(frame.heads)
      case 'head':
        return this.#head(frame)
      case 'log':
        return this.#room(frame.log.room).take({ kind: 'page', page: roomPage(frame.log), answer: false })
      case 'ulog':
        return this.#own.take({ kind: 'page', page: userPage(frame.ulog), answer: false })
      case 'opened':
        this.#deps.interest.opened(frame.opened)
        return this.#room(frame.opened).take({ kind: 'start', at: frame.seq })
      case 'refused':
        return this.#deps.interest.refused(frame.refused, chatError(frame.err))
      case 'reset':
        return this.#reset(frame.reset)
      case 'ready':
        return this.#ready(frame.ready)
      case 'typing':
        return this.#deps.emit('typing', frame)
      case 'receipt':
        return this.#deps.emit('receipt', frame)
      case 'presence':
        return this.#deps.emit('presence', frame)
      case 'floor':
        this.#deps.marks.floor(frame.room, frame.n)
        return this.#deps.emit('floor', frame)
      default:
    }
  }

  #live(frame: RoomEventFrame): void {
    // Counted even where the event itself is not wanted yet, so that unread moves in rooms that lie behind.
    if (frame.ev === 'message.created') this.#deps.marks.message(frame.room, frame.data.n, frame.data.sender.id === this.#deps.me())
    this.#room(frame.room).take({ kind: 'event', item: { at: frame.seq, event: frame } })
  }

  #heads(heads: DownFrame['heads']['heads']): void {
    for (const { room, seq, n, read } of heads) {
      this.#deps.marks.head(room, n, read)
      this.#room(room).take({ kind: 'start', at: seq })
    }
  }

  #head({ head, useq }: DownFrame['head']): void {
    for (const [room, seq, n] of head) {
      this.#deps.marks.head(room, n)
      this.#room(room).take({ kind: 'head', at: seq })
    }
    if (useq !== undefined) this.#own.take({ kind: 'head', at: useq })
  }

  #ready({ mode, epoch, useq }: DownFrame['ready']['ready']): void {
    const early = this.#early ?? []
    this.#early = null
    if (mode === 'reset') {
      this.#forgetAll()
      this.#deps.emit('reset', { rooms: 'all' })
    }
    this.#epoch = epoch
    this.#own.take({ kind: 'start', at: useq })
    for (const incoming of early) this.#handle(incoming)
    this.#deps.interest.ready()
    for (const reader of [this.#own, ...this.#rooms.values()]) reader.review()
  }

  #reset(rooms: readonly string[]): void {
    for (const room of rooms) {
      this.#rooms.get(room)?.reset()
      this.#deps.marks.drop(room)
    }
    this.#deps.emit('reset', { rooms: [...rooms] })
  }

  #fact(frame: UserEventFrame): void {
    if (frame.uev === 'room.left' || frame.uev === 'room.gone') this.#left(frame.data)
    if (frame.uev === 'room.read') this.#deps.marks.read(frame.data.room, frame.data.read)
    if (frame.uev === 'room.joined' && (this.#early === null || this.#deps.follow === 'all')) {
      // Normally the log from the join comes by itself; should it be lost, the room still has a beginning.
      const reader = this.#room(frame.data.room)
      if (reader.local === null) reader.take({ kind: 'start', at: frame.data.seq - 1 })
    }
    this.#deps.emit('fact', frame)
    this.#deps.emit(frame.uev, frame)
  }

  #left({ room, seq }: { room: string; seq: number }): void {
    const reader = this.#room(room)
    reader.take({ kind: 'left', at: seq })
    if (reader.local !== null) return
    this.#deps.marks.drop(room)
    this.#deps.interest.forget(room)
  }

  #room(room: string): LogReader<RoomEventFrame> {
    const known = this.#rooms.get(room)
    if (known !== undefined) return known
    const deps = this.#deps
    const reader: LogReader<RoomEventFrame> = new LogReader({
      request: async (after) => roomPage(await deps.roomLog(room, after)),
      rules: () => ({ eager: deps.follow === 'all' || deps.interest.isOpen(room), maxFill: deps.maxFill }),
      applied: (frame) => this.#applied(frame, reader),
      skipped: () => deps.emit('reset', { rooms: [room] }),
      platform: deps.platform,
      backoff: deps.backoff,
    })
    this.#rooms.set(room, reader)
    return reader
  }

  #applied(frame: RoomEventFrame, reader: LogReader<RoomEventFrame>): void {
    // The map's order is that of the latest events.
    if (this.#rooms.get(frame.room) === reader && this.#rooms.delete(frame.room)) this.#rooms.set(frame.room, reader)
    if (frame.ev === 'message.created') this.#deps.marks.message(frame.room, frame.data.n, frame.data.sender.id === this.#deps.me())
    this.#deps.emit('event', frame)
    this.#deps.emit(frame.ev, frame)
  }

  #forgetAll(): void {
    this.#own.reset()
    for (const reader of this.#rooms.values()) reader.reset()
    this.#rooms.clear()
    this.#deps.marks.clear()
  }
}
