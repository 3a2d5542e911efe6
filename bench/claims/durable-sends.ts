import { join } from 'node:path'
import { count, median } from '../statistics.ts'
import { root } from '../target-process.ts'
import { startParlance } from '../targets/parlance.ts'
import { native } from '../targets/speech.ts'
import { grid } from '../world.ts'
import { alternate, type Bench, type Claim, loadRun } from './claim.ts'

const rooms = 100
/** Unanswered sends of each of the 100 senders: twice what one batch takes, so that the next one is always full. */
const inFlight = 10
const goal = 0.5

/** What the loop says: see targets/group-commit-loop.ts. */
type Loop = { sends_per_s: number; batch: number }

async function runLoop({ dir, seconds }: Bench): Promise<Loop> {
  const script = join(root, 'bench/targets/group-commit-loop.ts')
  const command = [process.execPath, script, dir, String(rooms), String(seconds)]
  const loop = Bun.spawn(command, { stdout: 'pipe', stderr: 'inherit' })
  const answer = await new Response(loop.stdout).text()
  if ((await loop.exited) !== 0) throw new Error('the bare group-commit loop failed')
  return JSON.parse(answer) as Loop
}

export const durableSends: Claim = {
  name: 'durable-sends',
  sentence: `Sends acknowledged over ${rooms} sockets, one room each, ${inFlight} unanswered each; every one is on disk before its acknowledgement`,
  async measure(bench) {
    await using parlance = await startParlance({ world: grid(rooms, 1), dir: bench.dir, speech: native(true) })
    const [ours = [], theirs = []] = await alternate<number>(bench.runs, [
      async (run) => {
        const load = await loadRun(bench, parlance, { acks: inFlight, senders: rooms, seconds: bench.seconds, warmup: 1 })
        bench.progress(`run ${run}/${bench.runs} Parlance: ${count(load.acks_per_s)} acknowledged sends/s`)
        return load.acks_per_s
      },
      async (run) => {
        const { sends_per_s, batch } = await runLoop(bench)
        bench.progress(`run ${run}/${bench.runs} bare loop: ${count(sends_per_s)} sends/s in batches of ${batch}`)
        return sends_per_s
      },
    ])
    const [figure, anchor] = [median(ours), median(theirs)]
    const ratio = figure / anchor
    return {
      figure: `${count(figure)} sends/s`,
      anchor: `bare group-commit loop ${count(anchor)} sends/s`,
      ratio,
      goal: `at least ${goal} times`,
      met: ratio >= goal,
      notes: [],
      samples: { 'parlance sends/s': ours, 'bare loop sends/s': theirs },
    }
  },
}
