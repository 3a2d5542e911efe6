import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Encoder } from '../dialects/dialect.ts'
import type { Bus, Ephemeral, Floor, RoomEvent, Signal } from '../live/bus.ts'
import type { Log } from '../live/log.ts'
import type { Here } from '../live/here.ts'
import type { Presence } from '../live/presence.ts'
import { Attendance } from './attendance.ts'
import { Audiences, type Part } from './audiences.ts'
import { compareHeads } from './compare-heads.ts'
import { DoorChannels } from './door-channels.ts'
import type { Outbound } from './outbound.ts'
import type { RingBudget } from './ring.ts'
import { RoomChannel, type RoomChannelDeps } from './room-channel.ts'
import type { Standing } from './seat-rooms.ts'
import { Seating } from './seating.ts'
import type { Sitter } from './sitter.ts'
import { UserChannel, type UserChannelDeps } from './user-channel.ts'

export type HubDeps = {
  bus: Bus
  log: Log
  presence: Presence
  here: Here
  outbound: Outbound
  encoders: ReadonlyMap<string, Encoder>
  clock: Clock
  logger: Logger
  metrics: Metrics
}

const ringBytes = 64 * 1024 * 1024

/**
 * What this node's sockets listen to. It knows a position for every room and user with a listener here, publishes in order, and applies
 * each membership event to the local seats before the next event goes out: a removed member hears of the removal and of nothing after it.
 */
export class Hub {
  readonly deps: HubDeps
  readonly #rooms = new Map<number, RoomChannel>()
  readonly #users = new Map<number, UserChannel>()
  readonly #audiences: Audiences
  readonly attendance: Attendance
  readonly seating: Seating
  readonly channels: DoorChannels
  readonly #dirtyHeads = new Set<RoomChannel>()
  readonly #budget: RingBudget = { used: 0, max: ringBytes }
  /** The same for all rooms and users: one that idles costs little. */
  readonly #roomDeps: RoomChannelDeps
  readonly #userDeps: UserChannelDeps

