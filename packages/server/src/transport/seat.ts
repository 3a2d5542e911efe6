import { ChatError, limits } from '@parlance/protocol'
import type { Attached, Awaited, EnterPage, Listener, OpenOptions, Resume, RoomHead, Seat } from '../dialects/dialect.ts'
import type { Actor } from '../dispatch.ts'
import type { Person, RevocationReason, UserEvent } from '../live/bus.ts'
import { type AttachOptions, attach, beginning, learn, replay, replayable, type Seated, settle } from './attach.ts'
import { type Entered, enterRooms, type Told } from './entering.ts'
import type { Hub } from './hub.ts'
import type { Wire } from './outbound.ts'
import type { RoomChannel } from './room-channel.ts'
import { SeatRooms } from './seat-rooms.ts'
import { type Confirm, endingOf, openRoomsOf, type Sitter } from './sitter.ts'
import { Turns } from './turns.ts'
import type { UserChannel } from './user-channel.ts'
import { Watches } from './watches.ts'

export type SeatOptions = { hub: Hub; wire: Wire; dialect: string; actor: Actor; listener: Listener; confirm: Confirm }

/** Facts kept while those of the log are told; beyond, the log is read again. */
const maxEarly = limits.history_max

/**
 * A signed-in socket's place in the hub. Every way onto a topic is the same: know the position, then read the stay and the log up to it,
 * then subscribe in one step with what arrived meanwhile. So nothing is lost, nothing comes twice, and a removal is met in order.
 */
export class HubSeat implements Seat, Sitter {
  readonly dialect: string
  readonly wire: Wire
  readonly rooms = new SeatRooms<RoomChannel>()
  hasLeft = false
  readonly #hub: Hub
  readonly #listener: Listener
  readonly #confirm: Confirm
  #actor: Actor
  /** Made with the first watch, as is whatever most sockets never need. */
  #watches: Watches | null = null
  /** Facts that arrived before the ones of the log were told; null where those are told already, or not asked for. */
  #early: UserEvent[] | null = null
  /** Whether a room joined elsewhere is entered here, too: so it is for those who entered all of theirs. */
  #follows = false
  #own: Promise<UserChannel> | UserChannel | null = null
  #useq = 0
  #turns: Turns | null = null

  constructor({ hub, wire, dialect, actor, listener, confirm }: SeatOptions) {
    this.#hub = hub
    this.wire = wire
    this.dialect = dialect
    this.#actor = actor
    this.#listener = listener
    this.#confirm = confirm
    hub.deps.presence.enter(actor.number)
  }

  get person(): number {
    return this.#actor.number
  }

  get who(): Person {
    const { number, id, username } = this.#actor
    return { number, id, username }
  }

  get session(): string {
    return this.#actor.session
  }

  get epoch(): string {
    return this.#hub.deps.log.epoch
  }

  async *enter(resume: Resume | null): AsyncGenerator<EnterPage, { useq: number; isLost: boolean }, void> {
    // Who went before is to be known to nobody.
    if (this.hasLeft) return { useq: 0, isLost: false }
    this.#early = []
    this.#follows = true
    const { position } = await this.#register()
    const isLost = resume !== null && resume.useq > position && !(await this.#reaches(resume.useq))
    const known = isLost ? null : resume
    yield* enterRooms({
      hub: this.#hub,
      person: this.person,
      resume: known,
      hasLeft: () => this.hasLeft,
      enterRoom: (entered, cursor, told) => this.#enterRoom(entered, cursor, told),
    })
    await this.#tellOwn(known === null || known.useq < 0 ? position : known.useq)
    return { useq: this.#useq, isLost }
  }

  open(room: string | number, options: OpenOptions): Promise<Attached | null> {
    return this.#inTurn(() => this.#attach(room, options))
  }

  shut(room: string): Promise<void> {
    return this.#inTurn(async () => {
      for (const [channel, standing] of this.rooms.entries()) {
        if (channel.key?.id !== room) continue
        if (standing === 'open') this.#hub.seating.stand(this, channel, channel.large ? 'heads' : 'live')
        if (standing === 'guest') this.#hub.seating.off(this, channel)
      }
    })
  }

  async tune(channel: string | null, awaited?: Awaited): Promise<void> {
    if (this.hasLeft) return
    const tuned = this.#hub.channels.tune(this, channel, awaited)
    await this.#register()
    await tuned
  }

  async watch(users: readonly string[]): Promise<void> {
    if (this.hasLeft) return
    const { dialect, person, wire } = this
    this.#watches ??= new Watches({ hub: this.#hub, dialect, person, tell: (text) => wire.send(text) })
    await this.#watches.set(users)
  }

