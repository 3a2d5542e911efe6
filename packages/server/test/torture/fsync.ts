import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createRest } from '../harness/rest.ts'
import { eventually } from '../harness/eventually.ts'
import { type Judgement, TraceJudge } from './fsync/trace.ts'
import { History } from './history.ts'
import { LoadClient } from './load/client.ts'
import { patchedCopy } from './planted/patch.ts'
import { checkout, freePort, ServerProcess } from './server-process.ts'

const people = 10
const sendsEach = 100
/** Sends of one client under way at once, so that batches hold more than one. */
const atOnce = 4

const calls = 'trace=pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fsync,fdatasync'

/** Runs the server under strace, has 1,000 sends acknowledged, and judges the trace. */
async function trace(root: string): Promise<Judgement & { answered: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'parlance-fsync-'))
  const output = join(dir, 'trace')
  // -D keeps the server our own child, with its own process id.
  const wrapper = ['strace', '-D', '-f', '-y', '-s', '70000', '-e', calls, '-e', 'signal=none', '-o', output]
  try {
    const answered = await sendAll({ root, dataDir: join(dir, 'data'), port: freePort(), wrapper })
    const judge = new TraceJudge(/fs\d\dx\d{4}z/)
    // The tracer outlives the server for a moment.
    await eventually(() => readFileSync(output, 'latin1').slice(-4_000).includes('+++ exited with'), { timeout_ms: 20_000, every_ms: 100 })
    for await (const line of createInterface({ input: createReadStream(output, 'latin1'), crlfDelay: Number.POSITIVE_INFINITY }))
      judge.line(line)
    return { ...judge.judgement, answered }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function sendAll(place: ServerProcess['place']): Promise<number> {
  await using server = new ServerProcess(place)
  await server.ready()
  const rest = createRest(`http://127.0.0.1:${place.port}`)
  const counts = await Promise.all(Array.from({ length: people }, (_, number) => sendSome(rest, place.port, number)))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function sendSome(rest: ReturnType<typeof createRest>, port: number, number: number): Promise<number> {
  const { user, access_token: token } = await rest.call('accounts.register', {
    username: `writer${number}`,
    password: 'correct horse battery',
  })
  const { room } = await rest.call('rooms.create', { kind: 'group', title: 'Diary' }, { token })
  const unpublished = (error: Error) => {
    throw error
  }
  const history = new History(() => performance.now())
  const client = new LoadClient({ person: { id: user.id, username: user.username, token }, port, history, unpublished })
  await client.connect()
  let next = 0
  let written = 0
  const write = async () => {
    for (let count = next++; count < sendsEach; count = next++) {
      const cid = `fs${String(number).padStart(2, '0')}x${String(count).padStart(4, '0')}z`
      const { outcome } = await client.send({ room: room.id, cid, body: 'Dear diary' })
      if (outcome === 'written') written += 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, write))
  client.cut()
  return written
}

const total = people * sendsEach

function report(what: string, { acknowledged, early, syncs, answered }: Judgement & { answered: number }): boolean {
  const inOrder = [...acknowledged].filter((cid) => !early.has(cid)).length
  console.log(
    `${what}: ${inOrder} of ${total} acknowledgements left after a completed fsync of their write (${answered} answers, ${acknowledged.size} seen in the trace, ${syncs} syncs)`,
  )
  return answered === total && acknowledged.size === total && early.size === 0
}

if (Bun.which('strace') === null) {
  console.log('\nSKIPPED: there is no strace on this machine. The order of fsync and acknowledgement is NOT tested in this run.\n')
  console.log('0 passed, 0 failed')
  process.exit(Bun.env.CI === 'true' ? 1 : 0)
}

const isInOrder = report('as shipped', await trace(checkout))
using copy = patchedCopy(checkout, [
  { file: 'packages/server/src/store/drivers/sqlite.ts', find: 'pragma synchronous = full', replace: 'pragma synchronous = normal' },
])
const isCaught = !report('with synchronous = normal planted', await trace(copy.root))
console.log(isCaught ? 'the planted bug is caught' : 'MISSED: the planted bug')
const passed = Number(isInOrder) + Number(isCaught)
console.log(`${passed} passed, ${2 - passed} failed`)
// Leaves the scope of the copy first.
process.exitCode = passed === 2 ? 0 : 1
