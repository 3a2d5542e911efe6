import type { Truth } from '../history.ts'

/** One time a user was a member: from the seq of the join to the seq of the departure (Infinity while it lasts). */
export type StayBounds = { from: number; to: number }

export type Stays = { of(room: string, user: string): readonly StayBounds[] }

const none: readonly StayBounds[] = []

/** Memberships as the log itself tells them. */
export function readStays(truth: Truth): Stays {
  const stays = new Map<string, StayBounds[]>()
  for (const { room, events } of truth.values()) {
    for (const { type, subject, seq } of events) {
      if (subject === null) continue
      const key = `${room} ${subject}`
      const known = stays.get(key) ?? []
      if (type === 'member.joined') known.push({ from: seq, to: Number.POSITIVE_INFINITY })
      const last = known.at(-1)
      if (type === 'member.left' && last !== undefined) last.to = seq
      stays.set(key, known)
    }
  }
  return { of: (room, user) => stays.get(`${room} ${user}`) ?? none }
}

export const wasMember = (stays: readonly StayBounds[], seq: number): boolean => stays.some(({ from, to }) => from <= seq && seq <= to)
