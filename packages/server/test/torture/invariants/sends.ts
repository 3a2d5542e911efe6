import type { Entry, Invoke, Ok, Refused, Unknown } from '../history.ts'

/** One try of a send on one connection; `place` orders all tries of a history. */
export type Attempt = { invoke: Invoke; place: number; result: Ok | Refused | Unknown | null }

/** One message somebody wanted to send: its tries in order. */
export type Send = { room: string; sender: string; cid: string; body: string; attempts: Attempt[] }

/** By (room, sender, cid). */
export type Sends = ReadonlyMap<string, Send>

export const sendKey = (room: string, sender: string, cid: string): string => `${room} ${sender} ${cid}`

/** Answers belong to the oldest try of the same cid on the same connection that has none yet. */
export function readSends(entries: readonly Entry[]): Sends {
  const sends = new Map<string, Send>()
  for (const [place, entry] of entries.entries()) {
    if (entry.kind === 'invoke') {
      const key = sendKey(entry.room, entry.user, entry.cid)
      const send = sends.get(key) ?? { room: entry.room, sender: entry.user, cid: entry.cid, body: entry.body, attempts: [] }
      send.attempts.push({ invoke: entry, place, result: null })
      sends.set(key, send)
    } else if (entry.kind === 'ok' || entry.kind === 'refused' || entry.kind === 'unknown') {
      const attempts = sends.get(sendKey(entry.room, entry.user, entry.cid))?.attempts ?? []
      const open = attempts.find((attempt) => attempt.result === null && attempt.invoke.conn === entry.conn)
      if (open !== undefined) open.result = entry
    }
  }
  return sends
}

/** The answers that say it is written. */
export const acksOf = (send: Send): Ok[] => send.attempts.flatMap(({ result }) => (result?.kind === 'ok' ? [result] : []))

/** The try that is known to have written it: its answer says so, or the second one found what only the first can have written. */
export function writingAttempt({ attempts }: Send): Attempt | null {
  const [first = null, second] = attempts
  const told = attempts.find(({ result }) => result?.kind === 'ok' && !result.dup)
  if (told !== undefined) return told
  return first?.result?.kind !== 'ok' && second?.result?.kind === 'ok' ? first : null
}

/** Whether some try may have written it: one was acknowledged, has no answer or was left in doubt. */
export const mayBeWritten = (send: Send): boolean => send.attempts.some(({ result }) => result === null || result.kind !== 'refused')