  constructor(deps: HubDeps) {
    this.deps = deps
    this.#audiences = new Audiences({
      outbound: deps.outbound,
      delivered: (connections) => deps.metrics.deliveries.inc(connections),
      failed: (dialect, error) => deps.logger.error('a dialect could not say an event', { dialect, error }),
    })
    this.attendance = new Attendance(deps.here)
    this.seating = new Seating({
      audiences: this.#audiences,
      attendance: this.attendance,
      release: (channel) => this.release(channel),
    })
    this.channels = new DoorChannels(deps)
    const { bus, log, clock, logger, metrics } = deps
    this.#roomDeps = {
      budget: this.#budget,
      read: (room, range) => {
        metrics.hubGaps.inc()
        return log.events(room, range)
      },
      later: (task, ms) => clock.setTimeout(task, ms),
      deliver: (channel, event) => this.#deliver(channel, event),
      // A removal may be among what was missed for good.
      missed: (channel) => this.seating.sendAway(channel),
      failed: (room, error) => logger.error('reading a room log failed', { room, error }),
    }
    this.#userDeps = {
      read: (user, range) => log.userEvents(user, range),
      later: (task, ms) => clock.setTimeout(task, ms),
      failed: (user, error) => logger.error('reading a user log failed', { user, error }),
    }
    bus.listen((signal) => this.#receive(signal))
  }

  /** Channels of these rooms with their positions known, each held once more: release them. */
  async hold(rooms: readonly number[]): Promise<Map<number, RoomChannel>> {
    const held = new Map<number, RoomChannel>()
    const fresh: RoomChannel[] = []
    for (const number of rooms) {
      const channel = this.#rooms.get(number) ?? this.#open(number, fresh)
      channel.holders++
      held.set(number, channel)
    }
    if (fresh.length > 0) this.#start(fresh)
    try {
      await Promise.all([...held.values()].map((channel) => channel.ready))
      return held
    } catch (error) {
      for (const channel of held.values()) this.release(channel)
      throw error
    }
  }

  release(channel: RoomChannel): void {
    if (--channel.holders > 0 || this.#rooms.get(channel.number) !== channel) return
    this.#rooms.delete(channel.number)
    this.#audiences.forget(channel)
    this.#dirtyHeads.delete(channel)
    channel.close()
    this.deps.bus.unsubscribe({ room: channel.number })
  }

  /** While a socket does not keep up it gets no ephemeral events. */
  shed(sitter: Sitter, shed: boolean): void {
    this.#audiences.shed(sitter, shed)
  }

  async join(sitter: Sitter): Promise<UserChannel> {
    const user = sitter.person
    let channel = this.#users.get(user)
    if (channel === undefined) {
      channel = new UserChannel(user, this.#userDeps)
      this.#users.set(user, channel)
      channel.ready = this.#startUser(channel)
    }
    channel.add(sitter)
    await channel.ready
    return channel
  }

  part(sitter: Sitter): void {
    const channel = this.#users.get(sitter.person)
    if (channel === undefined || !channel.remove(sitter)) return
    this.#users.delete(sitter.person)
    channel.close()
    this.deps.bus.unsubscribe({ user: sitter.person })
  }

  /** Compares every position with the log: what the bus lost is found here. */
  compareHeads(): Promise<void> {
    return compareHeads({ rooms: this.#rooms, users: this.#users }, this.deps)
  }

  /** Tells the heads that moved to those who get heads only; called once a second. */
  publishHeads(): void {
    for (const channel of this.#dirtyHeads) {
      if (channel.key === null) continue
      const heads = [{ room: channel.key, seq: channel.position, n: channel.n }]
      this.#publish(channel, 'heads', (encoder) => encoder.heads(heads))
    }
    this.#dirtyHeads.clear()
    const { hubRooms, hubUsers, hubRingBytes } = this.deps.metrics
    hubRooms.set(this.#rooms.size)
    hubUsers.set(this.#users.size)
    hubRingBytes.set(this.#budget.used)
  }

  #open(number: number, fresh: RoomChannel[]): RoomChannel {
    const channel = new RoomChannel(number, this.#roomDeps)
    this.#rooms.set(number, channel)
    fresh.push(channel)
    return channel
  }

  /** The bus first, then the head: whatever is missing from the bus is not above the head. One read for all of them. */
  #start(fresh: RoomChannel[]): void {
    const started = (async () => {
      await Promise.all(fresh.map((channel) => this.deps.bus.subscribe({ room: channel.number })))
      const heads = new Map((await this.deps.log.heads(fresh.map((channel) => channel.number))).map((head) => [head.room, head]))
      for (const channel of fresh) channel.start(heads.get(channel.number) ?? { seq: 0, n: 0 })
    })()
    for (const channel of fresh) channel.ready = started
  }

  async #startUser(channel: UserChannel): Promise<void> {
    await this.deps.bus.subscribe({ user: channel.user })
    const [head] = await this.deps.log.userHeads([channel.user])
    channel.start(head?.useq ?? 0)
    channel.ready = null
  }

  #receive(signal: Signal): void {
    switch (signal.kind) {
      case 'room':
        return this.#rooms.get(signal.room.number)?.receive(signal)
      case 'hint':
        return this.#rooms.get(signal.room)?.hint(signal.seq)
      case 'user':
        return this.#users.get(signal.user)?.receive(signal)
      case 'typing':
      case 'receipt':
      case 'here':
        return this.#ephemeral(signal)
      case 'channel':
      case 'named':
        return this.deps.metrics.publishes.inc(this.channels.receive(signal))
      case 'floor':
        return this.#floor(signal)
      case 'revoked': {
        for (const sitter of this.#users.get(signal.user)?.sitters ?? [])
          if (signal.session === null || signal.session === sitter.session) sitter.revoked(signal.reason)
      }
    }
  }

  #deliver(channel: RoomChannel, event: RoomEvent): void {
    this.deps.metrics.deliverySeconds.observe(Math.max(0, this.deps.clock.now() - event.at) / 1000)
    this.#publish(channel, 'durable', (encoder) => encoder.room(event))
    if (channel.large) this.#dirtyHeads.add(channel)
    if (event.type === 'member.left') this.#expel(channel, event)
    if (event.type === 'member.banned') this.#expel(channel, event, 'guest')
    if (event.type === 'room.deleted') this.#end(channel, event)
    if (event.large !== null) {
      this.seating.resize(channel, event.large)
      this.#dirtyHeads.add(channel)
    }
  }

  #ephemeral(signal: Ephemeral): void {
    const channel = this.#rooms.get(signal.room.number)
    if (channel === undefined) return
    const own = this.#users.get(signal.user.number)?.sitters ?? []
    const spared = own.filter(({ dialect, rooms }) => rooms.has(channel) && this.#encoder(dialect).spares?.(signal) === true)
    this.#audiences.without(spared, channel, () => this.#publish(channel, 'ephemeral', (encoder) => encoder.ephemeral(signal)))
  }

  /** Told to everybody who hears the events of the room: what has disappeared is to go from their screens, too. */
  #floor(floor: Floor): void {
    const channel = this.#rooms.get(floor.room.number)
    if (channel !== undefined) this.#publish(channel, 'durable', (encoder) => encoder.floor?.(floor) ?? null)
  }

  #expel(channel: RoomChannel, { subject }: RoomEvent, only?: Standing): void {
    if (subject !== null) this.seating.expel(this.#users.get(subject.number)?.sitters ?? [], channel, only)
  }

  /** Who gets heads only is told as well: it is the last there is to tell. */
  #end(channel: RoomChannel, event: RoomEvent): void {
    this.#publish(channel, 'heads', (encoder) => encoder.room(event))
    this.seating.clear(channel)
  }

  #encoder(dialect: string): Encoder {
    const encoder = this.deps.encoders.get(dialect)
    if (encoder === undefined) throw new Error(`no encoder for ${dialect}`)
    return encoder
  }

  #publish(channel: RoomChannel, part: Part, encode: (encoder: Encoder) => string | null): void {
    this.deps.metrics.publishes.inc(this.#audiences.publish(channel, part, (dialect) => encode(this.#encoder(dialect))))
  }
}
