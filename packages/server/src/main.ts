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
  if (config.tls !== null) process.on('SIGHUP', () => renew(running, log))
  const signal = await ended
  log.info('draining', { signal })
  for (const again of ['SIGTERM', 'SIGINT'] as const) process.once(again, () => process.exit(1))
  await running[Symbol.asyncDispose]()
  log.info('stopped')
  return 0
}

/** A certificate that cannot be used is no reason to stop: the one in use goes on. */
function renew(running: Running, log: Logger): void {
  try {
    running.renewCertificate()
    log.info('a new certificate is in use')
  } catch (error) {
    log.error('the new certificate cannot be used; the former stays', { error })
  }
}
