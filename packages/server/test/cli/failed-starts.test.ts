import { afterAll, describe, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgres } from '../harness/postgres.ts'
import { listening, parlance } from '../harness/process.ts'

const root = mkdtempSync(join(tmpdir(), 'parlance-failed-starts-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const patience = 60_000

const dataOf = (name: string, files: Record<string, string> = {}): string => {
  const data = join(root, name)
  mkdirSync(data, { mode: 0o700 })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(data, file), text)
  return data
}

/** What a command says that cannot do its work: it has to be one line for a person, and no stack of ours. */
async function reason(env: Record<string, string>, command = 'serve'): Promise<string> {
  const failed = parlance([command], { PORT: '0', ...env })
  expect(await failed.exited).toBe(1)
  expect(failed.text().trim().split('\n')).toHaveLength(1)
  return failed.text().trim()
}

describe('a server that cannot start says in one line', () => {
  test(
    'that its DATA_DIR is a file',
    async () => {
      const data = join(dataOf('file', { taken: '' }), 'taken')
      expect(await reason({ DATA_DIR: data })).toContain(data)
    },
    patience,
  )

  test(
    'that its secret is too short',
    async () => {
      const data = dataOf('secret', { secret: 'short' })
      expect(await reason({ DATA_DIR: data })).toMatch(/^\S+secret holds 5 bytes; a secret needs at least 32/)
    },
    patience,
  )

  test(
    'that its database is damaged, or cannot be opened',
    async () => {
      const damaged = dataOf('damaged', { 'parlance.db': 'no database at all '.repeat(500) })
      for (const command of ['serve', 'demo']) expect(await reason({ DATA_DIR: damaged }, command)).toMatch(/damaged.*restore a backup/)
      const blocked = dataOf('blocked')
      mkdirSync(join(blocked, 'parlance.db'))
      expect(await reason({ DATA_DIR: blocked })).toMatch(/^A file of the database cannot be used/)
    },
    patience,
  )

  test(
    'that another program holds its database',
    async () => {
      const data = dataOf('held')
      expect(await parlance(['migrate', '--data-dir', data]).exited).toBe(0)
      using db = new Database(join(data, 'parlance.db'))
      db.run('begin immediate')
      expect(await reason({ DATA_DIR: data })).toMatch(/^Another program holds the database in .*locked/)
    },
    patience,
  )

  test(
    'that another server listens at its port, whatever data that one has',
    async () => {
      const first = parlance(['serve'], { PORT: '0', DATA_DIR: dataOf('first') })
      const { port } = new URL(await listening(first))
      expect(await reason({ DATA_DIR: dataOf('second'), PORT: port, LOG_LEVEL: 'warn' })).toMatch(`Cannot listen at port ${port} `)
      first.kill('SIGTERM')
      await first.exited
    },
    patience,
  )

  test(
    'that its address is not of this machine',
    async () => {
      expect(await reason({ DATA_DIR: dataOf('elsewhere'), HOST: '203.0.113.7', LOG_LEVEL: 'warn' })).toMatch(/EADDRNOTAVAIL/)
    },
    patience,
  )
})

test(
  'a server whose secret is gone starts with a new one and says that everybody is signed out',
  async () => {
    const data = dataOf('lost-secret')
    expect(await parlance(['user', 'create', 'ada', '--data-dir', data]).exited).toBe(0)
    for (const lost of [false, true]) {
      if (lost) rmSync(join(data, 'secret'))
      const started = parlance(['serve'], { PORT: '0', DATA_DIR: data })
      await listening(started)
      started.kill('SIGTERM')
      await started.exited
      expect(started.text().includes('DATA_DIR had no secret')).toBe(lost)
    }
  },
  patience,
)

const server = await postgres()

describe.skipIf(server === null)('a command whose PostgreSQL cannot be used says so, with its address and without the password', () => {
  const rows: [string, (url: URL) => void, RegExp][] = [
    ['of another password', (url) => void (url.password = 'hunter2'), /password authentication failed/],
    ['of a database that is not there', (url) => void (url.pathname = '/nowhere'), /"nowhere" does not exist/],
    ['that nobody answers for', (url) => void (url.port = '1'), /Failed to connect/],
  ]
  for (const [what, change, expected] of rows) {
    test(
      what,
      async () => {
        const url = new URL(server?.url ?? '')
        change(url)
        for (const command of ['serve', 'migrate']) {
          const said = await reason({ DATA_DIR: join(root, 'postgres'), DATABASE_URL: url.href }, command)
          expect(said).toMatch(expected)
          expect(said).toStartWith(`PostgreSQL at ${url.host}, database "${url.pathname.slice(1)}": `)
          expect(said).not.toContain(url.password)
        }
      },
      patience,
    )
  }
})
