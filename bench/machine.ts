import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { median, milliseconds } from './statistics.ts'

/** What the figures were measured on, in a line each: no figure means anything without. */
export function describeMachine(dir: string, generatorCore: number | null): string[] {
  const all = cpus()
  const processor = `${all.length} × ${all[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`
  const pinning =
    generatorCore === null
      ? 'the generator is not pinned: taskset or a second core is missing'
      : `the generator stays on core ${generatorCore}, the main thread of a server off it, its other threads anywhere`
  return [
    `${processor}, ${process.platform} ${release()}, Bun ${Bun.version}`,
    `${pinning}; a write and fsync of 4 KB takes ${milliseconds(fsyncTime(dir))}`,
  ]
}

/** The median of 50: what a commit costs at least. */
function fsyncTime(dir: string): number {
  const file = openSync(join(dir, 'fsync'), 'w')
  const page = Buffer.alloc(4096, 1)
  const times = Array.from({ length: 50 }, () => {
    const before = performance.now()
    writeSync(file, page)
    fsyncSync(file)
    return performance.now() - before
  })
  closeSync(file)
  return median(times)
}
