import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { attacks } from './hostile/attacks.ts'
import { percentile, Victims } from './hostile/victims.ts'
import { checkout, complaintsIn, freePort, readLog, ServerProcess } from './server-process.ts'

/**
 * What a signed-in person notices of attacks: the 99th percentile of the answers without and with each of them, in turns and in one run, so
 * that the ratio says something on any machine. Of each the best round counts: whatever else the machine does only adds. Fails where the
 * ratio is above `--ratio`.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    ratio: { type: 'string', default: '2' },
    only: { type: 'string' },
  },
})
const windowMs = Number(values.seconds) * 1000
/** An attack stands before it is measured. */
const settleMs = 3_000
/** On a machine with nothing else to do p99 is a few milliseconds, and twice that is no trouble: below this nobody notices. */
const noticeableMs = 25

type Round = { calm: number; attacked: number; opened: number }

/** Everything an attacker has open is let go of by the server before the next one begins. */
async function underAttack<T>(name: string, port: number, work: () => Promise<T>): Promise<{ result: T; opened: number }> {
  const attacker = Bun.spawn([process.execPath, join(import.meta.dir, 'hostile/attacker.ts'), String(port), name], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  try {
    await Bun.sleep(settleMs)
    const result = await work()
    await attacker.stdin.end()
    return { result, opened: Number(await new Response(attacker.stdout).text()) }
  } finally {
    attacker.kill()
    await attacker.exited
  }
}

async function measure(name: string, port: number, victims: Victims): Promise<Round[]> {
  const rounds: Round[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const calm = percentile(await victims.chat(windowMs), 0.99)
    const { result, opened } = await underAttack(name, port, () => victims.chat(windowMs))
    rounds.push({ calm, attacked: percentile(result, 0.99), opened })
  }
  return rounds
}

const dir = mkdtempSync(join(tmpdir(), 'parlance-hostile-'))
const failures: string[] = []
let withstood = 0
try {
  await using server = new ServerProcess({
    root: checkout,
    dataDir: join(dir, 'data'),
    port: freePort(),
    env: { RATE_LIMIT: 'on', LOG_LEVEL: 'warn' },
  })
  await server.ready()
  const { port } = server.place
  await using victims = await Victims.arrive(`http://127.0.0.1:${port}`)
  await victims.chat(2_000)
  console.log(`p99 of ${values.seconds} s without and with each attack, the best of ${values.rounds} rounds`)
  for (const [name, { what, isWork }] of Object.entries(attacks)) {
    if (values.only !== undefined && values.only !== name) continue
    const rounds = await measure(name, port, victims)
    const calm = Math.min(...rounds.map((round) => round.calm))
    const attacked = Math.min(...rounds.map((round) => round.attacked))
    const ratio = attacked / calm
    const isNoticed = isWork !== true && ratio > Number(values.ratio) && attacked > noticeableMs
    const figures = `${calm.toFixed(1)} ms -> ${attacked.toFixed(1)} ms, x${ratio.toFixed(2)}`
    console.log(
      `${isNoticed ? 'FAIL' : isWork ? 'seen' : 'ok  '} ${name}: ${figures} (${Math.max(...rounds.map(({ opened }) => opened))} ${what})`,
    )
    if (isNoticed) failures.push(name)
    else withstood += 1
  }
  failures.push(...complaintsIn(readLog(server.place)).slice(0, 5))
} finally {
  rmSync(dir, { recursive: true, force: true })
}
for (const failure of failures) console.error(`Noticed: ${failure}`)
console.log(`${withstood} passed, ${failures.length} failed`)
process.exit(failures.length > 0 ? 1 : 0)
