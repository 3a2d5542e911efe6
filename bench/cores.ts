import { readFileSync } from 'node:fs'

const expand = (list: string) =>
  list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })

/**
 * The core the generator stays on, so that it is never moved in mid-measurement; servers run on whatever they find, as they do where they
 * are installed. The second processor this process may use. Null where there are fewer than two, or no taskset to pin with.
 */
export function findGeneratorCore(): number | null {
  if (process.platform !== 'linux' || !Bun.which('taskset')) return null
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return expand(allowed)[1] ?? null
}

/** The command line that starts a program on that core. */
export const pinned = (command: string[], core: number | null) => (core === null ? command : ['taskset', '-c', String(core), ...command])
