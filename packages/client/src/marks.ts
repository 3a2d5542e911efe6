import type { RoomMark } from './client-events.ts'

type Mark = { n: number; read: number | null }

/** Heads and read markers of rooms as they are heard. Both only rise, so the order in which they are heard does not matter. */
export class Marks {
  readonly #marks = new Map<string, Mark>()
  readonly #changed: (mark: RoomMark) => void

  constructor(changed: (mark: RoomMark) => void) {
    this.#changed = changed
  }

  get(room: string): RoomMark {
    const { n, read } = this.#marks.get(room) ?? { n: 0, read: null }
    return { room, n, read, unread: read === null ? 0 : Math.max(0, n - read) }
  }

  get all(): RoomMark[] {
    return [...this.#marks.keys()].map((room) => this.get(room))
  }

  head(room: string, n: number, read: number | null = null): void {
    this.#rise(room, n, read)
  }

  /** A sender has read what they wrote. The first message heard of in a room that was just joined stands behind everything older. */
  message(room: string, n: number, mine: boolean): void {
    const known = this.#marks.get(room)?.read ?? null
    this.#rise(room, n, mine ? n : (known ?? n - 1))
  }

  read(room: string, read: number): void {
    this.#rise(room, 0, read)
  }

  /** Messages up to `n` have disappeared, and with them what was unread of them. */
  floor(room: string, n: number): void {
    if ((this.#marks.get(room)?.read ?? null) !== null) this.#rise(room, n, n)
  }

  drop(room: string): void {
    this.#marks.delete(room)
  }

  clear(): void {
    this.#marks.clear()
  }

  #rise(room: string, n: number, read: number | null): void {
    const old = this.#marks.get(room)
    const marker = read === null ? (old?.read ?? null) : Math.max(read, old?.read ?? 0)
    const next = { n: Math.max(n, old?.n ?? 0), read: marker }
    if (old !== undefined && old.n === next.n && old.read === next.read) return
    this.#marks.set(room, next)
    this.#changed(this.get(room))
  }
}
