import { ChatError, type Policy, type RoomKind } from '@parlance/protocol'
import type { Person, RoomKey } from '../../live/bus.ts'
import { type Action, type Position, refusal } from '../../rules/permissions.ts'
import type { MemberRow, RoomRow } from '../../store/rows.ts'
import type { Term } from '../../store/store.ts'
import { keyOf } from '../views.ts'

/** What of a room changes only together with its `acl`, and its unchanging names. */
export type RoomFacts = {
  key: RoomKey
  kind: RoomKind
  policy: Policy
  acl: number
  large: boolean
  /** Slow mode (ms), null without. */
  slowMs: number | null
  /** Messages with a higher `n` are visible to every present member. */
  sharedAfter: number
  /** The members, where they are two. */
  pair: readonly Person[] | null
}

/** A person's place in a room as of an `acl`; `confirmedAt` is when it was last read (monotonic ms). */
export type Standing = Position & {
  room: RoomFacts
  confirmedAt: number /** What is left of a mute (ms), null where it ends only when lifted. */
  muteLeft: number | null
}

export type Bounds = { rooms: number; standings: number }

type Entry = { facts: RoomFacts; standings: Map<number, Standing> }

/**
 * Remembered standings, true as long as the room's acl stands. Whoever acts on one states its acl to the store, which refuses an older
 * one under the lock; so a grant may come from here, a refusal never.
 */
export class Standings {
  readonly #bounds: Bounds
  // In the order of last use, the room untouched for longest first.
  readonly #rooms = new Map<string, Entry>()
  #count = 0

  constructor(bounds: Bounds = { rooms: 20_000, standings: 200_000 }) {
    this.#bounds = bounds
  }

  get(room: string, user: number): Standing | undefined {
    const entry = this.#rooms.get(room)
    const standing = entry?.standings.get(user)
    if (entry === undefined || standing === undefined) return undefined
    this.#rooms.delete(room)
    this.#rooms.set(room, entry)
    return standing
  }

  /** Takes in what was just read. An answer older than what is known is used by its reader and not kept. */
  put(user: number, read: Read & { pair?: RoomFacts['pair']; at: number; now: number }): Standing {
    const entry = this.#entry(read)
    const facts = entry?.facts ?? factsOf(read)
    const muteLeft = typeof read.mute?.until !== 'number' ? null : read.mute.until - read.now
    const standing = { ...positionOf(read, read.now), room: facts, confirmedAt: read.at, muteLeft }
    if (entry === undefined) return standing
    if (!entry.standings.has(user)) this.#count += 1
    entry.standings.set(user, standing)
    this.#evict()
    return standing
  }

  forget(room: string): void {
    const entry = this.#rooms.get(room)
    if (entry === undefined) return
    this.#count -= entry.standings.size
    this.#rooms.delete(room)
  }

  /** What is known of the room as it is in this row. */
  facts(row: RoomRow): RoomFacts | undefined {
    const known = this.#rooms.get(row.id)?.facts
    return known?.acl === row.acl ? known : undefined
  }

  #entry(read: { room: RoomRow; pair?: RoomFacts['pair'] }): Entry | undefined {
    const row = read.room
    const known = this.#rooms.get(row.id)
    if (known !== undefined && known.facts.acl > row.acl) return undefined
    if (known?.facts.acl === row.acl) return known
    this.forget(row.id)
    const entry = { facts: factsOf(read), standings: new Map<number, Standing>() }
    this.#rooms.set(row.id, entry)
    return entry
  }

  #evict(): void {
    for (const room of this.#rooms.keys()) {
      if (this.#rooms.size <= this.#bounds.rooms && this.#count <= this.#bounds.standings) return
      this.forget(room)
    }
  }
}

type Read = { room: RoomRow; member: MemberRow | undefined; ban?: Term | undefined; mute?: Term | undefined }

const lasts = (term: Term | undefined, now: number): boolean => term !== undefined && (term.until === null || term.until > now)

/** Where somebody stands in a room as it was read; `now` tells which terms have ended (ms since 1970). */
export const positionOf = ({ room, member, ban, mute }: Read, now: number): Position => ({
  kind: room.kind,
  policy: room.policy,
  role: member?.role ?? null,
  deleted: room.deleted_at !== null,
  archived: room.archived_at !== null,
  banned: lasts(ban, now),
  muted: lasts(mute, now),
})

/** Why somebody may not, as it is told; null if they may. */
export function refusalOf(standing: Standing, action: Action): ChatError | null {
  const code = refusal(standing, action)
  if (code === null) return null
  return new ChatError(code, code === 'muted' && standing.muteLeft !== null ? { retry_ms: standing.muteLeft } : {})
}

/** Throws unless somebody may. */
export function demand(standing: Standing, action: Action): void {
  const refused = refusalOf(standing, action)
  if (refused !== null) throw refused
}

function factsOf({ room, pair = null }: { room: RoomRow; pair?: RoomFacts['pair'] }): RoomFacts {
  const { kind, policy, acl, large, shared_n, slow_mode_s } = room
  const slowMs = slow_mode_s === 0 ? null : slow_mode_s * 1000
  return { key: keyOf(room), kind, policy, acl, large, slowMs, sharedAfter: policy.history === 'open' ? 0 : shared_n, pair }
}
