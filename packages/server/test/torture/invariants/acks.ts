import type { View } from '../history.ts'
import type { Evidence } from './evidence.ts'
import { eventAt } from './events.ts'
import { acksOf, mayBeWritten, type Send, sendKey } from './sends.ts'

const told = ({ id, seq, n }: Pick<View, 'id' | 'seq' | 'n'>) => `message ${id} (seq ${seq}, n ${n})`
const named = ({ room, cid }: Send) => `cid ${cid} in room ${room}`

/** A message that was acknowledged stands in the log at the place the acknowledgement told. */
export function* acknowledgedIsInLog({ sends, truth }: Evidence): Generator<string> {
  for (const send of sends.values()) {
    const [ack] = acksOf(send)
    if (ack === undefined) continue
    const row = eventAt(truth, send.room, ack.view.seq)?.view ?? null
    if (row === null) yield `${named(send)} was acknowledged as ${told(ack.view)}; the log has no such message`
    else if (row.id !== ack.view.id || row.n !== ack.view.n || row.cid !== send.cid || row.sender !== send.sender) {
      yield `${named(send)} was acknowledged as ${told(ack.view)}; the log has ${told(row)} with cid ${row.cid} there`
    }
  }
}

/** Every answer about one cid names the same message; at most one of them is the first, and never one after another answer. */
export function* oneAnswerPerCid({ sends }: Evidence): Generator<string> {
  for (const send of sends.values()) {
    const acks = acksOf(send)
    const [first] = acks
    if (first === undefined) continue
    const other = acks.find(({ view }) => view.id !== first.view.id || view.seq !== first.view.seq || view.n !== first.view.n)
    if (other !== undefined) yield `${named(send)} was answered with ${told(first.view)} and with ${told(other.view)}`
    if (acks.slice(1).some((ack) => !ack.dup))
      yield `${named(send)} was answered ${acks.length} times, and later than first with dup: false`
    if (send.attempts[0]?.result === first && first.dup) yield `${named(send)} was sent for the first time and answered with dup: true`
  }
}

/** An error other than a doubt means that nothing was written by that request, and never will be. */
export function* refusedWroteNothing({ sends, truth }: Evidence): Generator<string> {
  const rows = new Set<string>()
  for (const { room, events } of truth.values()) {
    for (const { view } of events) if (view?.cid) rows.add(sendKey(room, view.sender, view.cid))
  }
  for (const [key, send] of sends) {
    if (rows.has(key) && !mayBeWritten(send)) yield `${named(send)} was refused (${codesOf(send)}), but stands in the log`
  }
}

const codesOf = (send: Send): string => send.attempts.map(({ result }) => (result?.kind === 'refused' ? result.code : '')).join(', ')

/** Nobody is left in doubt: every send has an answer in the end, on whichever connection. */
export function* everySendIsSettled({ sends }: Evidence): Generator<string> {
  for (const send of sends.values()) {
    const last = send.attempts.at(-1)?.result
    if (last === null || last === undefined || last.kind === 'unknown')
      yield `${named(send)} has no answer after ${send.attempts.length} tries`
  }
}
