import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerWebSocket } from 'bun'
import { buildGenerator, type Connected, type Load, type Script, scriptArguments } from '../generator.ts'
import { RoughServer } from './rough-server.ts'

type Handlers = { open?: (socket: ServerWebSocket<Headers>) => void; message?: (socket: ServerWebSocket<Headers>, text: string) => void }

/** A well-behaved server of a few lines. */
function serve({ open, message }: Handlers) {
  return Bun.serve<Headers>({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request, server) => (server.upgrade(request, { data: request.headers }) ? undefined : new Response('no', { status: 403 })),
    websocket: {
      open: (socket) => open?.(socket),
      message: (socket, text) => message?.(socket, String(text)),
    },
  })
}

let dir = ''
let native: string[] = []
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'parlance-bench-test-'))
  native = buildGenerator(dir).command
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe.each(['native', 'worker'] as const)('the %s generator', (kind) => {
  const start = (script: Partial<Script> & { port: number }, args: string) => {
    const command = kind === 'native' ? native : [process.execPath, join(import.meta.dir, '../generator-worker.ts')]
    const files = scriptArguments({ connections: ['/'], templates: ['%stamp% %count%'], ...script }, dir)
    return Bun.spawn([...command, ...files, ...args.split(' ')], { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' })
  }
  const run = async (script: Partial<Script> & { port: number }, args: string) => {
    const output = await new Response(start(script, args).stdout).text()
    return JSON.parse(output) as Load
  }

  test('reads a message however its frames are cut, and answers pings within it', async () => {
    using server = new RoughServer()
    const load = await run({ port: server.port, connections: ['/', '/'] }, '--senders 2 --window 1 --seconds 0.5 --warmup 0')
    expect(load).toMatchObject({ connections: 2, failed: 0, dropped: 0, errors: 0 })
    expect(load.delivered).toBeGreaterThan(10)
    expect(load.own).toBe(load.delivered)
    // With one message in flight, one that went unread would have ended the run.
    expect(Math.abs(load.sent - load.own)).toBeLessThanOrEqual(2)
    expect(server.shapesUsed).toBeGreaterThan(4)
    expect(server.pongs).toBeGreaterThan(1)
  })

  test('keeps to its rate and misses no delivery of what it sent', async () => {
    using server = serve({ open: (socket) => void socket.subscribe('room'), message: (_, text) => void server.publish('room', text) })
    const load = await run({ port: server.port ?? 0, connections: Array(4).fill('/') }, '--senders 2 --rate 500 --seconds 1 --warmup 0.2')
    expect(Math.abs(load.sent - 500)).toBeLessThanOrEqual(1)
    expect(load.delivered).toBe(load.sent * 4)
    expect(load.own).toBe(load.sent)
    expect(load.latency_ms.p50).toBeGreaterThan(0)
    expect(load.latency_ms.max).toBeGreaterThanOrEqual(load.latency_ms.p99)
  })

  test('keeps a window of unanswered requests and tells acknowledgements from refusals', async () => {
    let [waiting, most, refused, answered] = [0, 0, 0, 0]
    using server = serve({
      message(socket) {
        most = Math.max(most, ++waiting)
        setImmediate(() => {
          waiting--
          socket.send(++answered % 10 === 0 ? '{"err":{}}' : '{"ok":{}}')
          if (answered % 10 === 0) refused++
        })
      },
    })
    const load = await run({ port: server.port ?? 0, ack: '"ok":', error: '"err":' }, '--senders 1 --acks 5 --seconds 0.5 --warmup 0')
    expect(most).toBe(5)
    expect(load.acks).toBeGreaterThan(20)
    expect(load.errors).toBe(refused)
    expect(Math.abs(load.acks + load.errors - answered)).toBeLessThanOrEqual(5)
  })

  test('counts deliveries only in messages that carry them, and never those of an earlier run', async () => {
    const old = `~${'0'.repeat(15)}1${'0'.repeat(4)}~`
    using server = serve({
      message(socket, text) {
        socket.send(`{"ok":"${text}"}`)
        socket.send(`{"ev":"${old}"}`)
        socket.send(`{"ev":"${text}"}`)
      },
    })
    const load = await run({ port: server.port ?? 0, delivery: '"ev":' }, '--senders 1 --window 1 --seconds 0.3 --warmup 0')
    expect(load.delivered).toBeGreaterThan(5)
    expect(Math.abs(load.delivered - load.sent)).toBeLessThanOrEqual(1)
    expect(load.messages).toBeGreaterThan(load.delivered * 2)
  })

  test('walks the script of a connection before it counts as ready', async () => {
    const heard: string[] = []
    using server = serve({
      open: (socket) => void socket.send(`first ${socket.data.get('x-who')}`),
      message(socket, text) {
        heard.push(text)
        if (text === 'hello') socket.send('second')
        if (text === 'go on') socket.send('2')
        if (text === '3') socket.send('welcome')
      },
    })
    const script = {
      port: server.port ?? 0,
      connections: ['/\tHX-Who: me\t<first me\t>hello\t<second\t>go on\t<welcome'],
      reply: ['2', '3'] as [string, string],
    }
    const load = await run(script, '--seconds 0.1 --warmup 0')
    expect(load).toMatchObject({ connections: 1, failed: 0 })
    expect(heard).toEqual(['hello', 'go on', '3'])
  })

  test('says how many connections were refused, never got ready or were dropped, and by which code', async () => {
    const plain = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('no', { status: 403 }) })
    expect(await run({ port: plain.port ?? 0 }, '--seconds 0.1 --warmup 0')).toMatchObject({ connections: 0, failed: 1, dropped: 0 })
    await plain.stop(true)
    using silent = serve({})
    expect(await run({ port: silent.port ?? 0, connections: ['/\t<never', '/'] }, '--timeout 0.3 --seconds 0.1 --warmup 0')).toMatchObject({
      connections: 1,
      failed: 1,
    })
    using closing = serve({ message: (socket) => socket.close(4408, 'slow') })
    const dropped = await run({ port: closing.port ?? 0 }, '--senders 1 --window 1 --seconds 0.2 --warmup 0')
    expect(dropped).toMatchObject({ connections: 0, failed: 0, dropped: 1, last_close_code: 4408 })
  })

  test('holds its connections, and their word, until its input ends', async () => {
    const heard: string[] = []
    const { promise: second, resolve } = Promise.withResolvers<void>()
    using server = serve({
      message(_, text) {
        if (heard.push(text) === 4) resolve()
      },
    })
    const held = start({ port: server.port ?? 0, connections: ['/', '/'], keepalive: [0.2, '{"ping":1}'] }, '--hold')
    await second
    await held.stdin.end()
    const said = (await new Response(held.stdout).text()).trim().split('\n')
    expect(said.map((text) => JSON.parse(text) as Connected)).toMatchObject([
      { connections: 2, failed: 0 },
      { connections: 2, dropped: 0 },
    ])
    expect(new Set(heard)).toEqual(new Set(['{"ping":1}']))
  })
})
