/// <reference lib="esnext.disposable" />
import type { InputOf, Message, OutputOf, RoomEventFrame } from '@parlance/protocol'
import type { ClientEvents } from './client-events.ts'
import { Transcript } from './transcript.ts'

type TimelineDeps = {
  room: string
  me: string
  call<N extends 'messages.list' | 'messages.get'>(name: N, input: InputOf<N>): Promise<OutputOf<N>>
  on<K extends keyof ClientEvents>(name: K, listener: (value: ClientEvents[K]) => void): () => void
  /** Something of the timeline changed. */
  changed(): void
}

/**
 * A room's messages kept up to date: edits, deletions, reactions, pins and threads are applied as they come, what an event does not carry is
 * asked for, and what has disappeared goes. Made by `client.timeline`; open the room to have everything as it happens.
 *
 * @example
 * using timeline = client.timeline(room, () => render(timeline.messages))
 * await timeline.latest()
 */
export class Timeline implements Disposable {
  readonly #deps: TimelineDeps
  readonly #transcript: Transcript
  readonly #stops: (() => void)[]
  #more = true
  #readings = 0
  /** Events that came while history was being read. */
  #meanwhile: RoomEventFrame[] = []
  /** Messages up to here have disappeared, whatever an answer says that was on its way meanwhile. */
  #floor = 0
  /** Rises when what is being read is of no use any more. */
  #beginning = 0

  constructor(deps: TimelineDeps) {
    this.#deps = deps
    this.#transcript = new Transcript(deps.me)
    this.#stops = [
      deps.on('event', (event) => {
        if (event.room !== deps.room) return
        if (this.#readings > 0) this.#meanwhile.push(event)
        const { changed, fetch } = this.#transcript.apply(event)
        if (changed.length > 0) deps.changed()
        if (fetch !== null) this.#fetch(fetch)
      }),
      deps.on('floor', ({ room, n }) => {
        if (room !== deps.room) return
        this.#floor = Math.max(this.#floor, n)
        if (this.#transcript.drop(n).length > 0) deps.changed()
      }),
      deps.on('reset', ({ rooms }) => {
        if (rooms === 'all' || rooms.includes(deps.room)) this.#restart()
      }),
    ]
  }

  /** Oldest first. */
  get messages(): Message[] {
    return this.#transcript.messages
  }

  /** Whether there may be older messages than those here. */
  get more(): boolean {
    return this.#more
  }

  /** Reads the newest messages. */
  latest(limit = 50): Promise<void> {
    return this.#read({ limit })
  }

  /** Reads the messages before the oldest one here. */
  earlier(limit = 50): Promise<void> {
    const before = this.messages[0]?.n
    return this.#read({ limit, ...(before !== undefined && { before }) })
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop()
    this.#beginning += 1
  }

  async #read(range: { limit: number; before?: number }): Promise<void> {
    this.#readings += 1
    const beginning = this.#beginning
    try {
      const { items, more_before } = await this.#deps.call('messages.list', { room: this.#deps.room, ...range })
      if (beginning !== this.#beginning) return
      this.#more = more_before
      const changed = this.#see(items)
      // An event about a message that was not known yet may be newer than its answer. Twice applied is once applied.
      for (const event of this.#meanwhile) changed.push(...this.#transcript.apply(event).changed)
      if (changed.length > 0) this.#deps.changed()
    } finally {
      this.#readings -= 1
      if (this.#readings === 0) this.#meanwhile = []
    }
  }

  #fetch(message: string): void {
    const beginning = this.#beginning
    this.#deps.call('messages.get', { room: this.#deps.room, message }).then(
      (view) => {
        if (beginning === this.#beginning && this.#see([view]).length > 0) this.#deps.changed()
      },
      // Not to be had any more, or not now: the next reading of the history has it.
      () => undefined,
    )
  }

  #see(messages: readonly Message[]): Message[] {
    return this.#transcript.see(messages.filter(({ n }) => n > this.#floor))
  }

  /** Events were left out: what is here, or was read before, may be old, or gone. */
  #restart(): void {
    this.#beginning += 1
    this.#meanwhile = []
    this.#transcript.clear()
    this.#more = true
    this.latest().catch(() => undefined)
    this.#deps.changed()
  }
}
