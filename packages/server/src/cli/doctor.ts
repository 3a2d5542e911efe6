import { accessSync, constants, existsSync, mkdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from './command.ts'
import type { Config } from '../config.ts'
import { withOperator } from './operator.ts'

type Finding = { level: 'ok' | 'warning' | 'fault'; text: string }

const minFreeBytes = 512 * 1024 * 1024

/** Looks at everything that usually goes wrong; the exit code is 1 if a fault was found. */
export const doctor: Command = async ({ config, log }) => {
  const findings = [...directory(config), ...secrets(config), ...exposure(config), ...(await database({ config, log }))]
  const marks = { ok: 'ok      ', warning: 'warning ', fault: 'FAULT   ' }
  for (const { level, text } of findings) console.log(marks[level] + text)
  return findings.some(({ level }) => level === 'fault') ? 1 : 0
}

function directory({ dataDir }: Config): Finding[] {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    accessSync(dataDir, constants.W_OK)
  } catch {
    return [{ level: 'fault', text: `DATA_DIR ${dataDir} cannot be written` }]
  }
  const { bavail, bsize } = statfsSync(dataDir)
  const free = Math.round((bavail * bsize) / 1024 / 1024)
  const found: Finding[] = [
    { level: bavail * bsize < minFreeBytes ? 'warning' : 'ok', text: `DATA_DIR ${dataDir} is writable, ${free} MiB free` },
  ]
  if ((statSync(dataDir).mode & 0o077) !== 0)
    found.push({ level: 'warning', text: `other users of this machine can look into ${dataDir}; chmod 700 it` })
  return found
}

function secrets({ dataDir, secretKey }: Config): Finding[] {
  const path = join(dataDir, 'secret')
  if (secretKey !== null) return [{ level: 'ok', text: 'keys come from SECRET_KEY' }]
  if (!existsSync(path)) return [{ level: 'ok', text: 'keys are made at the first start' }]
  if ((statSync(path).mode & 0o077) !== 0) return [{ level: 'fault', text: `other users of this machine can read ${path}; chmod 600 it` }]
  return [{ level: readFileSync(path).length < 32 ? 'fault' : 'ok', text: `keys come from ${path}` }]
}

function exposure(config: Config): Finding[] {
  const found: Finding[] = []
  const warn = (text: string) => found.push({ level: 'warning', text })
  if (!config.rateLimit) warn('RATE_LIMIT is off: fit for benchmarks only')
  if (config.redisUrl !== null) warn('REDIS_URL is set but not used by this version')
  if (config.publicUrl?.startsWith('http:') === true && !/\/\/(localhost|127\.)/.test(config.publicUrl))
    warn('PUBLIC_URL is not https: passwords and tokens travel in the clear')
  if (config.publicUrl?.startsWith('https:') === true && config.trustedProxies.length === 0)
    warn('PUBLIC_URL is https but TRUSTED_PROXIES is empty: behind a proxy all people count as one address in the limits of signing in')
  return found
}

async function database(context: { config: Config; log: Parameters<Command>[0]['log'] }): Promise<Finding[]> {
  try {
    await withOperator(context, (ask) => ask({ health: true }))
    return [{ level: 'ok', text: `the database (${context.config.database.engine}) answers` }]
  } catch (error) {
    return [{ level: 'fault', text: `the database does not answer: ${error instanceof Error ? error.message : String(error)}` }]
  }
}
