import { limits, type Room } from '@parlance/protocol'
import type { Actor, RestAnswer, RestCall } from '../dialect.ts'
import { arrayOf } from '../histories.ts'
import { patiently } from '../patience.ts'
import { printRooms } from './printed.ts'
import { byName, type Printed } from './shapes.ts'

/** The original sends every room in one array; so many of them are. */
const listLength = 10_000

/** Rooms listed to anyone; to the signed-in also those listed to users, and their own. By name. */
export async function listRooms(call: RestCall, reader: Actor | null): Promise<RestAnswer> {
  const own = reader === null ? [] : await ownRooms(call, reader)
  const first = await call.call(reader, 'rooms.index', { limit: limits.index_max })
  const start = { items: await printRooms(call, reader, first.items), next: first.next }
  const pages = merged(own, pagesFrom(call, reader, start))
  if (first.next !== null) return { status: 200, pieces: arrayOf(pages) }
  return { status: 200, body: (await Array.fromAsync(pages)).flat() }
}

type Page = { items: Printed[]; next: string | null }

async function* pagesFrom(call: RestCall, reader: Actor | null, start: Page): AsyncGenerator<Printed[]> {
  let left = listLength - start.items.length
  yield start.items
  for (let cursor = start.next; cursor !== null && left > 0; ) {
    const asked = { limit: Math.min(limits.index_max, left), cursor }
    const page = await patiently(call, () => call.call(reader, 'rooms.index', asked))
    yield await patiently(call, () => printRooms(call, reader, page.items))
    left -= page.items.length
    cursor = page.next
  }
}

/** Two lists, each in order, as one. */
async function* merged(own: readonly Printed[], pages: AsyncIterable<Printed[]>): AsyncGenerator<Printed[]> {
  let waiting = own
  for await (const page of pages) {
    const last = page.at(-1)
    const before = last === undefined ? [] : waiting.filter((room) => byName(room, last) < 0)
    waiting = waiting.slice(before.length)
    yield [...page, ...before].toSorted(byName)
  }
  yield [...waiting]
}

/** Rooms of one's own that are listed to members only, by name. */
async function ownRooms(call: RestCall, reader: Actor): Promise<Printed[]> {
  const rooms: Room[] = []
  let cursor: string | null | undefined
  do {
    const asked = { limit: limits.page_max, ...(cursor !== undefined && { cursor }) }
    const page = await patiently(call, () => call.call(reader, 'rooms.list', asked))
    for (const { room } of page.items) if (room.kind !== 'public' || room.policy.listed === 'members') rooms.push(room)
    cursor = page.next
  } while (cursor !== null && rooms.length < listLength)
  return (await printRooms(call, reader, rooms)).toSorted(byName)
}
