import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../../src/base/log.ts'
import { boot, type Running, readConfig } from '../../src/main.ts'
import { cheapHashes } from './hashes.ts'
import { postgres } from './postgres.ts'
import { searchLog } from './secrets.ts'

export type TestServer = AsyncDisposable & {
  url: string
  ws: string
  running: Running
  dataDir: string /** Everything the server logged. */
  lines: string[]
}

export type TestServerOptions = {
  /** Settings by their environment names. */
  env?: Record<string, string>
  limits?: Parameters<typeof readConfig>[2]
  dataDir?: string
}

/** A whole server in this process, on a free port and a data directory of its own; gone when disposed. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  if (options.dataDir !== undefined) return await startIn(options.dataDir, options)
  const directory = mkdtempSync(join(tmpdir(), 'parlance-test-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  try {
    const server = await startIn(directory, options)
    return {
      ...server,
      async [Symbol.asyncDispose]() {
        try {
          await server[Symbol.asyncDispose]()
        } finally {
          remove()
        }
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

async function startIn(directory: string, { env = {}, limits = {} }: TestServerOptions): Promise<TestServer> {
  const config = readConfig({ PORT: '0', HOST: '127.0.0.1', DATA_DIR: directory, RATE_LIMIT: 'off', ...env }, [], {
    drainMs: 1000,
    hashCost: cheapHashes,
    ...limits,
  })
  const lines: string[] = []
  const log = createLogger({ level: 'debug', format: 'json', write: (line) => lines.push(line), now: () => Date.now() })
  const running = await boot(config, log)
  return {
    url: running.url,
    ws: `${running.url.replace('http', 'ws')}/ws`,
    running,
    dataDir: directory,
    lines,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      // So the whole suite is one search for secrets in logs.
      searchLog(lines)
    },
  }
}

export type Backend = { name: string; env: () => Promise<Record<string, string>> }

/** The databases that end-to-end tests run on: the embedded one always, PostgreSQL where there is one. */
export async function backends(): Promise<Backend[]> {
  const found: Backend[] = [{ name: 'sqlite', env: () => Promise.resolve({}) }]
  const cluster = await postgres()
  if (cluster !== null) found.push({ name: 'postgres', env: async () => ({ DATABASE_URL: await cluster.createDatabase() }) })
  return found
}
