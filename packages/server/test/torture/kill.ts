import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { postgres } from '../harness/postgres.ts'
import { campaign } from './campaign.ts'
import { describe, type Violation } from './checker.ts'
import { raceRemovals } from './races.ts'
import { type Random, seeded } from './random.ts'
import { checkout, freePort, ServerProcess } from './server-process.ts'

/** After so many kills a new world begins: a history must fit into memory, and a database of one minute is as good as one of ten. */
const killsPerCampaign = 20
const removals = 200

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string' },
    root: { type: 'string', default: checkout },
    engine: { type: 'string', default: 'sqlite' },
  },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)
console.log(`kill test on ${values.engine}: ${values.kills} kills, seed ${seed} (repeat with --seed ${seed})`)

let passed = 0
let failed = 0

function judge(count: number, { violations, faults }: { violations: Violation[]; faults: string[] }): void {
  const lines = [...describe(violations), ...faults.slice(0, 20).map((fault) => `  FAULT: ${fault}`)]
  console.log(lines.join('\n') || '  nothing lost, doubled, missing or out of order')
  if (lines.length === 0) passed += count
  else failed += count
}

async function environment(): Promise<Record<string, string>> {
  if (values.engine === 'sqlite') return {}
  const server = await postgres()
  if (server === null) throw new Error('no PostgreSQL on this machine')
  return { DATABASE_URL: await server.createDatabase() }
}

async function killing(random: Random): Promise<void> {
  for (let left = Number(values.kills); left > 0; left -= killsPerCampaign) {
    const kills = Math.min(left, killsPerCampaign)
    const env = await environment()
    const result = await campaign({ root: values.root, env, random, kills, print: console.log })
    const { acked, events, entries } = result
    console.log(`checked ${entries} notes of 51 clients against ${events} events of 10 rooms: ${acked} acknowledged sends`)
    judge(kills, result)
  }
}

async function racing(random: Random): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'parlance-races-'))
  try {
    const env = await environment()
    await using server = new ServerProcess({ root: values.root, dataDir: join(dir, 'data'), port: freePort(), env })
    await server.ready()
    const report = await raceRemovals(server.place.port, removals, random)
    console.log(
      `${report.races} members removed while everybody talked, ${report.contested} of them with a message right behind the removal`,
    )
    const missing = report.races === removals ? [] : [`only ${report.races} removals are in the log`]
    judge(removals, { ...report, faults: [...report.faults, ...missing] })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const random = seeded(seed)
try {
  await racing(random)
  await killing(random)
} catch (error) {
  failed += 1
  console.log(`  FAULT: the run ended early: ${String(error)}`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
