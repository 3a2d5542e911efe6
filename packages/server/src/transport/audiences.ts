import { Crowd } from './crowd.ts'
import type { Outbound } from './outbound.ts'
import type { RoomChannel } from './room-channel.ts'
import type { Standing } from './seat-rooms.ts'
import type { Sitter } from './sitter.ts'

/** What a topic carries: durable events, those that may be lost, or heads in place of events. */
export type Part = 'durable' | 'ephemeral' | 'heads'

const parts: readonly Part[] = ['durable', 'ephemeral', 'heads']

const carries: Record<Part, readonly Standing[]> = {
  durable: ['live', 'open', 'guest'],
  ephemeral: ['open', 'guest'],
  heads: ['heads'],
}

type Topic = { name: string; listeners: number }
type Topics = Record<Part, Topic> & { readonly dialect: string; readonly crowd: Crowd<Sitter> }

type AudiencesDeps = {
  outbound: Outbound
  /** Hears of each publish, to how many connections it went. */
  delivered: (connections: number) => void
  /** Hears of a dialect that could not say something. */
  failed: (dialect: string, error: unknown) => void
}

/** Who listens to a room on this node, by dialect: one topic for each part, so that an event is encoded once per dialect that listens. */
export class Audiences {
  readonly #rooms = new Map<RoomChannel, Topics[]>()
  readonly #shed = new WeakSet<Sitter>()

  readonly #deps: AudiencesDeps

  constructor(deps: AudiencesDeps) {
    this.#deps = deps
  }

  /** Subscribes and unsubscribes the difference between two standings. */
  move(sitter: Sitter, channel: RoomChannel, { from, to }: { from: Standing | null; to: Standing | null }): void {
    const topics = this.#topics(channel, sitter.dialect)
    if (from === null) topics.crowd.add(sitter)
    if (to === null) topics.crowd.remove(sitter)
    for (const part of parts) {
      const before = from !== null && carries[part].includes(from)
      const after = to !== null && carries[part].includes(to)
      if (before === after) continue
      topics[part].listeners += after ? 1 : -1
      if (after) sitter.wire.subscribe(topics[part].name)
      else sitter.wire.unsubscribe(topics[part].name)
    }
  }

  /** A socket that does not keep up loses what may be lost, until it has drained. */
  shed(sitter: Sitter, shed: boolean): void {
    if (shed) this.#shed.add(sitter)
    else this.#shed.delete(sitter)
    for (const [channel, standing] of sitter.rooms.entries()) {
      if (!carries.ephemeral.includes(standing)) continue
      const { name } = this.#topics(channel, sitter.dialect).ephemeral
      if (shed) sitter.wire.unsubscribe(name)
      else sitter.wire.subscribe(name)
    }
  }

  /** Publishes ephemeral text past these sitters: they leave its topic for the length of one step. */
  without(sitters: readonly Sitter[], channel: RoomChannel, publish: () => void): void {
    const listening = sitters.filter((sitter) => !this.#shed.has(sitter) && this.#hears(sitter, channel))
    for (const { wire, dialect } of listening) wire.unsubscribe(this.#topics(channel, dialect).ephemeral.name)
    publish()
    for (const { wire, dialect } of listening) wire.subscribe(this.#topics(channel, dialect).ephemeral.name)
  }

  /** Calls `encode` once for each dialect that listens and publishes what it says; answers how often it published. */
  publish(channel: RoomChannel, part: Part, encode: (dialect: string) => string | null): number {
    let published = 0
    for (const topics of this.#rooms.get(channel) ?? []) {
      const text = topics[part].listeners > 0 ? this.#textOf(topics, part, encode) : null
      if (text === null) continue
      this.#deps.outbound.publish(topics[part].name, text)
      this.#deps.delivered(topics[part].listeners)
      published++
    }
    return published
  }

  /** Who stands in the room now, however. */
  of(channel: RoomChannel): Sitter[] {
    return (this.#rooms.get(channel) ?? []).flatMap(({ crowd }) => crowd.all())
  }

  forget(channel: RoomChannel): void {
    this.#rooms.delete(channel)
  }

  /** A bug of ours in one dialect must not reach the others. Who misses by it what may not be lost comes back. */
  #textOf({ dialect, crowd }: Topics, part: Part, encode: (dialect: string) => string | null): string | null {
    try {
      return encode(dialect)
    } catch (error) {
      this.#deps.failed(dialect, error)
      if (part !== 'ephemeral') for (const { wire } of crowd.all()) wire.close(1011, 'internal')
      return null
    }
  }

  #hears(sitter: Sitter, channel: RoomChannel): boolean {
    const standing = sitter.rooms.get(channel)
    return standing !== undefined && carries.ephemeral.includes(standing)
  }

  #topics(channel: RoomChannel, dialect: string): Topics {
    const room = this.#rooms.get(channel) ?? []
    const known = room.find((topics) => topics.dialect === dialect)
    if (known !== undefined) return known
    const topic = (part: Part): Topic => ({ name: `${part}:${channel.number}:${dialect}`, listeners: 0 })
    const topics = { dialect, durable: topic('durable'), ephemeral: topic('ephemeral'), heads: topic('heads'), crowd: new Crowd<Sitter>() }
    this.#rooms.set(channel, [...room, topics])
    return topics
  }
}
