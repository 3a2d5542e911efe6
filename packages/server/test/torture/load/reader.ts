import type { Head, Hello, RoomEventFrame, RoomLog, UserEventFrame } from '@parlance/protocol'
import type { Seen } from '../../harness/schemas.ts'
import { type History, type Logged, loggedOf, type Note, type Ready } from '../history.ts'
import { RoomFeed, type Step } from './feed.ts'

export type ReaderDeps = {
  user: string
  history: History
  /** Asks the log of a room; the answer comes back through `answered` or `unanswered`. */
  ask(room: string, after: number): void
}

/** What one client reads of all its rooms, over all its connections, and the notes about it. */
export class Reader {
  readonly feeds = new Map<string, RoomFeed>()
  readonly #deps: ReaderDeps
  #conn = ''
  #ready = false
  #epoch = ''
  #useq = 0
  /** Where the client stood when it said hello, and the heads it was told since. */
  #cursors: Record<string, number> = {}
  #heads = new Map<string, number>()

  constructor(deps: ReaderDeps) {
    this.#deps = deps
  }

  /** A new connection; what its hello says of former ones. */
  begin(conn: string): Hello['resume'] {
    this.#conn = conn
    this.#ready = false
    this.#heads.clear()
    for (const [room, feed] of this.feeds) {
      feed.asking = false
      if (feed.leftAt !== null) this.#end(room, feed.leftAt)
    }
    this.#cursors = Object.fromEntries([...this.feeds].map(([room, feed]) => [room, feed.local]))
    return this.#epoch === '' ? undefined : { epoch: this.#epoch, useq: this.#useq, rooms: { ...this.#cursors } }
  }

  take(seen: Seen): void {
    switch (seen.kind) {
      case 'ev':
        return this.#live(seen.frame)
      case 'log':
        return this.#page(seen.frame.log, 'page')
      case 'heads':
        return seen.frame.heads.forEach((head) => this.#head(head))
      case 'opened':
        return this.#head({ room: seen.frame.opened, seq: seen.frame.seq })
      case 'head':
        for (const [room, seq] of seen.frame.head) this.#told(room, seq)
        return
      case 'ready':
        return this.#isReady(seen.frame.ready)
      case 'reset':
        this.#note({ kind: 'reset', rooms: seen.frame.reset })
        for (const room of seen.frame.reset) this.feeds.delete(room)
        return
      case 'uev':
        return this.#own(seen.frame)
      case 'ulog':
        for (const event of seen.frame.ulog.events) this.#own(event)
        this.#useq = Math.max(this.#useq, seen.frame.ulog.upto)
        return
      default:
    }
  }

  answered(room: string, log: RoomLog): void {
    const feed = this.feeds.get(room)
    if (feed !== undefined) feed.asking = false
    this.#page(log, 'answer')
  }

  /** The log refused, as it does to whoever is no member any more. */
  unanswered(room: string): void {
    const feed = this.feeds.get(room)
    if (feed !== undefined) feed.asking = false
  }

  /** Everything is quiet: writes down where the client stands. */
  finish(): void {
    for (const [room, feed] of this.feeds) {
      if (feed.leftAt !== null && feed.local >= feed.leftAt) this.#end(room, feed.leftAt)
      else this.#note({ kind: 'final', room, local: feed.local })
    }
  }

  #note(note: Note): void {
    this.#deps.history.note({ user: this.#deps.user, conn: this.#conn }, note)
  }

  #live(frame: RoomEventFrame): void {
    const event = loggedOf(frame)
    this.#note({ kind: 'received', event, via: 'live' })
    const feed = this.feeds.get(event.room)
    if (feed !== undefined) this.#step(event.room, feed, feed.event(event))
  }

  #page(log: RoomLog, via: 'page' | 'answer'): void {
    const { room, after, upto } = log
    const events = log.events.map(loggedOf)
    this.#note({ kind: 'range', room, after, upto, via })
    for (const event of events) this.#note({ kind: 'received', event, via })
    const known = this.feeds.get(room)
    // A replay that begins behind a departure is the log of a new stay.
    if (known !== undefined && known.leftAt !== null && after >= known.leftAt - 1 && after > known.local) this.#end(room, known.leftAt)
    // An answer to a question of a stay that is over begins nothing.
    const feed = this.feeds.get(room) ?? (via === 'page' ? this.#start(room, after) : undefined)
    if (feed !== undefined) this.#step(room, feed, feed.page({ after, upto, events }))
  }

  #head({ room, seq }: Pick<Head, 'room' | 'seq'>): void {
    this.#note({ kind: 'head', room, seq })
    this.#heads.set(room, Math.max(this.#heads.get(room) ?? 0, seq))
    const feed = this.feeds.get(room) ?? this.#start(room, seq)
    this.#step(room, feed, feed.told(seq))
  }

  #told(room: string, seq: number): void {
    const feed = this.feeds.get(room)
    if (feed !== undefined) this.#step(room, feed, feed.told(seq))
  }

  #start(room: string, local: number): RoomFeed {
    const feed = new RoomFeed(local)
    this.feeds.set(room, feed)
    this.#note({ kind: 'begin', room, local })
    return feed
  }

  #end(room: string, seq: number): void {
    this.feeds.delete(room)
    this.#note({ kind: 'end', room, seq })
  }

  #step(room: string, feed: RoomFeed, { applied, ask }: Step): void {
    for (const [i, event] of applied.entries()) {
      this.#note({ kind: 'applied', event })
      if (event.type !== 'member.left' || event.subject !== this.#deps.user) continue
      this.#end(room, event.seq)
      this.#return(room, applied.slice(i + 1))
      return
    }
    // Until `ready` the replay may still be on its way.
    if (!ask || !this.#ready) return
    feed.asking = true
    this.#deps.ask(room, feed.local)
  }

  /** What stood behind one's own departure in the same stretch matters from one's own return on. */
  #return(room: string, rest: Logged[]): void {
    const back = rest.findIndex(({ type, subject }) => type === 'member.joined' && subject === this.#deps.user)
    const [joined] = rest.slice(back)
    if (back < 0 || joined === undefined) return
    const events = rest.slice(back)
    const feed = this.#start(room, joined.seq - 1)
    this.#step(room, feed, feed.page({ after: joined.seq - 1, upto: events.at(-1)?.seq ?? joined.seq, events }))
  }

  #own(frame: UserEventFrame): void {
    this.#useq = Math.max(this.#useq, frame.useq)
    if (frame.uev !== 'room.left') return
    const { room, seq } = frame.data
    const feed = this.feeds.get(room)
    // The room's own log tells the departure too, to whoever was there; the order of the two logs is not promised.
    if (feed !== undefined && feed.local < seq) feed.leftAt = seq
  }

  #isReady({ mode, epoch, useq }: { mode: Ready['mode']; epoch: string; useq: number }): void {
    this.#ready = true
    this.#epoch = epoch
    this.#useq = Math.max(this.#useq, useq)
    const rooms: Ready['rooms'] = []
    for (const [room, head] of this.#heads) {
      const cursor = this.#cursors[room]
      const feed = this.feeds.get(room)
      if (cursor !== undefined && feed !== undefined) rooms.push({ room, cursor, local: feed.local, head })
    }
    this.#note({ kind: 'ready', mode, rooms })
    for (const [room, feed] of this.feeds) this.#step(room, feed, feed.told(0))
  }
}
