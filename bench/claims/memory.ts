import { type Contender, startBarePublish } from '../contender.ts'
import { count, kilobytes, median } from '../statistics.ts'
import { startParlance } from '../targets/parlance.ts'
import { native } from '../targets/speech.ts'
import { tenRoomsEach } from '../world.ts'
import { alternate, type Bench, type Claim } from './claim.ts'

const goal = 8 * 1024

type Levels = { few: number; many: number }

/** Bytes of resident memory that one connection more costs, from the slope between the two levels. */
async function slope(bench: Bench, contender: Contender, { few, many }: Levels): Promise<number> {
  const first = await bench.generator.hold(contender.script(0, few))
  const low = await contender.process.settledMemory()
  const second = await bench.generator.hold(contender.script(few, many))
  const high = await contender.process.settledMemory()
  await Promise.all([first.release(), second.release()])
  const bytes = (high - low) / (many - few)
  const levels = `${kilobytes(low)} at ${count(few)}, ${kilobytes(high)} at ${count(many)}`
  bench.progress(`${contender.name}: ${levels} connections, ${kilobytes(bytes)} each`)
  return bytes
}

export const memory: Claim = {
  name: 'memory',
  sentence: 'Resident memory of one idle connection, signed in as a user of its own and in 10 rooms',
  async measure(bench) {
    const levels = bench.quick ? { few: 1000, many: 4000 } : { few: 2000, many: 10_000 }
    const world = tenRoomsEach(levels.many)
    await using parlance = await startParlance({ world, dir: bench.dir, speech: native(false) })
    const [ours = [], theirs = []] = await alternate(bench.runs, [
      async () => {
        // A process that once held connections keeps some of their memory: each sample is taken from a fresh one.
        await parlance.restart()
        return await slope(bench, parlance, levels)
      },
      async () => {
        await using bare = await startBarePublish(world, bench.dir)
        return await slope(bench, bare, levels)
      },
    ])
    const [figure, anchor] = [median(ours), median(theirs)]
    return {
      figure: kilobytes(figure),
      anchor: `bare publish ${kilobytes(anchor)}`,
      ratio: figure / anchor,
      goal: `under ${kilobytes(goal)}`,
      met: figure < goal,
      notes: [
        `slope between ${count(levels.few)} and ${count(levels.many)} connections, each level settled`,
        // Some 8 MB of the heap are the collector's own whatever the number of connections, and the first 1,000 do not fill them.
        ...(bench.quick ? ['with so few connections the room the collector takes once is a third of the figure'] : []),
      ],
      samples: { 'parlance bytes': ours, 'bare publish bytes': theirs },
    }
  },
}
