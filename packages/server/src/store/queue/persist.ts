import { ChatError } from '@parlance/protocol'
import { type Clock, sleep } from '../../base/clock.ts'
import type { Driver, Intent, Outcome } from '../drivers/driver.ts'
import { overloaded } from './bounds.ts'

/** What became of an intent: what the driver says, or why it was not written. */
export type Result = Outcome | { kind: 'refused'; error: ChatError }

type Deps = { driver: Driver; clock: Clock; fatal: (error: unknown) => void }

/** How long a batch is tried again before its senders are told to. */
const patienceMs = 5_000
const firstPauseMs = 20
const longestPauseMs = 500

/** Writes a batch whatever happens: on a definite error it is halved until the guilty intent stands alone, and only that one fails. */
export const persist = (deps: Deps, batch: readonly Intent[]): Promise<Result[]> => attempt({ ...deps, lost: false }, batch)

/** `lost`: the answer to an earlier run was lost, so that whatever fails from here on may have been written by it. */
type Attempt = Deps & { lost: boolean }

async function attempt(run: Attempt, batch: readonly Intent[]): Promise<Result[]> {
  try {
    return await commitPatiently(run, batch)
  } catch (error) {
    if (error instanceof ChatError) return batch.map(() => ({ kind: 'refused', error }))
    if (batch.length === 1) return [run.lost ? { kind: 'refused', error: unknown(error) } : { kind: 'failed', error }]
    const middle = Math.ceil(batch.length / 2)
    const first = await attempt(run, batch.slice(0, middle))
    return [...first, ...(await attemptBehind(run, batch.slice(middle), staleLanes(batch, first)))]
  }
}

const unknown = (cause: unknown): ChatError => new ChatError('unknown_outcome', { cause })

/** The second half must not overtake what came back stale in the first. */
async function attemptBehind(run: Attempt, batch: readonly Intent[], lanes: ReadonlySet<object>): Promise<Result[]> {
  const held = (intent: Intent) => intent.kind === 'send' && intent.lane !== null && lanes.has(intent.lane)
  const free = batch.filter((intent) => !held(intent))
  const results = free.length === 0 ? [] : await attempt(run, free)
  let next = 0
  const stale: Result = { kind: 'send', outcome: { status: 'stale' } }
  return batch.map((intent) => (held(intent) ? stale : (results[next++] ?? missing())))
}

function staleLanes(batch: readonly Intent[], results: readonly Result[]): Set<object> {
  const lanes = new Set<object>()
  for (const [i, intent] of batch.entries()) {
    if (intent.kind === 'send' && intent.lane !== null && isStale(results[i])) lanes.add(intent.lane)
  }
  return lanes
}

export const isStale = (result: Result | undefined): boolean => result?.kind === 'send' && result.outcome.status === 'stale'

/** One transaction for the batch. Throws a ChatError that holds for all of it, or the definite error that one of it is guilty of. */
async function commitPatiently(run: Attempt, batch: readonly Intent[]): Promise<Outcome[]> {
  const { driver, clock } = run
  const deadline = clock.monotonic() + patienceMs
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      const outcomes = await driver.commit(batch)
      if (outcomes.length !== batch.length) missing()
      return outcomes
    } catch (error) {
      const failure = driver.classify(error)
      if (failure === 'definite') throw error
      if (failure === 'full') throw new ChatError(run.lost ? 'unknown_outcome' : 'storage_full', { cause: error, retry_ms: 5_000 })
      run.lost ||= failure === 'lost' || failure === 'fatal'
      if (failure === 'fatal') run.fatal(error)
      // A send or a read run again finds what its first run wrote. A rarer write would meet itself and answer for somebody else's deed.
      const repeatable = failure === 'again' || (failure === 'lost' && batch.every(({ kind }) => kind !== 'write'))
      if (!repeatable || clock.monotonic() + pause > deadline) {
        throw run.lost ? unknown(error) : overloaded('The database is busy.')
      }
      await sleep(clock, pause)
    }
  }
}

function missing(): never {
  throw new Error('the driver answered with another number of outcomes than intents')
}
