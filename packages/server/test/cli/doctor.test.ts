import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { SQL } from 'bun'
import { postgres } from '../harness/postgres.ts'
import { listening, parlance } from '../harness/process.ts'
import { createRest } from '../harness/rest.ts'
import { blockingProxy } from '../client/blocking-proxy.ts'

const root = mkdtempSync(join(tmpdir(), 'parlance-doctor-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const patience = 60_000

async function examine(data: string, { env = {}, port = '0' }: { env?: Record<string, string>; port?: string } = {}) {
  const command = parlance(['doctor', '--data-dir', data, '--host', '127.0.0.1', '--port', port], env)
  const code = await command.exited
  const lines = command.text().trimEnd().split('\n')
  // What the machine of the test is like is no matter here.
  const ofMachine = /DATA_DIR is in memory|the disk keeps|may open \d+ files/
  return { code, text: command.text(), wrong: lines.filter((line) => /^(FAULT|warning)/.test(line) && !ofMachine.test(line)) }
}

test(
  'a new installation has nothing wrong, and looking changes nothing',
  async () => {
    const data = join(root, 'new')
    mkdirSync(data, { mode: 0o700 })
    const { code, text, wrong } = await examine(data)
    expect([code, wrong]).toEqual([0, []])
    for (const part of [
      'is writable',
      'MiB free',
      'keeps 4 KiB in',
      'made at the first start',
      'any free port',
      'may open',
      'Nothing is wrong.',
    ])
      expect(text).toContain(part)
    expect(readdirSync(data)).toEqual([])
  },
  patience,
)

test(
  'what is wrong with the directory, the keys, the port and the settings is told, a line each',
  async () => {
    const data = join(root, 'wrong')
    mkdirSync(data, { mode: 0o755 })
    chmodSync(data, 0o755)
    writeFileSync(join(data, 'secret'), `${'k'.repeat(40)}\n`, { mode: 0o644 })
    chmodSync(join(data, 'secret'), 0o644)
    writeFileSync(join(data, 'parlance.db'), 'no database at all, whatever its name says')
    using taken = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
    const { code, wrong } = await examine(data, {
      port: String(taken.port),
      env: {
        PUBLIC_URL: 'https://chat.example.org',
        ALLOWED_HOSTS: 'elsewhere.example.org',
        ALLOWED_ORIGINS: 'https://elsewhere.example.org',
        TRUSTED_PROXIES: '0.0.0.0/0',
        RATE_LIMIT: 'off',
      },
    })
    expect(code).toBe(1)
    const expected = [
      /^warning other users of this machine can look into/,
      /^FAULT +other users of this machine can read .*secret; chmod 600 it$/,
      /^warning RATE_LIMIT is off/,
      /^FAULT +TRUSTED_PROXIES is everybody/,
      /^FAULT +ALLOWED_HOSTS leaves out chat\.example\.org/,
      /^warning ALLOWED_ORIGINS leaves out https:\/\/chat\.example\.org/,
      /^FAULT +the database \(sqlite\) is damaged \(.*\): restore a backup$/,
      /^FAULT +port \d+ at 127\.0\.0\.1 is not to be had/,
    ]
    expect(wrong.length).toBe(expected.length)
    for (const [i, pattern] of expected.entries()) expect(wrong[i]).toMatch(pattern)
    const weak = await examine(join(root, 'weak'), { env: { SECRET_KEY: 'django-insecure-change-me-please-now-1234567' } })
    expect(weak.wrong[0]).toMatch(/^FAULT +SECRET_KEY looks like a placeholder/)
  },
  patience,
)

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'))

test.skipIf(!hasIPv6)(
  'a server at an IPv6 address is found where it says it listens',
  async () => {
    const data = join(root, 'ipv6')
    const server = parlance(['serve', '--port', '0', '--host', '::1', '--data-dir', data])
    try {
      const url = await listening(server)
      expect(url).toStartWith('http://[::1]:')
      expect((await createRest(url).raw('GET', '/readyz')).status).toBe(200)
      expect((await examine(data)).wrong).toEqual([])
    } finally {
      server.kill('SIGTERM')
      await server.exited
    }
  },
  patience,
)

test(
  'of a running server it tells whether it works, and what its proxy leaves out',
  async () => {
    const data = join(root, 'running')
    const server = parlance(['serve', '--port', '0', '--host', '127.0.0.1', '--data-dir', data])
    try {
      const url = await listening(server)
      await using proxy = await blockingProxy(url)
      const quiet = await examine(data)
      expect([quiet.code, quiet.wrong]).toEqual([0, []])
      expect(quiet.text).toContain(`a server runs here (process`)
      expect(quiet.text).toContain('the running server may open')
      expect(quiet.text).toMatch(/the database \(sqlite 3\.[\d.]+\) answers/)

      await createRest(url).raw('GET', '/healthz', { headers: { 'x-forwarded-for': '203.0.113.7' } })
      await createRest(url).raw('GET', '/healthz', { headers: { 'x-forwarded-for': '203.0.113.8' } })
      const blocked = await examine(data, { env: { PUBLIC_URL: proxy.url } })
      expect(blocked.wrong).toEqual([
        'warning a proxy at 127.0.0.1 says who its clients are and is not believed, so they count as one: name it in TRUSTED_PROXIES',
        'warning no WebSocket gets through at PUBLIC_URL: the proxy must pass Upgrade and Connection',
      ])
      expect(server.text().split('that is not in TRUSTED_PROXIES').length).toBe(2)
      proxy.blocks = false
      expect((await examine(data, { env: { PUBLIC_URL: proxy.url } })).text).toContain(`PUBLIC_URL ${proxy.url} leads here`)
      using stranger = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('hello') })
      const lost = await examine(data, { env: { PUBLIC_URL: `http://127.0.0.1:${stranger.port}` } })
      expect(lost.wrong.at(-1)).toMatch(/^FAULT +PUBLIC_URL \S+ leads somewhere else \(200\)$/)
    } finally {
      server.kill('SIGTERM')
      await server.exited
    }
  },
  patience,
)

const cluster = await postgres()

test.skipIf(cluster === null)(
  'a PostgreSQL that forgets with the power is a fault, and one that is away, too',
  async () => {
    const url = (await cluster?.createDatabase()) ?? ''
    const found = await examine(join(root, 'postgres'), { env: { DATABASE_URL: url } })
    expect(found.text).toMatch(/the database \(postgres \d+[.\d]*.*\) answers in [\d.]+ ms/)
    expect(found.text).toMatch(/the next start changes the tables \(0001-core/)
    await using sql = new SQL(url, { max: 1 })
    const [setting] = await sql.unsafe<{ fsync: string }[]>('show fsync')
    expect(/FAULT +fsync is off in the database/.test(found.text)).toBe(setting?.fsync === 'off')
    const away = await examine(join(root, 'postgres'), { env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' } })
    expect(away.code).toBe(1)
    expect(away.wrong.join('\n')).toMatch(/FAULT +the database \(postgres\) does not answer/)
    expect(away.text).not.toContain('nobody@')
  },
  patience,
)
