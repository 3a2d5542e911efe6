import { readFileSync } from 'node:fs'

/** Which core the server runs on and which the generator. Null where there are fewer than two, or no taskset to pin with. */
export type Cores = { server: number; generator: number } | null

const expand = (list: string) =>
  list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })

/** The first two processors this process may use: in a container they need not be 0 and 1. */
export function findCores(): Cores {
  if (process.platform !== 'linux' || !Bun.which('taskset')) return null
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  const [server, generator] = expand(allowed)
  return server === undefined || generator === undefined ? null : { server, generator }
}

/** Moves a running process with all its threads: servers are set up on every core and measured on one. */
export function pin(pid: number, core: number | undefined) {
  if (core === undefined) return
  const moved = Bun.spawnSync(['taskset', '-a', '-c', '-p', String(core), String(pid)], { stdout: 'ignore', stderr: 'pipe' })
  if (moved.exitCode !== 0) throw new Error(`taskset could not pin ${pid}: ${moved.stderr.toString().trim()}`)
}

/** The command line that starts a program on that core. */
export const pinned = (command: string[], core: number | undefined) =>
  core === undefined ? command : ['taskset', '-c', String(core), ...command]
