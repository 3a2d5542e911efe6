import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, listening, serveBy } from '../harness/process.ts'

const root = mkdtempSync(join(tmpdir(), 'parlance-signals-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const patience = 60_000

const starters = [
  ['npm', 'start'],
  ['npx', 'parlance', 'serve'],
]
const ways: [string, (server: Command) => void][] = [
  // A terminal signals the whole group, and the launcher hands on what the server has got already.
  ['Ctrl-C', ({ pid }) => process.kill(-pid, 'SIGINT')],
  ['the signals of a service manager to every process', ({ pid }) => process.kill(-pid, 'SIGTERM')],
  ['one signal to the process that was started', ({ kill }) => kill('SIGTERM')],
]

test(
  'a server whose npm or launcher is killed outright ends by itself, and the next one has its directory',
  async () => {
    for (const starter of [
      ['npm', 'start'],
      ['node', 'bin/parlance.mjs', 'serve'],
    ]) {
      const place = { PORT: '0', DATA_DIR: join(root, `killed-${starter[0]}`) }
      const killed = serveBy(starter, place)
      await listening(killed)
      killed.kill('SIGKILL')
      await killed.exited
      expect(killed.text()).toMatch(/"stopped"/)
      const next = serveBy(starter, place)
      await listening(next)
      next.kill('SIGTERM')
      await next.exited
    }
  },
  patience,
)

for (const starter of starters)
  for (const [way, end] of ways) {
    test(
      `a server started by ${starter.join(' ')} drains at ${way}`,
      async () => {
        const server = serveBy(starter, { PORT: '0', DATA_DIR: join(root, starter.join('-'), way) })
        await listening(server)
        end(server)
        // Its output ends with the last of its processes.
        await server.exited
        expect(server.text()).toMatch(/"draining"[^]*"stopped"/)
      },
      patience,
    )
  }
