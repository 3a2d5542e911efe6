import type { Logger } from './base/log.ts'
import { boot, type Running } from './boot.ts'
import { type Config, ConfigError, type Environment, readConfig } from './config.ts'

export { boot, type Config, ConfigError, type Environment, readConfig, type Running }

/** Runs a server until the process is told to end; the answer is the exit code. A second signal ends it at once. */
export async function serve(config: Config, log: Logger): Promise<number> {
  const ended = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
  const running = await boot(config, log)
  log.info('listening', { url: running.url, engine: running.house.store.engine, data: config.dataDir })
  const signal = await ended
  log.info('draining', { signal })
  for (const again of ['SIGTERM', 'SIGINT'] as const) process.once(again, () => process.exit(1))
  await running[Symbol.asyncDispose]()
  log.info('stopped')
  return 0
}
