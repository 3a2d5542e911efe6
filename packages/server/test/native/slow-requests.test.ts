import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { eventually } from '../harness/eventually.ts'
import { openWorld, type World } from '../harness/world.ts'

/** Sends a text and then a byte every tenth of a second, until the server closes. What it answered, and after how long (ms). */
async function trickle({ server }: World, text: string): Promise<{ answer: string; ms: number }> {
  const { port, hostname } = new URL(server.url)
  const began = performance.now()
  let answer = ''
  const socket = connect(Number(port), hostname, () => socket.write(text))
  const drip = setInterval(() => socket.write('a'), 100)
  socket.on('data', (data) => (answer += data.toString('latin1')))
  // A reset is a way of closing.
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.on('close', resolve))
  clearInterval(drip)
  return { answer, ms: performance.now() - began }
}

const head = (line: string, ...more: string[]): string => [`${line} HTTP/1.1`, 'Host: chat.example.org', ...more, '', ''].join('\r\n')
const longBody = `${head('POST /api/v1/auth/login', 'Content-Type: application/json', 'Content-Length: 100000')}{"username":"`
const chunked = `${head('POST /api/v1/auth/login', 'Content-Type: application/json', 'Transfer-Encoding: chunked')}ffff\r\n{"username":"`

const errors = ({ server }: World): string[] => server.lines.filter((line) => /"level":"(error|warn)"/.test(line))

test('a header that never ends, and a connection that says nothing, are closed, whatever trickles in', async () => {
  await using world = await openWorld({ limits: { requestSeconds: 60 } })
  const ends = await Promise.all([trickle(world, ''), trickle(world, 'GET /api/v1/me HTTP/1.1\r\nX-Slow: ')])
  // Ten seconds is the runtime's time for a header, which it looks at every four.
  for (const { answer, ms } of ends) expect([answer, ms < 16_000]).toEqual(['', true])
}, 60_000)

test('a body that never ends is given up after its time, and is no error of ours', async () => {
  await using world = await openWorld({ limits: { requestSeconds: 1 } })
  const ends = await Promise.all([trickle(world, longBody), trickle(world, chunked)])
  for (const { ms } of ends) expect(ms).toBeLessThan(10_000)
  expect(errors(world)).toEqual([])
}, 60_000)

test('one address may have so many requests that wait for their body, and others nothing to do with it', async () => {
  const limits = { requestsPerAddress: 3, requestSeconds: 2 }
  await using world = await openWorld({ env: { RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' }, limits })
  const ask = async (from: string) => await world.rest.raw('GET', '/api/v1/me', { headers: { 'x-forwarded-for': from } })
  const slow = Array.from({ length: 3 }, () => trickle(world, longBody.replace('Host:', 'X-Forwarded-For: 192.0.2.1\r\nHost:')))
  const refused = await eventually(async () => {
    const answer = await ask('192.0.2.1')
    if (answer.status !== 429) throw new Error('not refused yet')
    return answer
  })
  expect([refused.headers.get('retry-after'), refused.headers.get('content-type')]).toEqual(['1', 'application/problem+json'])
  expect((await ask('192.0.2.2')).status).toBe(401)
  await Promise.all(slow)
  expect((await ask('192.0.2.1')).status).toBe(401)
}, 60_000)
