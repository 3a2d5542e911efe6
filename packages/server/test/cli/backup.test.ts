import { afterAll, describe, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listening, parlance } from '../harness/process.ts'
import { postgres } from '../harness/postgres.ts'
import { createRest, type Rest } from '../harness/rest.ts'
import { connect } from '../harness/socket.ts'

const root = mkdtempSync(join(tmpdir(), 'parlance-backup-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const patience = 90_000
const password = 'correct horse battery'

/** An installation: its directory, its environment, and commands run in it. */
type Place = { data: string; env: Record<string, string>; run: (...args: string[]) => Promise<{ code: number; text: string }> }

let places = 0
function place(env: Record<string, string>): Place {
  places += 1
  const data = join(root, `place-${places}`)
  const run = async (...args: string[]) => {
    const command = parlance([...args, '--data-dir', data], env)
    return { code: await command.exited, text: command.text() }
  }
  return { data, env, run }
}

/** A server in a place, for the length of some work. */
async function served<T>({ data, env }: Place, work: (rest: Rest, url: string) => Promise<T>): Promise<T> {
  const server = parlance(['serve', '--port', '0', '--host', '127.0.0.1', '--rate-limit', 'off', '--data-dir', data], env)
  try {
    const url = await listening(server)
    return await work(createRest(url), url)
  } finally {
    server.kill('SIGTERM')
    await server.exited
  }
}

const cluster = await postgres()
const engines: Record<string, () => Promise<Record<string, string>>> = {
  sqlite: () => Promise.resolve({}),
  ...(cluster !== null && { postgres: async () => ({ DATABASE_URL: await cluster.createDatabase() }) }),
}

for (const [from, source] of Object.entries(engines)) {
  for (const [to, target] of Object.entries(engines)) {
    test(
      `a backup taken while ${from} is written to comes back whole in ${to}, under a new identity`,
      async () => {
        const [old, fresh] = [place(await source()), place(await target())]
        const file = join(root, `${from}-${to}.backup`)
        const seen = await served(old, async (rest, url) => {
          const { access_token, refresh_token } = await rest.call('accounts.register', { username: 'ada', password })
          const { room } = await rest.call('rooms.create', { kind: 'group', title: 'Kept «ünï» 🎉' }, { token: access_token })
          const send = (content: string, cid: string = crypto.randomUUID()) =>
            rest.call('messages.send', { room: room.id, content, cid, meta: { of: [1, null, 'x'] } }, { token: access_token })
          for (let i = 0; i < 30; i++) await send(`before ${i}`, `before-${i}`)
          await using socket = await connect(url)
          const { ready } = await socket.hello(access_token)
          let isDone = false
          const acknowledged: number[] = []
          const writing = (async () => {
            while (!isDone) acknowledged.push((await send('meanwhile')).message.n)
          })()
          const least = acknowledged.length + 30
          const { code, text } = await old.run('backup', file)
          isDone = true
          await writing
          expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining(`Wrote ${file}`) })
          return { room: room.id, epoch: ready.epoch, useq: ready.useq, least, refresh: refresh_token ?? '' }
        })
        expect(statSync(file).mode & 0o777).toBe(0o600)
        expect(await old.run('backup', file)).toMatchObject({ code: 1, text: expect.stringContaining('exists already') })
        const nowhere = join(root, 'no', 'such', 'directory')
        expect(await old.run('backup', join(nowhere, 'file'))).toEqual({
          code: 1,
          text: `${nowhere} is no directory that this user may write.\n`,
        })

        const { code, text } = await fresh.run('restore', file)
        expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('Restored what was kept at') })
        await served(fresh, async (rest, url) => {
          // The same keys: the login goes on.
          const { access_token } = await rest.call('accounts.refresh', { refresh_token: seen.refresh })
          const token = { token: access_token }
          const { items } = await rest.call('messages.list', { room: seen.room, after: 0, limit: 200 }, token)
          expect(items.length).toBeGreaterThanOrEqual(seen.least)
          expect(items.map(({ n }) => n)).toEqual(items.map((_, i) => i + 1))
          expect(items[0]).toMatchObject({ content: 'before 0', meta: { of: [1, null, 'x'] } })
          // Exactly once holds across it: the digest of the message was made with the key that came along.
          const again = await rest.call(
            'messages.send',
            { room: seen.room, content: 'before 3', cid: 'before-3', meta: { of: [1, null, 'x'] } },
            token,
          )
          expect([again.dup, again.message.n]).toEqual([true, 4])
          const next = await rest.call('messages.send', { room: seen.room, content: 'after' }, token)
          const { items: all } = await rest.call('messages.list', { room: seen.room, limit: 1 }, token)
          expect(all).toMatchObject([{ id: next.message.id, content: 'after' }])
          const bob = await rest.call('accounts.register', { username: 'bob', password })
          await rest.call('members.add', { room: seen.room, user: bob.user.id }, token)
          await using socket = await connect(url)
          const { ready } = await socket.hello(access_token, { epoch: seen.epoch, useq: seen.useq, rooms: {} })
          expect(ready.mode).toBe('reset')
          expect(ready.epoch).not.toBe(seen.epoch)
          expect(await fresh.run('restore', file, '--force')).toMatchObject({
            code: 1,
            text: expect.stringMatching(/is in use by another server|A server is connected/),
          })
        })
        expect(await fresh.run('restore', file)).toMatchObject({ code: 1, text: expect.stringContaining('--force') })
        const forced = await fresh.run('restore', file, '--force')
        expect(forced.code).toBe(0)
        if (to === 'sqlite') {
          const kept = /The former database is in (\S+)\.\n/.exec(forced.text)?.[1] ?? ''
          expect(existsSync(join(kept, 'parlance.db'))).toBe(true)
        }
      },
      patience,
    )
  }
}

