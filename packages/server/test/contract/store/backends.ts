import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/base/clock.ts'
import { createIds, printId } from '../../../src/base/ids.ts'
import { createLogger } from '../../../src/base/log.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import { systemRandom } from '../../../src/base/random.ts'
import type { StoreDeps } from '../../../src/store/assemble.ts'
import { openPostgres } from '../../../src/store/drivers/postgres.ts'
import { openSqlite } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/store.ts'
import { postgres } from '../../harness/postgres.ts'

/** A database that can be opened, closed and opened again. Disposing throws it away; whoever opened a store closes it first. */
export type TestDatabase = AsyncDisposable & { open(): Promise<Store> }

export type Backend = { name: string; database(): Promise<TestDatabase> }

const ids = createIds({ clock: systemClock, random: systemRandom })
export const newId = (): string => printId(ids.next())

/** What stores of these tests are opened with. Expected failures are part of them, so only `log` can tell. */
export function storeDeps(change: Partial<StoreDeps> = {}): StoreDeps {
  return {
    clock: systemClock,
    newId,
    metrics: createMetrics(),
    log: createLogger({ level: 'error', format: 'json', write: () => {}, now: systemClock.now }),
    fatal: (error) => {
      throw new Error('the store gave up', { cause: error })
    },
    ...change,
  }
}

export function temporaryFile(): Disposable & { path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'parlance-store-'))
  return { path: join(directory, 'test.db'), [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
}

const embedded: Backend = {
  name: 'SQLite',
  database() {
    const file = temporaryFile()
    return Promise.resolve({
      open: () => openSqlite(file.path, storeDeps()),
      [Symbol.asyncDispose]: () => Promise.resolve(file[Symbol.dispose]()),
    })
  },
}

const remote: Backend = {
  name: 'PostgreSQL',
  async database() {
    const server = await postgres()
    if (server === null) throw new Error('there is no PostgreSQL here')
    const url = await server.createDatabase()
    return { open: () => openPostgres(url, storeDeps()), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  },
}

/** The engines this machine has. The one that is missing was named by the harness in a loud line, or is an error in CI. */
export async function backends(): Promise<Backend[]> {
  return (await postgres()) === null ? [embedded] : [embedded, remote]
}