  openHeads(): ReturnType<Seat['openHeads']> {
    return { rooms: openRoomsOf(this.rooms), useq: this.#useq }
  }

  /** The person's login may be another one now; the person is the same. */
  renew(actor: Actor): void {
    this.#actor = actor
    // The end of that login may have been told before the hub knew the seat by it.
    this.#confirmed().catch((error: unknown) => this.#unconfirmed(error))
  }

  leave(): void {
    if (this.hasLeft) return
    this.hasLeft = true
    for (const [channel] of this.rooms.entries()) this.#hub.seating.off(this, channel)
    void this.#hub.channels.tune(this, null)
    this.#watches?.end()
    this.#hub.deps.presence.leave(this.person)
    this.#hub.part(this)
  }

  user(event: UserEvent): void {
    this.#alone(() => {
      const reason = endingOf(event, this.session)
      if (reason !== null) this.#listener.revoked(reason)
      if (this.#early === null) this.#tell(event)
      else if (this.#early.length < maxEarly) this.#early.push(event)
    })
  }

  gone({ key }: RoomChannel): void {
    if (key !== null) this.#alone(() => this.#listener.gone(key))
  }

  revoked(reason: RevocationReason): void {
    this.#alone(() => this.#listener.revoked(reason))
  }

  /** A bug of ours in one conversation must not reach the others that are told the same: it has missed something, and ends. */
  #alone(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.#hub.deps.logger.error('a conversation broke on what it was told', { dialect: this.dialect, error })
      this.wire.close(1011, 'internal')
    }
  }

  /**
   * Known to the hub under its person: before anything is read, so that no removal and no revocation passes unseen. A revocation told
   * before that is found by asking after it.
   */
  async #register(): Promise<UserChannel> {
    return await (this.#own ??= this.#join())
  }

  async #join(): Promise<UserChannel> {
    const channel = await this.#hub.join(this)
    await this.#confirmed()
    this.#own = channel
    return channel
  }

  async #confirmed(): Promise<void> {
    await this.#confirm(this.#actor)
  }

  #unconfirmed(error: unknown): void {
    if (error instanceof ChatError && error.code === 'suspended') this.#listener.revoked('suspended')
    else if (error instanceof ChatError && error.status === 401) this.#listener.revoked('ended')
    // Nothing is known against the login: whoever comes back is asked again.
    else this.wire.close(4408, 'try again')
  }

  /** Attaches of one seat are carried out one after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#turns ??= new Turns()
    return this.#turns.take(work)
  }

  async #enterRoom({ stay, channel, checked }: Entered, cursor: number | undefined, { page, budget }: Told): Promise<RoomHead | null> {
    await channel.reach(beginning(stay))
    learn(channel, stay)
    const attachment = { ...this.#seated, channel, stay }
    if (cursor !== undefined && cursor > Math.max(stay.seq, channel.position)) page.reset.push(stay.room.id)
    const from = cursor === undefined ? checked : Math.max(cursor, stay.fromSeq)
    const tell = cursor !== undefined && replayable(attachment, from, budget)
    const at = tell ? await replay(attachment, from, budget) : Math.max(from, checked)
    const outcome = settle(attachment, { from: at, checked, tell }, 'live')
    if (outcome === 'live') return { room: stay.room.id, seq: channel.position, n: Math.max(channel.n, stay.n), read: stay.read }
    if (outcome === 'gone') return null
    const attached = await this.#attach(stay.room.number, { mode: 'live', after: tell ? at : undefined })
    if (attached === null) return null
    // The attach brought a hold of its own, and that is the one the seat keeps.
    this.#hub.release(channel)
    return { room: stay.room.id, seq: attached.seq, n: attached.n, read: stay.read }
  }

  async #attach(room: string | number, options: AttachOptions): Promise<Attached | null> {
    if (this.hasLeft) return null
    await this.#register()
    return await attach(this.#seated, room, options)
  }

  get #seated(): Seated {
    return { hub: this.#hub, sitter: this, listener: this.#listener }
  }

  /** Whether the own log is that long by now: what the hub knows of it may lag. */
  async #reaches(useq: number): Promise<boolean> {
    const [head] = await this.#hub.deps.log.userHeads([this.person])
    return head !== undefined && useq <= head.useq
  }

  async #tellOwn(after: number): Promise<void> {
    this.#useq = after
    for (;;) {
      const { upto, events } = await this.#hub.deps.log.userEvents(this.person, { after: this.#useq, limit: limits.history_max })
      if (upto > this.#useq) this.#listener.ownLog({ after: this.#useq, upto, events })
      this.#useq = Math.max(this.#useq, upto)
      for (const event of events) this.#follow(event)
      if (events.length === limits.history_max) continue
      if (this.#early?.length !== maxEarly) break
      // As many as are kept: there may have been more, and the log has them all.
      this.#early = []
    }
    const early = this.#early ?? []
    this.#early = null
    for (const event of early) if (event.useq > this.#useq) this.#tell(event)
  }

  #tell(event: UserEvent): void {
    this.#useq = event.useq
    this.#listener.user(event)
    this.#follow(event)
  }

  #follow(event: UserEvent): void {
    if (this.#follows && event.type === 'room.joined' && event.room !== null) this.#joined(event.room.number)
  }

  /** A room joined while connected begins with its log from the join; a guest's room is merely no guest's any more. */
  #joined(room: number): void {
    this.#inTurn(() => this.#attach(room, { mode: 'live', fromJoin: true })).catch((error: unknown) => {
      if (this.hasLeft) return
      this.#hub.deps.logger.error('entering a joined room failed', { room, error })
      // A seat that misses a room must not look healthy: the client comes back and resumes.
      this.wire.close(4408, 'try again')
    })
  }
}
