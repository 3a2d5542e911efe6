// The thread that writes. It does one thing after the other, as it is asked; `sqlite-thread.ts` is the other side.
import { parentPort, workerData } from 'node:worker_threads'
import { SqliteDriver } from './sqlite.ts'
import { classify } from './sqlite-errors.ts'
import { type Answer, type Ask, cloneError, packOutcomes, unpackIntents } from './sqlite-thread-wire.ts'

const { path } = workerData as { path: string }
const migrations: string[] = []
let driver: SqliteDriver | undefined

async function answer(ask: Ask): Promise<Answer> {
  switch (ask.ask) {
    case 'migrate':
      driver ??= new SqliteDriver(path, { migrated: (migration) => migrations.push(migration) })
      return { answer: 'migrated', epoch: await driver.migrate(ask.fresh), migrations }
    case 'commit':
      if (driver === undefined) throw new Error('commit before migrate')
      return { answer: 'committed', outcomes: packOutcomes(await driver.commit(unpackIntents(ask.batch)), classify) }
    case 'close':
      await driver?.close()
      return { answer: 'closed' }
  }
}

parentPort?.on('message', (ask: Ask) => {
  answer(ask).then(
    (said) => parentPort?.postMessage(said),
    (error: unknown) => parentPort?.postMessage({ answer: 'failed', error: cloneError(error, classify) } satisfies Answer),
  )
})
