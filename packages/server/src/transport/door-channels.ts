import type { Awaited, Encoder } from '../dialects/dialect.ts'
import type { Bus, ChannelKey, ChannelSignal, Named } from '../live/bus.ts'
import type { Outbound } from './outbound.ts'
import type { Sitter } from './sitter.ts'

/** One channel with listeners on this node, and what each of them awaits besides. */
type DoorChannel = {
  readonly key: ChannelKey
  readonly topic: string
  readonly sitters: Map<Sitter, Awaited | undefined>
  /** Settles when this node is sure to hear of it. */
  readonly ready: Promise<void>
}

type Deps = { bus: Bus; outbound: Outbound; encoders: ReadonlyMap<string, Encoder> }

/** Channels of doors: names under which sockets of one door hear what is said there, beside any room. Nothing is kept, nothing is ordered. */
export class DoorChannels {
  readonly #deps: Deps
  readonly #channels = new Map<string, DoorChannel>()
  /** Where each listens: most sockets listen nowhere, and keep nothing for it. */
  readonly #tuned = new Map<Sitter, DoorChannel>()
  /** Whoever awaits a room of a name. */
  readonly #awaiting = new Map<string, Set<Awaited>>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Leaves the former channel in the same step, so that nothing more is heard of it. Null: listens nowhere from then on. */
  async tune(sitter: Sitter, name: string | null, awaited?: Awaited): Promise<void> {
    const before = this.#tuned.get(sitter)
    if (before?.key.name === name && before.sitters.get(sitter) === awaited) return await before.ready
    if (before !== undefined) this.#part(sitter, before)
    if (name === null) return
    const channel = this.#channel({ door: sitter.dialect, name })
    channel.sitters.set(sitter, awaited)
    this.#tuned.set(sitter, channel)
    sitter.wire.subscribe(channel.topic)
    await Promise.all([channel.ready, awaited === undefined ? null : this.#await(awaited)])
  }

  /** Tells those it is for; answers how often it published. */
  receive(signal: ChannelSignal | Named): number {
    return signal.kind === 'named' ? this.#named(signal) : this.#said(signal)
  }

  #named({ room, fresh }: Named): number {
    for (const { told } of [...(this.#awaiting.get(room.name) ?? [])]) told(room, fresh)
    return 0
  }

  #said(signal: ChannelSignal): number {
    const channel = this.#channels.get(textOf(signal.channel))
    const text = channel === undefined ? null : (this.#deps.encoders.get(signal.channel.door)?.channel?.(signal) ?? null)
    if (channel === undefined || text === null) return 0
    if (signal.to === null) {
      this.#deps.outbound.publish(channel.topic, text)
      return 1
    }
    for (const sitter of channel.sitters.keys()) if (signal.to.includes(sitter.person)) sitter.wire.send(text)
    return 1
  }

  #channel(key: ChannelKey): DoorChannel {
    const text = textOf(key)
    const known = this.#channels.get(text)
    if (known !== undefined) return known
    const ready = this.#deps.bus.subscribe({ channel: key })
    const channel: DoorChannel = { key, topic: `channel:${text}`, sitters: new Map(), ready }
    this.#channels.set(text, channel)
    return channel
  }

  #await(awaited: Awaited): Promise<void> {
    const all = this.#awaiting.get(awaited.name) ?? new Set()
    this.#awaiting.set(awaited.name, all.add(awaited))
    return this.#deps.bus.subscribe({ name: awaited.name })
  }

  #part(sitter: Sitter, channel: DoorChannel): void {
    const awaited = channel.sitters.get(sitter)
    sitter.wire.unsubscribe(channel.topic)
    channel.sitters.delete(sitter)
    this.#tuned.delete(sitter)
    if (awaited !== undefined) this.#forget(awaited)
    if (channel.sitters.size > 0) return
    this.#channels.delete(textOf(channel.key))
    this.#deps.bus.unsubscribe({ channel: channel.key })
  }

  #forget(awaited: Awaited): void {
    const all = this.#awaiting.get(awaited.name)
    if (all?.delete(awaited) !== true || all.size > 0) return
    this.#awaiting.delete(awaited.name)
    this.#deps.bus.unsubscribe({ name: awaited.name })
  }
}

const textOf = ({ door, name }: ChannelKey): string => `${door} ${name}`
