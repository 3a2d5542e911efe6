import { limits, type Message } from '@parlance/protocol'
import type { Actor, RestAnswer, RestCall } from './dialect.ts'
import { patiently } from './patience.ts'

/** The originals send whole histories in one array; so much of one is sent, the newest. */
const historyLength = 10_000

/** `print` turns a page into the entries of the array; those it leaves out are not there. */
export type HistoryAsked = {
  call: RestCall
  actor: Actor
  room: string
  print: (messages: readonly Message[]) => object[] | Promise<object[]>
}

/** Everything one may read of a room as one array, oldest first. Rejects like `messages.list`. */
export async function wholeHistory(asked: HistoryAsked): Promise<RestAnswer> {
  const { call, actor, room, print } = asked
  const newest = await call.call(actor, 'messages.list', { room, limit: limits.history_max })
  if (!newest.more_before) return { status: 200, body: await print(standing(newest.items)) }
  return { status: 200, pieces: arrayOf(entriesUpto(asked, newest.items)) }
}

const standing = (messages: readonly Message[]): Message[] => messages.filter(({ deleted_at }) => deleted_at === undefined)

/** The page given and what comes before it, oldest first. */
async function* entriesUpto(asked: HistoryAsked, newest: readonly Message[]): AsyncGenerator<object[]> {
  const { call, actor, room } = asked
  const print = (messages: readonly Message[]) => patiently(call, () => Promise.resolve(asked.print(standing(messages))))
  const end = newest[0]?.n ?? 0
  let after = Math.max(0, (newest.at(-1)?.n ?? 0) - historyLength)
  while (after < end - 1) {
    const { items } = await patiently(call, () => call.call(actor, 'messages.list', { room, after, limit: limits.history_max }))
    const last = items.at(-1)
    if (last === undefined) break
    after = last.n
    yield await print(items.filter(({ n }) => n < end))
  }
  yield await print(newest)
}

/** Pages of entries as the pieces of one array. */
export async function* arrayOf(pages: AsyncIterable<readonly object[]>): AsyncGenerator<string> {
  let before = '['
  for await (const entries of pages) {
    if (entries.length === 0) continue
    yield before + entries.map((entry) => JSON.stringify(entry)).join(',')
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}
