// The stand-in for native/wsload where there is no C compiler: the same command line and the same JSON line. It is slower than the
// servers it loads, so what it says about fan-out is a lower bound; run.ts says so loudly.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fillTemplate, findStamps, type Stamp } from './stamp.ts'
import { WorkerConnection } from './worker-connection.ts'

const text = { type: 'string' } as const
const { values: given } = parseArgs({
  options: {
    port: text,
    connections: text,
    template: text,
    senders: text,
    rate: text,
    window: text,
    acks: text,
    delivery: text,
    ack: text,
    error: text,
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '1' },
    ramp: { type: 'string', default: '100' },
    timeout: { type: 'string', default: '60' },
    hold: { type: 'boolean', default: false },
    reply: text,
    keepalive: text,
  },
})

const lines = (path: string | undefined) => (path === undefined ? [] : readFileSync(path, 'utf8').replace(/\n$/, '').split('\n'))
const pair = (value: string) => [value.slice(0, value.indexOf('=')), value.slice(value.indexOf('=') + 1)] as const
/** Microseconds since 1970, finer than a millisecond: the unit of this generator's stamps. */
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1000)

const templates = lines(given.template)
const [rate, window, acks] = [Number(given.rate ?? 0), Number(given.window ?? 0), Number(given.acks ?? 0)]
const senders = Number(given.senders ?? 0)

let phase: 'connect' | 'warmup' | 'measure' | 'drain' = 'connect'
let [firstStamp, measureStart, measureEnd, counter, lastCloseCode] = [0, 0, 0, 0, 0]
const found = { sent: 0, own: 0, delivered: 0, acks: 0, errors: 0, messages: 0, bytes: 0 }
const latencies: number[] = []
const connectTimes: number[] = []

const connections = lines(given.connections).map((line, index) => {
  const { port, reply } = given
  return new WorkerConnection({
    line,
    index,
    port: Number(port),
    reply: reply === undefined ? null : pair(reply),
    now,
    onMessage,
    onReady,
    onClosed,
  })
})

function onReady(connection: WorkerConnection) {
  connectTimes.push(now() - connection.started)
}

function onClosed(code: number) {
  lastCloseCode = code
}

const counts = (stamped: number) => (rate > 0 ? stamped >= measureStart && stamped < measureEnd : phase === 'measure')
const sending = () => phase === 'warmup' || phase === 'measure'

function send(sender: number, time: number) {
  const connection = connections[sender]
  const template = templates[Math.min(sender, templates.length - 1)]
  if (connection?.state !== 'ready' || template === undefined) return
  if (counts(time)) found.sent++
  connection.send(fillTemplate(template, { time, sender }, counter++))
}

function onMessage(connection: WorkerConnection, payload: string) {
  if (phase === 'measure') {
    found.messages++
    found.bytes += payload.length
  }
  if (firstStamp === 0) return
  const refused = given.error !== undefined && payload.includes(given.error)
  if (refused && found.errors++ < 3) console.error(`refused: ${payload.slice(0, 300)}`)
  if (acks > 0 && (refused || (given.ack !== undefined && payload.includes(given.ack)))) {
    if (!refused && phase === 'measure') found.acks++
    if (connection.index < senders && sending()) send(connection.index, now())
    return
  }
  if (given.delivery !== undefined && !payload.includes(given.delivery)) return
  for (const stamp of findStamps(payload)) take(connection, stamp)
}

function take(connection: WorkerConnection, stamp: Stamp) {
  const received = now()
  if (stamp.time < firstStamp || stamp.time > received) return
  if (counts(stamp.time)) {
    found.delivered++
    latencies.push(received - stamp.time)
  }
  if (stamp.sender !== connection.index || stamp.sender >= senders) return
  if (counts(stamp.time)) found.own++
  if (window > 0 && sending()) send(stamp.sender, now())
}

async function connectAll() {
  const deadline = now() + Number(given.timeout) * 1e6
  let started = 0
  while (now() < deadline) {
    const onTheirWay = connections.slice(0, started).filter((connection) => connection.state === 'connecting').length
    if (started === connections.length && onTheirWay === 0) return
    for (let room = Number(given.ramp) - onTheirWay; room > 0 && started < connections.length; room--) connections[started++]?.start()
    await Bun.sleep(2)
  }
}

async function sendAtRate() {
  const start = now()
  for (let number = 0; ; number++) {
    const due = start + Math.round((number * 1e6) / rate)
    if (due >= measureEnd) return
    while (now() < due) await Bun.sleep(1)
    if (now() >= measureStart) phase = 'measure'
    // Stamped with the time it was due: a generator that is late must not hide what a user would have waited.
    send(number % senders, due)
  }
}

async function drain() {
  const deadline = now() + 5e6
  for (let before = -1; before !== found.delivered && now() < deadline; ) {
    before = found.delivered
    await Bun.sleep(500)
  }
}

const pick = (sorted: number[], fraction: number) => (sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? 0) / 1000
function times(microseconds: number[]) {
  const sorted = microseconds.toSorted((a, b) => a - b)
  return { p50: pick(sorted, 0.5), p90: pick(sorted, 0.9), p99: pick(sorted, 0.99), p999: pick(sorted, 0.999), max: pick(sorted, 1) }
}

function connected() {
  const ready = connections.filter((connection) => connection.state === 'ready').length
  const dropped = connections.filter((connection) => connection.state === 'dropped').length
  const failed = connections.length - ready - dropped
  return { connections: ready, failed, dropped, last_close_code: lastCloseCode, connect_ms: times(connectTimes) }
}

async function run() {
  phase = 'warmup'
  firstStamp = now()
  measureStart = firstStamp + Number(given.warmup) * 1e6
  measureEnd = measureStart + Number(given.seconds) * 1e6
  const before = process.cpuUsage()
  for (let flight = 0; flight < window + acks; flight++) for (let sender = 0; sender < senders; sender++) send(sender, now())
  if (rate > 0) await sendAtRate()
  while (now() < measureStart) await Bun.sleep(5)
  phase = 'measure'
  if (rate === 0) measureEnd = now() + Number(given.seconds) * 1e6
  if (rate === 0) measureStart = now()
  while (now() < measureEnd) await Bun.sleep(5)
  if (rate === 0) measureEnd = now()
  const { user, system } = process.cpuUsage(before)
  const watched = measureEnd - firstStamp
  phase = 'drain'
  await drain()
  const seconds = (measureEnd - measureStart) / 1e6
  const rates = { deliveries_per_s: found.delivered / seconds, acks_per_s: found.acks / seconds }
  console.log(
    JSON.stringify({ ...connected(), seconds, ...found, ...rates, latency_ms: times(latencies), generator_cpu: (user + system) / watched }),
  )
}

async function hold() {
  console.log(JSON.stringify(connected()))
  const [every, frame] = pair(given.keepalive ?? '0=')
  const sendAll = () => {
    for (const connection of connections) if (connection.state === 'ready') connection.send(frame)
  }
  if (Number(every) > 0) setInterval(sendAll, Number(every) * 1000)
  for await (const _ of Bun.stdin.stream()) continue
  console.log(JSON.stringify(connected()))
}

await connectAll()
await (given.hold ? hold() : run())
process.exit(0)
