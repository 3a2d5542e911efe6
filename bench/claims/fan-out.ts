import { type Contender, startSocketIo } from '../contender.ts'
import { count, median } from '../statistics.ts'
import { startParlance } from '../targets/parlance.ts'
import { native } from '../targets/speech.ts'
import type { World } from '../world.ts'
import { alternate, type Bench, loadRun, saturation, type Verdict } from './claim.ts'

type FanOut = { world: World; senders: number; goal: number }

/** Deliveries per second with one message of each sender in flight, against Socket.IO. */
export async function compareFanOut(bench: Bench, { world, senders, goal }: FanOut): Promise<Verdict> {
  await using parlance = await startParlance({ world, dir: bench.dir, speech: native(true) })
  await using socketIo = await startSocketIo(world, bench.dir)
  const run = (contender: Contender) => async (number: number) => {
    const load = await loadRun(bench, contender, { window: 1, senders, seconds: bench.seconds, warmup: 1 })
    bench.progress(`run ${number}/${bench.runs} ${contender.name}: ${count(load.deliveries_per_s)} deliveries/s`)
    return load
  }
  const [ours = [], theirs = []] = await alternate(bench.runs, [run(parlance), run(socketIo)])
  const rates = [ours, theirs].map((loads) => loads.map((load) => load.deliveries_per_s))
  const [figure, anchor] = [median(rates[0] ?? []), median(rates[1] ?? [])]
  const ratio = figure / anchor
  return {
    figure: `${count(figure)} deliveries/s`,
    anchor: `Socket.IO ${count(anchor)} deliveries/s`,
    ratio,
    goal: `at least ${goal} times`,
    met: ratio >= goal,
    notes: [...saturation(ours, parlance.name), ...saturation(theirs, socketIo.name)],
    samples: { 'parlance deliveries/s': rates[0] ?? [], 'socket.io deliveries/s': rates[1] ?? [] },
  }
}
