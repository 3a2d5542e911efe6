import type { Evidence } from './evidence.ts'
import { acksOf, type Attempt, type Send, sendKey, writingAttempt } from './sends.ts'

/** If A was acknowledged before B was sent, A stands before B. */
export function* realTimeOrder({ sends, truth }: Evidence): Generator<string> {
  for (const { room, events } of truth.values()) {
    /** The earliest acknowledgement among the messages behind the one looked at, going backwards. */
    let earliest: { at: number; seq: number; cid: string } | null = null
    for (let i = events.length - 1; i >= 0; i -= 1) {
      const view = events[i]?.type === 'message.created' ? events[i]?.view : null
      const send = view?.cid ? sends.get(sendKey(room, view.sender, view.cid)) : undefined
      if (!view || send === undefined) continue
      const begun = send.attempts[0]?.invoke.at ?? 0
      if (earliest !== null && earliest.at < begun) {
        const first = `cid ${earliest.cid} was acknowledged at ${earliest.at.toFixed(2)} ms with seq ${earliest.seq}`
        yield `${first}; cid ${send.cid}, sent only at ${begun.toFixed(2)} ms, stands before it at seq ${view.seq} of room ${room}`
      }
      const acked = Math.min(...acksOf(send).map(({ at }) => at))
      if (acked < (earliest?.at ?? Number.POSITIVE_INFINITY)) earliest = { at: acked, seq: view.seq, cid: send.cid }
    }
  }
}

/**
 * Writes of one connection keep their order: what it wrote stands behind everything it tried before in that room. An earlier try that was
 * refused is no write.
 */
export function* orderOfConnection({ sends, truth }: Evidence): Generator<string> {
  const rows = rowsBySend(truth)
  for (const [name, tries] of triesByConnection(sends)) {
    let highest: { seq: number; cid: string } | null = null
    for (const { send, attempt } of tries) {
      const seq = rows.get(sendKey(send.room, send.sender, send.cid))
      if (seq === undefined || attempt.result?.kind === 'refused') continue
      if (highest !== null && seq < highest.seq && writingAttempt(send) === attempt) {
        yield `${name} sent cid ${highest.cid} before cid ${send.cid}, which stands before it: seq ${highest.seq} and ${seq}`
      }
      if (seq > (highest?.seq ?? 0)) highest = { seq, cid: send.cid }
    }
  }
}

function rowsBySend(truth: Evidence['truth']): Map<string, number> {
  const rows = new Map<string, number>()
  for (const { room, events } of truth.values()) {
    for (const { type, view } of events) {
      if (type === 'message.created' && view?.cid) rows.set(sendKey(room, view.sender, view.cid), view.seq)
    }
  }
  return rows
}

/** The tries of each connection in each room, in the order in which they were made. */
function triesByConnection(sends: Evidence['sends']): Map<string, { send: Send; attempt: Attempt }[]> {
  const byConnection = new Map<string, { send: Send; attempt: Attempt }[]>()
  for (const send of sends.values()) {
    for (const attempt of send.attempts) {
      const name = `${attempt.invoke.conn} in room ${send.room}`
      const tries = byConnection.get(name)
      if (tries === undefined) byConnection.set(name, [{ send, attempt }])
      else tries.push({ send, attempt })
    }
  }
  for (const tries of byConnection.values()) tries.sort((a, b) => a.attempt.place - b.attempt.place)
  return byConnection
}
