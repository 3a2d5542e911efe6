import type { Passing } from '../store/writes.ts'
import type { Deps } from './deps.ts'

/** Taken away in one transaction: whoever writes meanwhile waits for one of them at most. */
const rows = 200
const dayMs = 86_400_000

/**
 * Takes away what was over so many days ago, a bounded batch at a time, until nothing is left or it is told to stop. Several nodes may do it
 * at once.
 */
export async function sweepPassing(
  { store, clock, log }: Pick<Deps, 'store' | 'clock' | 'log'>,
  keptDays: Record<Passing, number>,
  stopped?: AbortSignal,
): Promise<void> {
  for (const [what, days] of Object.entries(keptDays) as [Passing, number][]) {
    let swept = 0
    for (let done = false; !done && stopped?.aborted !== true; ) {
      const step = await store.queue.write('passing.sweep', { what, before: clock.now() - days * dayMs, rows })
      swept += step.rows
      done = step.done
    }
    if (swept > 0) log.info('what was over is swept', { what, rows: swept })
  }
}
