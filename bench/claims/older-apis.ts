import { count, median } from '../statistics.ts'
import { startParlance } from '../targets/parlance.ts'
import { native, older, type Speech } from '../targets/speech.ts'
import { grid } from '../world.ts'
import { alternate, type Claim, loadRun, saturation } from './claim.ts'

const goal = 0.8
/** What the original servers deliver on two cores, each of them about the same. */
const originals = 4500

const throughApi = (speech: Speech): Claim => ({
  name: speech.name,
  sentence: `The same room through the API of ${speech.name}`,
  async measure(bench) {
    const world = grid(1, 200)
    await using ours = await startParlance({ world, dir: bench.dir, speech: native(true) })
    await using theirs = await startParlance({ world, dir: bench.dir, speech })
    const [natives = [], olders = []] = await alternate(
      bench.runs,
      [ours, theirs].map((contender) => async (number) => {
        const load = await loadRun(bench, contender, { window: 1, senders: 10, seconds: bench.seconds, warmup: 1 })
        bench.progress(`run ${number}/${bench.runs} ${contender.name}: ${count(load.deliveries_per_s)} deliveries/s`)
        return load
      }),
    )
    const rates = [olders, natives].map((loads) => loads.map((load) => load.deliveries_per_s))
    const [figure, anchor] = [median(rates[0] ?? []), median(rates[1] ?? [])]
    const ratio = figure / anchor
    return {
      figure: `${count(figure)} deliveries/s`,
      anchor: `the native protocol ${count(anchor)} deliveries/s`,
      ratio,
      goal: `at least ${goal}`,
      met: ratio >= goal,
      notes: [
        `${(figure / originals).toFixed(0)} times what the original server delivered on two cores, about ${count(originals)}/s`,
        ...saturation(olders, theirs.name),
        ...saturation(natives, ours.name),
      ],
      samples: { [`${speech.name} deliveries/s`]: rates[0] ?? [], 'native deliveries/s': rates[1] ?? [] },
    }
  },
})

/** One claim for each older API: what is said in a room is encoded for it once, whoever listens. */
export const olderApis: Claim[] = older.map(throughApi)
