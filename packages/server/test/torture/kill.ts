import { parseArgs } from 'node:util'
import { campaign } from './campaign.ts'
import { describe } from './checker.ts'
import { seeded } from './random.ts'
import { checkout } from './server-process.ts'

/** After so many kills a new world begins: a history must fit into memory, and a database of one minute is as good as one of ten. */
const killsPerCampaign = 20

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, seed: { type: 'string' }, root: { type: 'string', default: checkout } },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)
console.log(`kill test: ${values.kills} kills, seed ${seed} (repeat with --seed ${seed})`)

const random = seeded(seed)
let passed = 0
let failed = 0
for (let left = Number(values.kills); left > 0; left -= killsPerCampaign) {
  const result = await campaign({ root: values.root, random, kills: Math.min(left, killsPerCampaign), print: console.log })
  const { kills, violations, faults, acked, events, entries } = result
  console.log(`checked ${entries} notes of 51 clients against ${events} events of 10 rooms: ${acked} acknowledged sends`)
  console.log(
    [...describe(violations), ...faults.slice(0, 20).map((fault) => `  FAULT: ${fault}`)].join('\n') ||
      '  nothing lost, doubled, missing or out of order',
  )
  if (violations.length + faults.length === 0) passed += kills.length
  else failed += kills.length
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
