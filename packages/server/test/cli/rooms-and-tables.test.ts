import { afterAll, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgres } from '../harness/postgres.ts'
import { listening, parlance } from '../harness/process.ts'
import { createRest } from '../harness/rest.ts'

const root = mkdtempSync(join(tmpdir(), 'parlance-rooms-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const patience = 60_000

const runner =
  (data: string, env: Record<string, string> = {}) =>
  async (...args: string[]) => {
    const command = parlance([...args, '--data-dir', data], env)
    return { code: await command.exited, text: command.text() }
  }

test(
  'an operator sees which rooms there are and who is in them, with or without a server, and never what is said',
  async () => {
    const data = join(root, 'rooms')
    const run = runner(data)
    const server = parlance(['serve', '--port', '0', '--data-dir', data])
    const rest = createRest(await listening(server))
    const word = 'correct horse battery'
    const { access_token } = await rest.call('accounts.register', { username: 'ada', password: word })
    const bob = await rest.call('accounts.register', { username: 'bob', password: word })
    const ada = { token: access_token }
    const { room } = await rest.call('rooms.create', { kind: 'group', title: 'Tea \u001b[31mred', members: [bob.user.id] }, ada)
    await rest.call('rooms.create', { kind: 'public', name: 'lobby', title: 'Lobby' }, ada)
    await rest.call('messages.send', { room: room.id, content: 'a secret' }, ada)

    const list = await run('room', 'list')
    expect(list.code).toBe(0)
    expect(list.text).toMatch(new RegExp(`^${room.id}  \\d{4}-\\d\\d-\\d\\d  group +2 members +1 messages +Tea \\[31mred$`, 'm'))
    expect(list.text).toMatch(/public +1 members +0 messages {2}name:lobby {2}Lobby$/m)
    expect((await run('room', 'list', 'TEA')).text.trim().split('\n').length).toBe(1)
    server.kill('SIGTERM')
    expect(await server.exited).toBe(0)

    const show = await run('room', 'show', room.id)
    expect(show.text).toMatch(/^policy +read=members/m)
    expect(show.text).toMatch(/^ {2}owner {2}\d{4}-\d\d-\d\d ada\n {2}member \d{4}-\d\d-\d\d bob$/m)
    expect(show.text + list.text).not.toContain('a secret')
    expect((await run('room', 'show', 'name:lobby')).text).toMatch(/^members +1$/m)
    expect(await run('room', 'show', 'name:nowhere')).toMatchObject({ code: 1, text: 'There is no room name:nowhere.\n' })
    expect(await run('room', 'burn')).toMatchObject({ code: 1, text: expect.stringContaining('parlance room show ROOM') })
  },
  patience,
)

const cluster = await postgres()
const engines: [string, () => Promise<Record<string, string>>][] = [
  ['sqlite', () => Promise.resolve({})],
  ...(cluster === null
    ? []
    : [['postgres', async () => ({ DATABASE_URL: await cluster.createDatabase() })] as [string, () => Promise<Record<string, string>>]]),
]

test.each(engines)(
  'the tables of %s are made by a step of its own, or by the start',
  async (engine, env) => {
    const data = join(root, `migrate-${engine}`)
    const run = runner(data, await env())
    expect(await run('migrate', '--check')).toEqual({ code: 1, text: expect.stringContaining('waits  0001-core') })
    expect(await run('migrate')).toEqual({ code: 0, text: expect.stringContaining('done   0001-core') })
    for (const args of [['migrate', '--check'], ['migrate']])
      expect(await run(...args)).toEqual({ code: 0, text: 'The tables are up to date.\n' })
    if (engine === 'sqlite') {
      using db = new Database(join(data, 'parlance.db'))
      db.run("delete from kysely_migration where name > '0001-core'")
      expect((await run('migrate', '--check')).code).toBe(1)
    }
  },
  patience,
)
