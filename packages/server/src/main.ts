import { systemClock } from './base/clock.ts'
import type { Logger } from './base/log.ts'
import { boot, type Running } from './boot.ts'
import { type Config, ConfigError, type Environment, readConfig } from './config.ts'

export { boot, type Config, ConfigError, type Environment, readConfig, type Running }

/**
 * One wish to end may come by several ways at once: Ctrl-C in a terminal and the stop of a service reach this process and its launcher, which
 * hands the signal on. Only what comes later than this is a second one.
 */
const sameWishMs = 500

const lookEveryMs = 200

/**
 * Runs a server until the process is told to end; the answer is the exit code. A second signal ends it at once. `launcher`: the pid of the
 * process that waits for this one, if any.
 */
export async function serve(config: Config, log: Logger, launcher: number | null = null): Promise<number> {
  const ended = toldToEnd(log, launcher)
  const running = await boot(config, log)
  log.info('listening', { url: running.url, engine: running.house.store.engine, data: config.dataDir })
  if (config.tls !== null) process.on('SIGHUP', () => renew(running, log))
  const signal = await ended
  log.info('draining', { signal })
  await running[Symbol.asyncDispose]()
  log.info('stopped')
  return 0
}

/** By a signal, or by the end of the launcher that waits for us: whoever kills that one means the server, and would start it anew. */
function toldToEnd(log: Logger, launcher: number | null): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let first: number | undefined
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      first ??= systemClock.monotonic()
      if (systemClock.monotonic() - first > sameWishMs) process.exit(1)
      resolve(signal)
    })
  // Whose environment was handed down from somewhere else has another parent.
  if (process.ppid !== launcher) return promise
  const looking = systemClock.setInterval(() => {
    if (process.ppid === launcher) return
    looking.cancel()
    log.warn('the process that started this server is gone')
    resolve('SIGTERM')
  }, lookEveryMs)
  return promise
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