/** Every row of every table, in an order of its own. */
function contents(file: string): Map<string, string[]> {
  using db = new Database(file, { readonly: true, strict: true })
  const names = db.query<{ name: string }, []>("select name from sqlite_master where type = 'table' and name not like 'kysely_%'").all()
  const rows = (name: string) =>
    db
      .query(`select * from "${name}"`)
      .all()
      .map((row) => JSON.stringify(row))
      .sort()
  return new Map(names.filter(({ name }) => name !== 'meta').map(({ name }) => [name, rows(name)]))
}

test.skipIf(cluster === null)(
  'a copy of a copy is the same, row by row, through either engine',
  async () => {
    const [old, other, third] = [place({}), place({ DATABASE_URL: (await cluster?.createDatabase()) ?? '' }), place({})]
    const files = ['first', 'second', 'third'].map((name) => join(root, `${name}.copy`)) as [string, string, string]
    expect((await old.run('demo')).code).toBe(0)
    await old.run('user', 'suspend', 'linus')
    expect((await old.run('backup', files[0])).code).toBe(0)
    for (const [from, next, into] of [
      [files[0], other, files[1]],
      [files[1], third, files[2]],
    ] as const) {
      expect((await next.run('restore', from)).code).toBe(0)
      expect((await next.run('backup', into)).code).toBe(0)
    }
    const [first, second, last] = files.map(contents)
    expect(first?.get('messages')?.length).toBeGreaterThan(30)
    // A counter that has never counted has no row where it was made, and a 0 where it was copied.
    const counters = (rows: Map<string, string[]> | undefined) => {
      rows?.set('sqlite_sequence', rows.get('sqlite_sequence')?.filter((row) => !row.includes('"seq":0')) ?? [])
      return Object.fromEntries(rows ?? [])
    }
    expect(counters(second)).toEqual(counters(first))
    expect(counters(last)).toEqual(counters(first))
  },
  patience,
)

describe('a restore', () => {
  test(
    'takes nothing that is no backup, and leaves everything as it was',
    async () => {
      const here = place({})
      await here.run('user', 'create', 'ada', '--password', password)
      const before = readFileSync(join(here.data, 'parlance.db'))
      const junk = join(root, 'junk')
      writeFileSync(junk, 'SQLite format 3\0 and then nothing of the sort')
      for (const file of [junk, join(here.data, 'parlance.db')])
        expect(await here.run('restore', file, '--force')).toMatchObject({
          code: 1,
          text: expect.stringContaining('is no backup of Parlance'),
        })
      expect(await here.run('restore', join(root, 'nowhere'))).toMatchObject({ code: 1, text: expect.stringContaining('There is no file') })
      expect(await here.run('restore')).toMatchObject({ code: 1, text: expect.stringContaining('Usage') })
      expect(readFileSync(join(here.data, 'parlance.db')).equals(before)).toBe(true)
      expect(await here.run('backup')).toMatchObject({ code: 1, text: expect.stringContaining('Usage') })
      expect(await place({}).run('backup', join(root, 'none'))).toMatchObject({
        code: 1,
        text: expect.stringContaining('There is no database'),
      })
    },
    patience,
  )
})
