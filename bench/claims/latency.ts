import { type Contender, startBarePublish } from '../contender.ts'
import type { Load } from '../generator.ts'
import { median, milliseconds } from '../statistics.ts'
import { startParlance } from '../targets/parlance.ts'
import { native } from '../targets/speech.ts'
import { grid } from '../world.ts'
import { alternate, type Bench, type Claim, loadRun } from './claim.ts'

const members = 10
const rate = 2000
const goal = 15

const worst = (loads: Load[]) => median(loads.map((load) => load.latency_ms.p99))
const usual = (loads: Load[]) => median(loads.map((load) => load.latency_ms.p50))

function measureOne(bench: Bench, contender: Contender) {
  return async (run: number) => {
    const load = await loadRun(bench, contender, { rate, senders: 200, seconds: bench.seconds, warmup: 1 })
    if (load.delivered !== load.sent * members) {
      throw new Error(`${contender.name} delivered ${load.delivered} of ${load.sent * members} messages`)
    }
    const { p50, p99, max } = load.latency_ms
    bench.progress(
      `run ${run}/${bench.runs} ${contender.name}: p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}, longest ${milliseconds(max)}`,
    )
    return load
  }
}

export const latency: Claim = {
  name: 'latency',
  sentence: 'Send to receipt at 2,000 messages/s into 200 rooms of 10, on an idle machine',
  async measure(bench) {
    const world = grid(200, members)
    await using parlance = await startParlance({ world, dir: bench.dir, speech: native(true) })
    await using bare = await startBarePublish(world, bench.dir)
    const [ours = [], theirs = []] = await alternate(bench.runs, [measureOne(bench, parlance), measureOne(bench, bare)])
    const [figure, anchor] = [worst(ours), worst(theirs)]
    return {
      figure: `p50 ${milliseconds(usual(ours))}, p99 ${milliseconds(figure)}`,
      anchor: `bare publish p50 ${milliseconds(usual(theirs))}, p99 ${milliseconds(anchor)}`,
      ratio: figure / anchor,
      goal: `p99 under ${goal} ms`,
      met: figure < goal,
      notes: [],
      samples: {
        'parlance p50 ms': ours.map((load) => load.latency_ms.p50),
        'parlance p99 ms': ours.map((load) => load.latency_ms.p99),
        'bare publish p50 ms': theirs.map((load) => load.latency_ms.p50),
        'bare publish p99 ms': theirs.map((load) => load.latency_ms.p99),
      },
    }
  },
}
