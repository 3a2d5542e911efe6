import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench, Claim } from './claims/claim.ts'
import { durableSends } from './claims/durable-sends.ts'
import { latency } from './claims/latency.ts'
import { manyRooms } from './claims/many-rooms.ts'
import { memory } from './claims/memory.ts'
import { olderApis } from './claims/older-apis.ts'
import { oneRoom } from './claims/one-room.ts'
import { startup } from './claims/startup.ts'
import { findGeneratorCore } from './cores.ts'
import { createGenerator } from './generator.ts'
import { describeMachine } from './machine.ts'
import { type Options, readOptions } from './options.ts'
import { TargetProcess } from './target-process.ts'
import { json, line, markdown, type Outcome } from './report.ts'

const claims: Claim[] = [oneRoom, manyRooms, ...olderApis, durableSends, latency, memory, startup]

// The table goes to standard output, everything on the way there to standard error.
const say = (text: string) => console.error(text)

async function measure(claim: Claim, bench: Bench): Promise<Outcome> {
  say(`\n${claim.name}: ${claim.sentence}`)
  let outcome: Outcome
  try {
    outcome = { claim, verdict: await claim.measure(bench) }
  } catch (error) {
    outcome = { claim, failure: error instanceof Error ? error.message : String(error) }
  }
  say(`  = ${line(outcome)}`)
  return outcome
}

async function bench(options: Options, chosen: Claim[], dir: string) {
  const core = findGeneratorCore()
  const heading = describeMachine(dir, core)
  const form = `median of ${options.runs}, ${options.seconds} s each${options.quick ? ' (quick form: not to be quoted)' : ''}`
  heading.push(`Parlance storing, ordering and acknowledging everything with FULL durability; ${form}`)
  for (const text of heading) say(text)
  const generator = createGenerator({ dir, core, warn: (text) => heading.push(text) && say(text) })
  const outcomes: Outcome[] = []
  for (const claim of chosen) {
    const { runs, seconds, quick } = options
    outcomes.push(await measure(claim, { runs, seconds, quick, dir, generator, progress: (text) => say(`  ${text}`) }))
  }
  console.log(options.json ? json(outcomes, heading) : `\n${markdown(outcomes, heading)}`)
  const failed = outcomes.some((outcome) => 'failure' in outcome)
  const missed = outcomes.some((outcome) => 'verdict' in outcome && !outcome.verdict.met)
  return failed || (missed && options.strict) ? 1 : 0
}

const options = readOptions(process.argv.slice(2))
const unknown = options.only.filter((name) => claims.every((claim) => claim.name !== name))
if (options.list || unknown.length > 0) {
  if (unknown.length > 0) say(`There is no claim ${unknown.join(', ')}. There are:`)
  for (const claim of claims) console.log(`${claim.name.padEnd(26)}${claim.sentence}`)
  process.exit(unknown.length > 0 ? 2 : 0)
}
if (options.dir) mkdirSync(options.dir, { recursive: true })
const dir = mkdtempSync(join(options.dir ?? tmpdir(), 'parlance-bench-'))
const chosen = claims.filter((claim) => options.only.length === 0 || options.only.includes(claim.name))
const leave = () => rmSync(dir, { recursive: true, force: true })
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    TargetProcess.killAll()
    leave()
    process.exit(130)
  })
}
try {
  process.exitCode = await bench(options, chosen, dir)
} finally {
  leave()
}
