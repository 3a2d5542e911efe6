import type { Encoder } from '../dialects/dialect.ts'
import type { Bus, ChannelKey, ChannelSignal } from '../live/bus.ts'
import type { Outbound } from './outbound.ts'
import type { Sitter } from './sitter.ts'

/** One channel with listeners on this node. */
export type DoorChannel = {
  readonly key: ChannelKey
  readonly topic: string
  readonly sitters: Set<Sitter>
  /** Settles when this node is sure to hear of it. */
  readonly ready: Promise<void>
}

type Deps = { bus: Bus; outbound: Outbound; encoders: ReadonlyMap<string, Encoder> }

/** Channels of doors: names under which sockets of one door hear what is said there, beside any room. Nothing is kept, nothing is ordered. */
export class DoorChannels {
  readonly #deps: Deps
  readonly #channels = new Map<string, DoorChannel>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Leaves the former channel in the same step, so that nothing more is heard of it; a closed or refused sitter is left out by null. */
  async tune(sitter: Sitter, name: string | null): Promise<void> {
    const before = sitter.channel
    if (before?.key.name === name) return await before.ready
    if (before !== null) this.#part(sitter, before)
    sitter.channel = null
    if (name === null) return
    const channel = this.#channel({ door: sitter.dialect, name })
    channel.sitters.add(sitter)
    sitter.channel = channel
    sitter.wire.subscribe(channel.topic)
    await channel.ready
  }

  /** Tells those it is for; answers how often it published. */
  receive(signal: ChannelSignal): number {
    const channel = this.#channels.get(textOf(signal.channel))
    const text = channel === undefined ? null : (this.#deps.encoders.get(signal.channel.door)?.channel?.(signal) ?? null)
    if (channel === undefined || text === null) return 0
    if (signal.to === null) {
      this.#deps.outbound.publish(channel.topic, text)
      return 1
    }
    for (const sitter of channel.sitters) if (signal.to.includes(sitter.person)) sitter.wire.send(text)
    return 1
  }

  #channel(key: ChannelKey): DoorChannel {
    const text = textOf(key)
    const known = this.#channels.get(text)
    if (known !== undefined) return known
    const channel = { key, topic: `channel:${text}`, sitters: new Set<Sitter>(), ready: this.#deps.bus.subscribe({ channel: key }) }
    this.#channels.set(text, channel)
    return channel
  }

  #part(sitter: Sitter, channel: DoorChannel): void {
    sitter.wire.unsubscribe(channel.topic)
    channel.sitters.delete(sitter)
    if (channel.sitters.size > 0) return
    this.#channels.delete(textOf(channel.key))
    this.#deps.bus.unsubscribe({ channel: channel.key })
  }
}

const textOf = ({ door, name }: ChannelKey): string => `${door} ${name}`
