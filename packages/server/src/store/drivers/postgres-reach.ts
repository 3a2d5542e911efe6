import { ChatError } from '@parlance/protocol'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { classify } from './postgres-errors.ts'

/** A database that comes and goes is told of so often at most. */
const tellEveryMs = 10_000

/** Whether the database answers, told to the log once when it stops and once when it does again: each request would be too often. */
export class Reach {
  readonly #clock: Clock
  readonly #log: Pick<Logger, 'info' | 'warn'> | undefined
  #since: number | null = null
  #told = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, log: Pick<Logger, 'info' | 'warn'> | undefined) {
    this.#clock = clock
    this.#log = log
  }

  /** No connection is to be had, or one is silent. */
  failed(error: unknown): void {
    const now = this.#clock.monotonic()
    if (this.#since !== null || now - this.#told < tellEveryMs) return
    this.#since = this.#told = now
    this.#log?.warn('the database does not answer', { error })
  }

  answered(): void {
    if (this.#since === null) return
    this.#log?.info('the database answers again', { ms: Math.round(this.#clock.monotonic() - this.#since) })
    this.#since = null
  }
}

const retryMs = 1_000

/** What a lone read rejects with: a database that is away for a while is no fault of ours, and the same request may succeed later. */
export function readRefused(error: unknown): unknown {
  const failure = classify(error)
  if (failure !== 'lost' && failure !== 'again') return error
  return new ChatError('overloaded', { detail: 'The database does not answer.', retry_ms: retryMs, cause: error })
}
