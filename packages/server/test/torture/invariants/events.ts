import type { Logged, Truth } from '../history.ts'

/** The event of a room at a position: where it must be in a gapless log, else wherever it is. */
export function eventAt(truth: Truth, room: string, seq: number): Logged | undefined {
  const events = truth.get(room)?.events
  const direct = events?.[seq - (events[0]?.seq ?? 0)]
  return direct?.seq === seq ? direct : events?.find((event) => event.seq === seq)
}

export const printed = ({ room, seq, type, view }: Logged): string =>
  `${type} at seq ${seq} of room ${room}${view === null ? '' : ` (n ${view.n}, cid ${view.cid}, ${JSON.stringify(view.body.slice(0, 60))})`}`
