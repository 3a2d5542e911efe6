import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { operationList } from '@parlance/protocol'
import { createRest } from '../harness/rest.ts'
import { Bystander } from './fuzz/bystander.ts'
import { Deck } from './fuzz/deck.ts'
import { Tally } from './fuzz/tally.ts'
import { fuzzStreams } from './fuzz/streams.ts'
import { type FuzzDeps, fuzzApart, fuzzFrames, fuzzRest, fuzzSocket } from './fuzz/workers.ts'
import { FuzzWorld, password, register, signIn } from './fuzz/world.ts'
import { seeded } from './random.ts'
import { checkout, complaintsIn, freePort, readLog, runCommand, ServerProcess } from './server-process.ts'

const leastAccepted = 0.3
/** Of a whole run; a shorter one has its share. */
const leastPerOperation = 200
const wholeRun = 100_000
/** Of all frames and bodies so many are frames that are no operation, or no frames at all. */
const frameShare = 0.12
/** And so many ask for streams. */
const streamShare = 0.005
const restWorkers = 6
const apartWorkers = 5
const frameWorkers = 2

const { values } = parseArgs({
  options: { frames: { type: 'string', default: '100000' }, seed: { type: 'string' }, root: { type: 'string', default: checkout } },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)
const wanted = Number(values.frames)
console.log(`fuzz: ${wanted} frames and bodies, seed ${seed} (repeat with --seed ${seed})`)

const dir = mkdtempSync(join(tmpdir(), 'parlance-fuzz-'))
const place = { root: values.root, dataDir: join(dir, 'data'), port: freePort() }
const faults: string[] = []
const tally = new Tally()
const began = performance.now()
{
  await using server = new ServerProcess(place)
  await server.ready()
  const url = `http://127.0.0.1:${place.port}`
  const rest = createRest(url)
  const random = seeded(seed)
  await runCommand(place, ['user', 'create', 'fuzz-admin', '--admin', '--password', password])
  const world = await FuzzWorld.make(rest, random, await signIn(rest, 'fuzz-admin'))
  const rough = await register(rest, 'rough')
  const frames = Math.ceil(wanted * frameShare)
  const deck = new Deck({ rest, world, random, total: wanted - frames })
  const deps: FuzzDeps = { rest, port: place.port, world, deck, tally, random }
  const bystander = await Bystander.start(rest, url)
  const progress = setInterval(() => console.log(`  ${tally.total.sent} sent, ${tally.total.accepted} accepted`), 15_000)
  await Promise.all([
    ...Array.from({ length: restWorkers }, () => fuzzRest(deps)),
    ...world.actors.map((actor) => fuzzSocket(deps, actor)),
    ...Array.from({ length: apartWorkers }, () => fuzzApart(deps)),
    fuzzStreams(deps, { url, reader: rough, count: Math.ceil(wanted * streamShare) }),
    ...Array.from({ length: frameWorkers }, () => fuzzFrames(deps, rough, Math.ceil(frames / frameWorkers))),
  ]).catch((error: unknown) => faults.push(`the fuzzer gave up: ${String(error)}`))
  clearInterval(progress)
  const { faults: disturbed, received, worst } = await bystander.end()
  faults.push(...disturbed)
  if (received === 0) faults.push('the bystander received nothing')
  console.log(`the bystander received ${received} messages on one connection, the slowest after ${Math.round(worst)} ms`)
  if (!server.isAlive) faults.push('the server ended')
}
faults.push(...tally.failures, ...complaintsIn(readLog(place)).map((line) => `the server's log: ${line.slice(0, 600)}`))
rmSync(dir, { recursive: true, force: true })

for (const [name, { sent, accepted }] of [...tally.counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
  console.log(`  ${name.padEnd(28)} ${String(sent).padStart(7)} sent ${String(accepted).padStart(7)} accepted`)
}
const codes = [...tally.refusals].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`)
console.log(`refused with: ${codes.join(', ')}`)
const { sent, accepted } = tally.total
console.log(
  `${sent} sent in ${Math.round((performance.now() - began) / 1000)} s, ${accepted} accepted (${Math.round((100 * accepted) / sent)} %)`,
)

if (sent < wanted) faults.push(`only ${sent} of ${wanted} were sent`)
if (accepted < sent * leastAccepted) faults.push(`only ${accepted} of ${sent} were accepted`)
const least = Math.floor(leastPerOperation * Math.min(1, wanted / wholeRun))
for (const [name] of operationList()) {
  const count = tally.counts.get(name)?.accepted ?? 0
  if (count < least) faults.push(`${name} was accepted only ${count} times`)
}
for (const fault of faults.slice(0, 40)) console.log(`  FAULT: ${fault}`)
const failed = Math.min(sent, faults.length)
console.log(`${sent - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
