import { ChatError } from '@parlance/protocol'
import type { Directory, RestCall } from './dialect.ts'

/** How long one request waits for its sender's budget in all: the originals have none, and their clients do not know what to do with a 429. */
const patienceMs = 5000

/** Does the work anew as often as the sender's budget refuses it. Rejects with `rate_limited` where that would take longer than what is `left`. */
async function insist<T>(call: RestCall, patience: { left: number }, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'rate_limited') throw error
      const { retryMs = 1000 } = error
      if (retryMs > patience.left) throw error
      patience.left -= retryMs
      await call.wait(retryMs)
    }
  }
}

/** The same request, slowed where its sender's budget is spent. Rejects with `rate_limited` only what would have to wait longer. */
export function slowed(call: RestCall): RestCall {
  const patience = { left: patienceMs }
  const waiting = <T>(work: () => Promise<T>): Promise<T> => insist(call, patience, work)
  const { directory } = call
  const slow: Directory = {
    people: (...asked) => waiting(() => directory.people(...asked)),
    rooms: (...asked) => waiting(() => directory.rooms(...asked)),
    members: (...asked) => waiting(() => directory.members(...asked)),
    messages: (...asked) => waiting(() => directory.messages(...asked)),
    roomOfTwo: (...asked) => waiting(() => directory.roomOfTwo(...asked)),
    present: (...asked) => waiting(() => directory.present(...asked)),
    direct: (...asked) => waiting(() => directory.direct(...asked)),
    roomOfMessage: (...asked) => waiting(() => directory.roomOfMessage(...asked)),
  }
  return {
    ...call,
    directory: slow,
    call: (actor, name, input) => waiting(() => call.call(actor, name, input)),
    sendTo: (...asked) => waiting(() => call.sendTo(...asked)),
  }
}

/** A long list may cost more than its reader's budget holds at once: then it comes as slowly as the budget grows. */
export const patiently = <T>(call: RestCall, work: () => Promise<T>): Promise<T> => insist(call, { left: Number.POSITIVE_INFINITY }, work)
