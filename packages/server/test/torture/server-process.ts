import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRest } from '../harness/rest.ts'
import { secretsIn } from '../harness/secrets.ts'

/** The checkout. */
export const checkout = join(import.meta.dir, '../../../..')

export type ServerPlace = {
  /** Where the sources are: the checkout, or a copy of it. */
  root: string
  dataDir: string
  port: number
  env?: Record<string, string>
  /** Put before the command, to watch the server from outside. */
  wrapper?: string[]
}

/** The server as anyone starts it, in a process of its own. What it prints goes to `<dataDir>.log`. */
export class ServerProcess implements AsyncDisposable {
  readonly place: ServerPlace
  readonly startedAt = performance.now()
  readonly #child: Bun.Subprocess

  constructor(place: ServerPlace) {
    this.place = place
    const output = openSync(logOf(place), 'a')
    const { root, dataDir, port, env = {}, wrapper = [] } = place
    this.#child = Bun.spawn([...wrapper, process.execPath, join(root, 'packages/server/src/cli.ts'), 'serve'], {
      cwd: root,
      env: { ...kept(), HOST: '127.0.0.1', PORT: String(port), DATA_DIR: dataDir, RATE_LIMIT: 'off', ...env },
      stdin: 'ignore',
      stdout: output,
      stderr: output,
    })
    closeSync(output)
  }

  get pid(): number {
    return this.#child.pid
  }

  get exited(): Promise<number> {
    return this.#child.exited
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Settles when it answers requests; throws with its last words where it ended instead. */
  async ready(): Promise<void> {
    const rest = createRest(`http://127.0.0.1:${this.place.port}`)
    const deadline = performance.now() + 30_000
    for (;;) {
      if (!this.isAlive) throw new Error(`the server ended with ${this.#child.exitCode}:\n${readLog(this.place).slice(-2_000)}`)
      try {
        if ((await rest.raw('GET', '/readyz')).ok) return
      } catch (error) {
        if (performance.now() > deadline) throw error
      }
      await Bun.sleep(3)
    }
  }

  /** Has another process kill it after so long, so that nothing in this one decides the moment. Settles when it is gone. */
  async killLater(ms: number): Promise<void> {
    Bun.spawn(['sh', '-c', `sleep ${(ms / 1000).toFixed(3)}; kill -9 ${this.pid}`], { stdio: ['ignore', 'ignore', 'ignore'] })
    await this.#child.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    const gone = await Promise.race([this.#child.exited.then(() => true), Bun.sleep(15_000).then(() => false)])
    if (!gone) this.#child.kill('SIGKILL')
    await this.#child.exited
  }
}

/** Runs a command of the same program on the same data. Throws with what it said where it fails. */
export async function runCommand({ root, dataDir, env = {} }: ServerPlace, args: string[]): Promise<void> {
  const command = Bun.spawn([process.execPath, join(root, 'packages/server/src/cli.ts'), ...args], {
    cwd: root,
    env: { ...kept(), DATA_DIR: dataDir, ...env },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const [said, code] = await Promise.all([new Response(command.stderr).text(), command.exited])
  if (code !== 0) throw new Error(`${args.slice(0, 2).join(' ')} ended with ${code}: ${said}`)
}

const logOf = ({ dataDir }: ServerPlace): string => `${dataDir}.log`

export const readLog = (place: ServerPlace): string => readFileSync(logOf(place), 'utf8')

/** What the server said of its own failures: lines of level error, and what the runtime prints of uncaught ones. */
export function complaintsIn(log: string): string[] {
  const lines = log.split('\n')
  const shown = secretsIn(lines).map((secret) => `a secret stands in the log: ${secret}`)
  const complaints = lines.filter((line) => {
    if (line.trim() === '') return false
    try {
      const { level } = JSON.parse(line) as { level?: unknown }
      return level === 'error' || level === undefined
    } catch {
      // The server logs JSON where nobody looks on; anything else was not written by its logger.
      return true
    }
  })
  return [...shown, ...complaints]
}

/** Nothing of the caller's environment may choose another database or switch something off. */
function kept(): Record<string, string> {
  return Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => (Bun.env[name] === undefined ? [] : [[name, Bun.env[name]]])),
  )
}

export function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}
