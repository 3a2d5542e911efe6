import { isDeepStrictEqual } from 'node:util'
import type { Difference, Kinds } from './recording.ts'

export type Found = { at: string; recorded: unknown; ours: unknown }

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** Ways to write a moment; which of them is used is part of what is compared. */
const times: [mask: string, pattern: RegExp][] = [
  ['<iso time>', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/],
  ['<iso time with an offset>', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d$/],
  ['<iso time of no zone>', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/],
  ['<time with a space>', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d$/],
]
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * Compares what was recorded with what came, by value. What must differ from run to run is masked by its class and compared by identity:
 * where the recording has the same id or time twice, so must we; where it has two ids, they must be two.
 */
export class Comparison {
  compared = 0
  masked = 0
  /** Of the step that is compared. */
  kinds: Kinds = {}
  readonly #ids: ReadonlySet<string>
  /** Of each id and time of the recording, ours; and back. */
  readonly #ours = new Map<string, string>()
  readonly #recorded = new Map<string, string>()

  constructor(ids: readonly string[]) {
    this.#ids = new Set(ids)
  }

  /** Text for a request: ids of the recording become those they stand for now. */
  translate(text: string): string {
    return text.replaceAll(uuid, (id) => this.#ours.get(`id ${id}`) ?? id)
  }

  /** Every difference below `at`. Elements of lists that only one side has, where that is listed, are taken out first, and reported. */
  compare(recorded: unknown, ours: unknown, listed: readonly Difference[]): Found[] {
    const there = { rest: structuredClone(recorded), only: [] as Found[] }
    const here = { rest: structuredClone(ours), only: [] as Found[] }
    // From the back, so that an element taken out does not move those yet to be found.
    for (const one of listed.toReversed()) {
      if (one.ours === undefined) this.#takeOut(one, one.recorded, there)
      else if (one.recorded === undefined) this.#takeOut(one, one.ours, here)
    }
    return [...there.only, ...here.only, ...this.#values(there.rest, here.rest, { at: '', key: '' })]
  }

  #takeOut({ at, recorded, ours }: Difference, expected: unknown, side: { rest: unknown; only: Found[] }): void {
    const keys = at.split('/').slice(1)
    const last = keys.pop() ?? ''
    const list = keys.reduce(part, side.rest)
    if (!Array.isArray(list) || !isDeepStrictEqual(this.mask(list[Number(last)]), expected)) return
    list.splice(Number(last), 1)
    side.only.push({ at, recorded, ours })
  }

  #values(recorded: unknown, ours: unknown, place: { at: string; key: string }): Found[] {
    if (isMap(recorded) && isMap(ours)) {
      const keys = [...new Set([...Object.keys(recorded), ...Object.keys(ours)])]
      return keys.flatMap((key) => this.#values(recorded[key], ours[key], { at: `${place.at}/${key}`, key }))
    }
    if (Array.isArray(recorded) && Array.isArray(ours)) {
      const length = Math.max(recorded.length, ours.length)
      return Array.from({ length }, (_, i) => this.#values(recorded[i], ours[i], { at: `${place.at}/${i}`, key: place.key })).flat()
    }
    return this.#leaf(recorded, ours, place)
  }

  #leaf(recorded: unknown, ours: unknown, { at, key }: { at: string; key: string }): Found[] {
    const difference = { at, recorded: this.mask(recorded, key), ours: this.mask(ours, key) }
    const known = this.#class(recorded, key)
    if (known === null) {
      this.compared++
      const expected = typeof recorded === 'string' ? this.translate(recorded) : recorded
      return isDeepStrictEqual(expected, ours) ? [] : [difference]
    }
    this.masked++
    const found = this.#class(ours, key)
    const unlike = known === found && typeof recorded === typeof ours ? [] : [difference]
    if (!isAkin(known, found) || this.#isSame(this.#kind(known, key), recorded, ours)) return unlike
    return [...unlike, { at, recorded: `${known}: ${String(recorded)}`, ours: `another ${found}: ${String(ours)}` }]
  }

  /** Whether this pair agrees with the pairs before. Two times may coincide, two ids may not. */
  #isSame(kind: string, recorded: unknown, ours: unknown): boolean {
    if (kind === 'token') return true
    const [there, here] = [String(recorded), String(ours)]
    const expected = entry(this.#ours, `${kind} ${there}`, here)
    return expected === here && (kind === 'time' || entry(this.#recorded, `${kind} ${here}`, there) === there)
  }

  #kind(known: string, key: string): string {
    if (known === '<token>') return 'token'
    return known === '<id>' ? (this.kinds[key] ?? 'id') : 'time'
  }

  #class(value: unknown, key: string): string | null {
    if (this.#ids.has(key) && (typeof value === 'number' || typeof value === 'string')) return '<id>'
    if (typeof value !== 'string') return null
    if (value === '<JWT>' || jwt.test(value)) return '<token>'
    if (new RegExp(`^${uuid.source}$`).test(value)) return '<id>'
    return times.find(([, pattern]) => pattern.test(value))?.[0] ?? null
  }

  /** A value with everything replaced by its mask that has one. */
  mask(value: unknown, key = ''): unknown {
    if (Array.isArray(value)) return value.map((item) => this.mask(item, key))
    if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.mask(inner, name)]))
    return this.#class(value, key) ?? value
  }
}

/** What the map has under the key; the value given where it had nothing. */
function entry(map: Map<string, string>, key: string, value: string): string {
  const known = map.get(key)
  if (known === undefined) map.set(key, value)
  return known ?? value
}

/** Times remain times however they are written. */
const isAkin = (known: string, found: string | null): boolean =>
  known === found || (known.includes('time') && found?.includes('time') === true)

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const part = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined

/** Whether a difference found in a step is the one that is listed. */
export function isListed({ step, at, recorded, ours }: Difference, title: string, found: Found): boolean {
  if (step !== undefined && step !== title) return false
  const pattern = new RegExp(`^${at.replaceAll('*', '[^/]+')}$`)
  return pattern.test(found.at) && isDeepStrictEqual(recorded, found.recorded) && isDeepStrictEqual(ours, found.ours)
}
