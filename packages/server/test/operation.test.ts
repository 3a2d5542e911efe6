import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createMetrics } from '../src/base/metrics.ts'
import { eventually } from './harness/eventually.ts'
import { backends } from './harness/server.ts'
import { openWorld, type World } from './harness/world.ts'

const root = join(import.meta.dir, '../../..')
const guide = await Bun.file(join(root, 'docs/guides/operation.md')).text()

type Panel = { type: string; title: string; targets?: { expr: string }[] }
const dashboard = (await Bun.file(join(root, 'docs/operation/grafana-dashboard.json')).json()) as { panels: Panel[] }
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

const metricsOf = async (world: World): Promise<string> => (await world.rest.raw('GET', '/metrics')).text()
/** Names of the metrics a text offers, as they are declared. */
const declared = (text: string): string[] => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name)
const named = (text: string): string[] => [...new Set([...text.matchAll(/\b(?:parlance|process)_[a-z_]+/g)].map(([name]) => name))]
const base = (name: string) => name.replace(/_(bucket|sum|count)$/, '')

describe('the dashboard', () => {
  test('draws only what /metrics has, with labels that are there', async () => {
    await using world = await openWorld()
    const ada = await world.person('ada')
    const room = await world.group([ada])
    const socket = await world.socket(ada)
    await world.send(ada, room, 'hello')
    await socket.next('ev')
    await socket[Symbol.asyncDispose]()
    await world.rest.raw('GET', '/api/v1/none')
    await eventually(async () => expect(await metricsOf(world)).toContain('parlance_socket_closes_total{'))
    const text = await metricsOf(world)
    const there = declared(text)
    const used = named(expressions.join('\n'))
    expect(used.filter((name) => !there.includes(name) && !there.includes(base(name)))).toEqual([])
    for (const expr of expressions) {
      const [name = ''] = named(expr)
      for (const [, labels = ''] of expr.matchAll(/by \(([\w, ]+)\)/g)) {
        for (const label of labels.split(', '))
          expect(`${name} ${new RegExp(`^${base(name)}(_bucket|_count)?\\{[^}]*\\b${label}="`, 'm').test(text)} ${label}`).toBe(
            `${name} true ${label}`,
          )
      }
    }
  })

  test('leaves out nothing that the server measures', async () => {
    const measured = declared(await createMetrics({ databaseBytes: () => 0, diskFreeBytes: () => 0 }).text())
    const used = new Set(named(JSON.stringify(dashboard)).map(base))
    expect(measured.filter((name) => !used.has(name) && !used.has(base(name)))).toEqual([])
  })
})

test('the guide explains every metric there is, and no other', async () => {
  const text = await createMetrics({ databaseBytes: () => 0, diskFreeBytes: () => 0 }).text()
  const rows = [...guide.matchAll(/^\| `((?:parlance|process)_\w+)`/gm)].map(([, name = '']) => name)
  expect(rows.sort()).toEqual(declared(text).sort())
})

for (const { name, env } of await backends()) {
  test(`the figures say what happened (${name})`, async () => {
    await using world = await openWorld({ env: await env() })
    const [ada, bob] = [await world.person('ada'), await world.person('bob')]
    const room = await world.group([ada, bob])
    const socket = await world.socket(bob)
    await Promise.all(Array.from({ length: 7 }, (_, i) => world.send(ada, room, `text ${i}`)))
    for (let i = 0; i < 7; i++) await socket.next('ev')
    await world.rest.ask('rooms.get', { room: crypto.randomUUID() }, { token: ada.token })
    const text = await metricsOf(world)
    const value = (series: string) => Number(new RegExp(`^${series.replaceAll(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1])
    expect(value('parlance_sends_total')).toBe(7)
    expect(value('parlance_deliveries_total')).toBe(7)
    expect(value('parlance_socket_connections{dialect="native"}')).toBe(1)
    expect(value('parlance_resumes_total{mode="heads"}')).toBe(1)
    expect(value('parlance_operations_total{operation="messages.send",outcome="ok"}')).toBe(7)
    expect(value('parlance_operations_total{operation="rooms.get",outcome="refused"}')).toBe(1)
    expect(value('parlance_errors_total{code="not_found"}')).toBe(1)
    expect(value('parlance_http_requests_total{method="POST",route="/api/v1/rooms/:room/messages",status="201"}')).toBe(7)
    expect(value('parlance_delivery_seconds_count')).toBe(7)
    expect(value('parlance_commit_seconds_count')).toBeGreaterThan(1)
    expect(value('parlance_disk_free_bytes')).toBeGreaterThan(0)
    expect(value('parlance_database_bytes') > 0).toBe(name === 'sqlite')
    expect(text).toContain(`engine="${name}"`)
  })
}

type Line = {
  text: string
  request?: string
  operation?: string
  route?: string
  status?: number
  outcome?: string
  ms?: number
  user?: string
}
const linesOf = ({ server }: World): Line[] => server.lines.map((line) => JSON.parse(line) as Line)

describe('the log', () => {
  test('tells of each request and each operation under one id, which the client learns or chose', async () => {
    await using world = await openWorld()
    const ada = await world.person('ada')
    const list = async (headers: Record<string, string>) => {
      const { headers: answered } = await world.rest.ask('rooms.list', {}, { token: ada.token, headers })
      return answered.get('x-request-id') ?? ''
    }
    const [made, chosen] = [await list({}), await list({ 'x-request-id': 'proxy-7:42' })]
    expect(chosen).toBe('proxy-7:42')
    expect(made).toMatch(/^[\w-]{36}$/)
    for (const id of [made, chosen]) {
      const lines = linesOf(world).filter(({ request }) => request === id)
      expect(lines).toMatchObject([
        { text: 'operation', operation: 'rooms.list', outcome: 'ok', user: ada.id },
        { text: 'request', route: '/api/v1/rooms', status: 200 },
      ])
      expect(lines.every(({ ms }) => typeof ms === 'number')).toBe(true)
    }
    for (const odd of ['x'.repeat(101), 'two words', '"},{"level":"error', 'ünï']) {
      const id = await list({ 'x-request-id': encodeURIComponent(odd) === odd ? odd : encodeURI(odd) })
      expect(id).toMatch(/^[\w-]{36}$/)
    }
    const { problem } = await world.rest.ask(
      'rooms.get',
      { room: crypto.randomUUID() },
      { token: ada.token, headers: { 'x-request-id': 'a1' } },
    )
    expect(problem?.request_id).toBe('a1')
    expect(linesOf(world).filter(({ request }) => request === 'a1')).toMatchObject([
      { text: 'operation', outcome: 'not_found' },
      { text: 'request', status: 404 },
    ])
  })

  test('tells of operations on a socket under the name of the connection, and of slow ones aloud', async () => {
    await using world = await openWorld({ limits: { slowOperationMs: -1 } })
    const ada = await world.person('ada')
    const room = await world.group([ada])
    const socket = await world.socket(ada)
    const { welcome } = socket.frames.flatMap((seen) => (seen.kind === 'welcome' ? [seen.frame] : []))[0] ?? {}
    await socket.op('messages.send', { room, content: 'hello' })
    const line = linesOf(world).find(({ operation, request }) => operation === 'messages.send' && request === welcome?.conn)
    expect(line).toMatchObject({ level: 'warn', text: 'slow operation', outcome: 'ok', user: ada.id })
  })
})
