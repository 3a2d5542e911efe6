import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepApart } from './cores.ts'

/** The checkout. */
export const root = join(import.meta.dir, '..')

type Start = { command: string[]; port: number; env?: Record<string, string>; log: string }

/** A server under measurement, in a process of its own. */
export class TargetProcess {
  static readonly #running = new Set<Bun.Subprocess>()
  readonly port: number
  readonly #process: Bun.Subprocess

  private constructor(process: Bun.Subprocess, port: number) {
    this.#process = process
    this.port = port
    TargetProcess.#running.add(process)
  }

  /** Ends whatever still runs, because the measurement was broken off. SIGTERM, as a launcher can pass that on. */
  static killAll() {
    for (const process of TargetProcess.#running) process.kill('SIGTERM')
  }

  /** Starts it and waits until it listens. What it prints goes to the file `log`. */
  static async start({ command, port, env = {}, log }: Start): Promise<TargetProcess> {
    const output = openSync(log, 'a')
    const child = Bun.spawn(command, {
      cwd: root,
      env: cleanEnvironment({ ...env, PORT: String(port) }),
      stdin: 'ignore',
      stdout: output,
      stderr: output,
    })
    closeSync(output)
    const target = new TargetProcess(child, port)
    const deadline = performance.now() + 30_000
    while (!(await accepts(port))) {
      if (child.exitCode !== null || performance.now() > deadline) {
        await target[Symbol.asyncDispose]()
        throw new Error(`${command.join(' ').slice(0, 200)} does not listen:\n${(await Bun.file(log).text()).slice(-2000)}`)
      }
      await Bun.sleep(2)
    }
    keepApart(target.pid)
    return target
  }

  get pid() {
    return this.#process.pid
  }

  /**
   * Resident memory in bytes, once its low has stood (within 0.5 %) for 15 seconds: a collector that sees an idle process takes its time,
   * and what it has not collected yet is not what a connection costs.
   */
  async settledMemory(): Promise<number> {
    const readings = [this.#memory()]
    let low = readings[0] ?? 0
    for (let quiet = 0; quiet < 30 && readings.length < 240; quiet++) {
      await Bun.sleep(500)
      const memory = this.#memory()
      readings.push(memory)
      if (memory < low * 0.995) quiet = 0
      low = Math.min(low, memory)
    }
    return Math.min(...readings.slice(-30))
  }

  #memory(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) * 1024
  }

  async [Symbol.asyncDispose]() {
    this.#process.kill('SIGTERM')
    const gone = await Promise.race([this.#process.exited.then(() => true), Bun.sleep(15_000).then(() => false)])
    if (!gone) this.#process.kill('SIGKILL')
    await this.#process.exited
    TargetProcess.#running.delete(this.#process)
  }
}

/** Nothing of the caller's environment may choose another database or switch something off. */
function cleanEnvironment(own: Record<string, string>): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...own }
}

export function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

async function accepts(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } })
    socket.end()
    return true
  } catch {
    return false
  }
}
