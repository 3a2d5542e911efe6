import type { Kysely } from 'kysely'
import type { Driver, Failure, Intent, Outcome } from '../../src/store/drivers/driver.ts'
import type { Tables } from '../../src/store/schema.ts'

/** How a commit goes wrong: with which failure, and whether it was written all the same. */
export type Fault = { failure: Failure; written?: boolean }

class FaultError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(`a planned failure: ${failure}`)
    this.failure = failure
  }
}

/** A real driver whose commits fail as planned, one fault a commit; `always` lasts. Keeps what it was asked to write. */
export class FaultyDriver implements Driver {
  readonly #inner: Driver
  readonly batches: (readonly Intent[])[] = []
  readonly faults: Fault[] = []
  always: Fault | undefined
  /** Happens once, while a commit is under way. */
  meanwhile: (() => void) | undefined

  constructor(inner: Driver) {
    this.#inner = inner
  }

  get engine(): Driver['engine'] {
    return this.#inner.engine
  }

  get read(): Kysely<Tables> {
    return this.#inner.read
  }

  get writesBeside(): number {
    return this.#inner.writesBeside
  }

  async commit(batch: readonly Intent[]): Promise<Outcome[]> {
    this.batches.push(batch)
    const { meanwhile } = this
    this.meanwhile = undefined
    meanwhile?.()
    const fault = this.always ?? this.faults.shift()
    if (fault === undefined) return await this.#inner.commit(batch)
    if (fault.written === true) await this.#inner.commit(batch)
    throw new FaultError(fault.failure)
  }

  classify(error: unknown): Failure {
    return error instanceof FaultError ? error.failure : this.#inner.classify(error)
  }

  migrate(fresh: string): Promise<string> {
    return this.#inner.migrate(fresh)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
