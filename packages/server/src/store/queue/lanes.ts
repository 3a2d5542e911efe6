import type { Verdict } from '../store.ts'
import type { SendEntry } from './entries.ts'

type Lane = { waiting: SendEntry[] /** The attempt under way; another one in its place voids it. */; judging: { entry: SendEntry } | null }

export type Judged = { ready: (entry: SendEntry, verdict: Verdict) => void; refused: (entry: SendEntry, refusal: unknown) => void }

/**
 * Has sends judged, those of one lane one after the other in the order of their calls. A verdict given at once on an idle lane passes
 * through without a wait.
 */
export class Lanes {
  readonly #lanes = new WeakMap<object, Lane>()
  readonly #judged: Judged

  constructor(judged: Judged) {
    this.#judged = judged
  }

  add(entry: SendEntry): void {
    const lane = this.#laneOf(entry.request.lane)
    lane.waiting.push(entry)
    this.#pump(lane)
  }

  /** Takes sends of one lane back, in their order, to be judged again before everything of the lane that was not written yet. */
  back(key: object | null, entries: readonly SendEntry[]): void {
    const lane = this.#laneOf(key)
    // What is being judged was called later than these: its verdict, when it comes, is void.
    const interrupted = lane.judging === null ? [] : [lane.judging.entry]
    lane.judging = null
    lane.waiting = [...entries, ...interrupted, ...lane.waiting]
    this.#pump(lane)
  }

  #laneOf(key: object | null): Lane {
    if (key === null) return { waiting: [], judging: null }
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, (lane = { waiting: [], judging: null }))
    return lane
  }

  #pump(lane: Lane): void {
    while (lane.judging === null) {
      const entry = lane.waiting.shift()
      if (entry === undefined) return
      this.#judge(lane, entry)
    }
  }

  #judge(lane: Lane, entry: SendEntry): void {
    let verdict: Verdict | Promise<Verdict>
    try {
      verdict = entry.request.judge(entry.rounds > 0)
    } catch (refusal) {
      this.#judged.refused(entry, refusal)
      return
    }
    if (!(verdict instanceof Promise)) {
      this.#judged.ready(entry, verdict)
      return
    }
    const attempt = { entry }
    lane.judging = attempt
    const end = (tell: () => void) => {
      if (lane.judging !== attempt) return
      lane.judging = null
      tell()
      this.#pump(lane)
    }
    verdict.then(
      (given) => end(() => this.#judged.ready(entry, given)),
      (refusal: unknown) => end(() => this.#judged.refused(entry, refusal)),
    )
  }
}
