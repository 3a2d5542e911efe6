import { readFileSync } from 'node:fs'

const expand = (list: string) =>
  list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })

/** Null where there are fewer than two processors for this process, or no taskset to pin with. */
function allowedCores(): number[] | null {
  if (process.platform !== 'linux' || !Bun.which('taskset')) return null
  const allowed = expand(/^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '')
  return allowed.length < 2 ? null : allowed
}

/** The core the generator stays on, so that it is never moved in mid-measurement: the second one this process may use. */
export const findGeneratorCore = (): number | null => allowedCores()?.[1] ?? null

/**
 * Keeps the main thread of a server off the generator's core; its other threads go where they like. Over loopback the kernel wakes a
 * server on the core of the generator that wrote to it, and then both take turns on one core while the other one idles: bare publish, which
 * has nothing to wait for, came to 85,000 deliveries/s so and to 143,000 apart. Clients that are on other machines do no such thing.
 */
export function keepApart(pid: number): void {
  const cores = allowedCores()
  if (cores === null) return
  const others = cores.filter((_, index) => index !== 1).join(',')
  Bun.spawnSync(['taskset', '--pid', '--cpu-list', others, String(pid)], { stdout: 'ignore' })
}

/** The command line that starts a program on that core. */
export const pinned = (command: string[], core: number | null) => (core === null ? command : ['taskset', '-c', String(core), ...command])
