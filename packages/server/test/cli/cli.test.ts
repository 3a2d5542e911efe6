import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, listening, parlance } from '../harness/process.ts'
import { createRest, type Rest } from '../harness/rest.ts'

const root = mkdtempSync(join(tmpdir(), 'parlance-cli-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const patience = 60_000

function passwordHashes(data: string): (string | null)[] {
  using db = new Database(join(data, 'parlance.db'), { readonly: true, strict: true })
  return db
    .query<{ password: string | null }, []>('select password from users')
    .all()
    .map(({ password }) => password)
}

describe('beside a server started on nothing, the command line', () => {
  const data = join(root, 'fresh')
  let server: Command
  let rest: Rest
  /** The exit code of a command and what it printed. */
  const run = async (...args: string[]): Promise<[number, string]> => {
    const command = parlance([...args, '--data-dir', data])
    return [await command.exited, command.text()]
  }
  const login = (username: string, password: string) => rest.ask('accounts.login', { username, password })
  const usable = 'a long enough one'

  beforeAll(async () => {
    server = parlance(['serve', '--port', '0', '--data-dir', data])
    rest = createRest(await listening(server))
  }, patience)
  afterAll(async () => {
    server.kill('SIGKILL')
    await server.exited
  })

  test(
    'makes an admin, who has a new password by a link or a word, and is listed',
    async () => {
      expect((await rest.raw('GET', '/readyz')).status).toBe(200)
      expect(await run('user', 'create', 'root', '--admin', '--password', usable)).toEqual([0, 'Created root, an admin.\n'])
      expect((await login('root', usable)).result?.user.username).toBe('root')
      // Other tests hash cheaply; an installation does not.
      expect(passwordHashes(data).join()).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$')

      const [linked, link] = await run('user', 'reset-link', 'root', '--public-url', 'https://chat.example.org')
      expect(linked).toBe(0)
      const token = /\/reset#([\w-]+)\n/.exec(link)?.[1] ?? ''
      await rest.call('recovery.redeem', { token, password: 'another long one' })
      const told = 'The password of root is changed and every session ended.\n'
      expect(await run('user', 'password', 'root', '--password', usable)).toEqual([0, told])
      expect((await login('root', usable)).result?.user.username).toBe('root')

      const [listed, list] = await run('user', 'list', 'OO')
      expect(listed).toBe(0)
      expect(list).toMatch(/^[\w-]{36} {2}\d{4}-\d\d-\d\d {2}active +admin {2}root\n$/)
      expect(await run('user', 'create', 'ROOT')).toEqual([1, 'Another account has this username.\n'])
      const [wrong, usage] = await run('user', 'shout', 'root')
      expect(wrong).toBe(1)
      expect(usage).toContain('parlance user reset-link NAME')
    },
    patience,
  )

  test(
    'gives invitations and takes them back',
    async () => {
      const [invited, invite] = await run('invite', '--uses', '2', '--days', '1')
      expect(invited).toBe(0)
      const code = /\/invite#([\w-]+)\n/.exec(invite)?.[1] ?? ''
      expect((await rest.call('invites.preview', { code })).registers).toBe(true)
      const [listed, list] = await run('invite', 'list')
      expect(listed).toBe(0)
      const id = /^([\w-]{36}) {2}0 of 2 used/.exec(list)?.[1] ?? ''
      expect(await run('invite', 'revoke', id)).toEqual([0, 'Revoked.\n'])
      expect((await rest.ask('invites.preview', { code })).problem?.code).toBe('invalid_link')
    },
    patience,
  )

  test(
    'deletes an account when it is told what becomes of the messages',
    async () => {
      expect((await run('user', 'create', 'leaver', '--password', usable))[0]).toBe(0)
      const usage = 'Usage:\n  parlance user delete NAME --messages keep|remove\n'
      expect(await run('user', 'delete', 'leaver')).toEqual([1, usage])
      const told = 'Deleted leaver. What they wrote stays.\n'
      expect(await run('user', 'delete', 'leaver', '--messages', 'keep')).toEqual([0, told])
      expect((await login('leaver', usable)).problem?.code).toBe('invalid_credentials')
    },
    patience,
  )

  test(
    'issues tokens, until the account is suspended',
    async () => {
      expect((await run('user', 'create', 'holder', '--password', usable))[0]).toBe(0)
      const [status, text] = await run('token', 'HOLDER')
      expect(status).toBe(0)
      const [issued = ''] = text.split('\n')
      expect(await rest.call('accounts.me', {}, { token: issued })).toMatchObject({ username: 'holder' })
      const told = 'Suspended holder. Everything they had open has ended.\n'
      expect(await run('user', 'suspend', 'holder')).toEqual([0, told])
      expect((await rest.ask('accounts.me', {}, { token: issued })).problem?.code).toBe('suspended')
      expect(await run('token', 'holder')).toEqual([1, 'This account is suspended.\n'])
      expect((await run('user', 'restore', 'holder'))[0]).toBe(0)
      expect((await rest.ask('accounts.me', {}, { token: issued })).problem?.code).toBe('unauthenticated')
    },
    patience,
  )

  test(
    'finds it well, starts no second one, and ends it by SIGTERM',
    async () => {
      const [well, findings] = await run('doctor')
      expect(well).toBe(0)
      expect(findings).toMatch(/the database \(sqlite[^)]*\) answers/)
      const [second, refusal] = await run('serve', '--port', '0')
      expect(second).toBe(1)
      expect(refusal).toMatch(/is in use by another server \(process \d+/)
      server.kill('SIGTERM')
      expect(await server.exited).toBe(0)
    },
    patience,
  )
})

describe('the command line', () => {
  test(
    'without a server a command opens the data directory itself, and the demo fills it twice',
    async () => {
      const data = join(root, 'demo')
      const first = parlance(['demo', '--data-dir', data])
      expect(await first.exited).toBe(0)
      expect(first.text()).toContain('the password is')
      const second = parlance(['demo', '--data-dir', data])
      expect(await second.exited).toBe(0)
      expect(second.text()).toContain('were here before')
    },
    patience,
  )

  test(
    'settings that cannot be are all told at once',
    async () => {
      const server = parlance(['serve', '--port', 'many', '--log-level', 'loud', '--no-such-thing', 'x'])
      expect(await server.exited).toBe(1)
      for (const name of ['--port', '--log-level', '--no-such-thing']) expect(server.text()).toContain(name)
    },
    patience,
  )

  test(
    'help names every command, and an unknown one, or a word that none takes, is refused',
    async () => {
      const help = parlance(['--help'])
      expect(await help.exited).toBe(0)
      for (const name of ['serve', 'user create', 'chat', 'demo', 'doctor', 'DATA_DIR']) expect(help.text()).toContain(name)
      const unknown = parlance(['explode'])
      expect(await unknown.exited).toBe(2)
      expect(unknown.text()).toContain('no command "explode"')
      const tooMuch = parlance(['user', 'delete', 'ada', 'grace'])
      expect(await tooMuch.exited).toBe(2)
      expect(tooMuch.text()).toContain('does not take "grace"')
    },
    patience,
  )
})
