import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { median, milliseconds } from '../statistics.ts'
import { freePort, root, TargetProcess } from '../target-process.ts'
import { alternate, type Claim } from './claim.ts'

const goal = 2000

/** From the start of the launcher that `npm start` runs until the port answers. */
async function timeToListening(data: string): Promise<number> {
  const command = ['node', join(root, 'bin/parlance.mjs'), 'serve']
  const env = { HOST: '127.0.0.1', DATA_DIR: data, RATE_LIMIT: 'off' }
  const started = performance.now()
  await using _server = await TargetProcess.start({ command, port: freePort(), env, log: `${data}.log` })
  return performance.now() - started
}

export const startup: Claim = {
  name: 'startup',
  sentence: 'From the start of the process to listening, the first time (keys and database are made) and later',
  async measure(bench) {
    let data = ''
    const say = (what: string, run: number, time: number) => {
      bench.progress(`run ${run}/${bench.runs} ${what}: ${milliseconds(time)}`)
      return time
    }
    const [first = [], later = []] = await alternate(bench.runs, [
      async (run) => {
        data = mkdtempSync(join(bench.dir, 'startup-'))
        return say('first start', run, await timeToListening(data))
      },
      async (run) => say('next start', run, await timeToListening(data)),
    ])
    const [figure, next] = [median(first), median(later)]
    return {
      figure: `first ${milliseconds(figure)}, next ${milliseconds(next)}`,
      anchor: '-',
      ratio: null,
      goal: `under ${milliseconds(goal)}`,
      met: Math.max(figure, next) < goal,
      notes: [],
      samples: { 'first start ms': first, 'next start ms': later },
    }
  },
}
