import { parseArgs } from 'node:util'
import { campaign, type CampaignResult } from './campaign.ts'
import { describe, type InvariantName } from './checker.ts'
import { type Bug, bugs } from './planted/bugs.ts'
import { patchedCopy } from './planted/patch.ts'
import { seeded } from './random.ts'
import { checkout } from './server-process.ts'

/** Most bugs show at the first kill, or without any; the moment of the others is a matter of milliseconds, so they get more. */
const killsEach = 2
const triesEach = 6
const killsUnpatched = 5

const { values } = parseArgs({
  options: { seed: { type: 'string' }, only: { type: 'string', default: '' }, root: { type: 'string', default: checkout } },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)
console.log(`planted bugs: the kill test against patched copies of the sources, seed ${seed} (repeat with --seed ${seed})`)
const random = seeded(seed)

const torture = (root: string, kills: number): Promise<CampaignResult> => campaign({ root, random, kills, print: () => undefined })

/** Tortures a copy with the bug in it until a rule is found broken that must be; gives back all that were. */
async function hunt({ patches, caughtBy }: Bug): Promise<{ found: InvariantName[]; lines: string[]; kills: number }> {
  using copy = patchedCopy(values.root, patches)
  let kills = 0
  let lines: string[] = []
  for (let tries = 0; tries < triesEach; tries += 1) {
    kills += killsEach
    try {
      const { violations } = await torture(copy.root, killsEach)
      lines = describe(violations)
      const found = violations.map(({ invariant }) => invariant)
      if (found.some((name) => caughtBy.includes(name))) return { found, lines, kills }
    } catch (error) {
      // A server too ill to be tortured to the end proves nothing of the checker.
      lines = [`  the run ended early: ${String(error)}`]
    }
  }
  return { found: [], lines, kills }
}

let passed = 0
let failed = 0
const wanted = bugs.filter(({ name }) => name.includes(values.only))
for (const bug of wanted) {
  const { found, lines, kills } = await hunt(bug)
  if (found.length > 0) passed += 1
  else failed += 1
  console.log(found.length > 0 ? `caught: ${bug.name}, within ${kills} kills, by: ${found.join(', ')}` : `MISSED: ${bug.name}`)
  console.log(lines.slice(0, 2).join('\n').slice(0, 700))
}

{
  using copy = patchedCopy(values.root, [])
  const { kills, violations, faults, acked } = await torture(copy.root, killsUnpatched)
  const isClean = violations.length + faults.length === 0
  if (isClean) passed += 1
  else failed += 1
  console.log(`${isClean ? 'clean' : 'NOT CLEAN'}: the same copy without a bug, ${kills.length} kills, ${acked} acknowledged sends`)
  if (!isClean) console.log([...describe(violations), ...faults.slice(0, 10)].join('\n'))
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
