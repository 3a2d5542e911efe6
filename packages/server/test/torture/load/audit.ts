import type { Rest } from '../../harness/rest.ts'
import { type Logged, loggedOf, type RoomTruth, type Truth, type View, viewOf } from '../history.ts'
import type { Person } from './client.ts'

/** Reads rooms from their first event to their last through the published API, as a member of all of them. */
export async function readTruth(rest: Rest, reader: Person, rooms: readonly string[]): Promise<Truth> {
  const truth = new Map<string, RoomTruth>()
  for (const room of rooms) {
    const { kind, policy, seq, n } = await rest.call('rooms.get', { room }, { token: reader.token })
    const events = await readLog(rest, reader, room)
    const messages = await readHistory(rest, reader, room)
    truth.set(room, { room, kind, history: policy.history, events, messages, head: { seq, n } })
  }
  return truth
}

async function readLog(rest: Rest, { token }: Person, room: string): Promise<Logged[]> {
  const events: Logged[] = []
  for (let after = 0; ; ) {
    const page = await rest.call('rooms.events', { room, after }, { token })
    events.push(...page.events.map(loggedOf))
    if (page.upto <= after) return events
    after = page.upto
  }
}

async function readHistory(rest: Rest, { token }: Person, room: string): Promise<View[]> {
  const messages: View[] = []
  for (let after = 0; ; ) {
    const page = await rest.call('messages.list', { room, after, limit: 200 }, { token })
    messages.push(...page.items.map(viewOf))
    after = page.items.at(-1)?.n ?? after
    if (!page.more_after) return messages
  }
}
