import { afterAll, describe, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listening, parlance } from '../harness/process.ts'
import { createRest } from '../harness/rest.ts'

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

describe('the command line', () => {
  test(
    'a server started on nothing listens, acts on commands of its machine, and ends on SIGTERM',
    async () => {
      const data = join(root, 'fresh')
      const server = parlance(['serve', '--port', '0', '--data-dir', data])
      const rest = createRest(await listening(server))
      expect((await rest.raw('GET', '/readyz')).status).toBe(200)

      const create = parlance(['user', 'create', 'root', '--admin', '--password', 'a long enough one', '--data-dir', data])
      expect([await create.exited, create.text()]).toEqual([0, 'Created root, an admin.\n'])
      expect((await rest.call('accounts.login', { username: 'root', password: 'a long enough one' })).user.username).toBe('root')
      // Other tests hash cheaply; an installation does not.
      expect(passwordHashes(data).join()).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$')

      const link = parlance(['user', 'reset-link', 'root', '--data-dir', data, '--public-url', 'https://chat.example.org'])
      expect(await link.exited).toBe(0)
      const token = /\/reset#([\w-]+)\n/.exec(link.text())?.[1] ?? ''
      await rest.call('recovery.redeem', { token, password: 'another long one' })
      const word = parlance(['user', 'password', 'root', '--password', 'a long enough one', '--data-dir', data])
      expect([await word.exited, word.text()]).toEqual([0, 'The password of root is changed and every session ended.\n'])
      expect((await rest.call('accounts.login', { username: 'root', password: 'a long enough one' })).user.username).toBe('root')
      const list = parlance(['user', 'list', 'OO', '--data-dir', data])
      expect(await list.exited).toBe(0)
      expect(list.text()).toMatch(/^[\w-]{36} {2}\d{4}-\d\d-\d\d {2}active +admin {2}root\n$/)
      const wrong = parlance(['user', 'shout', 'root', '--data-dir', data])
      expect(await wrong.exited).toBe(1)
      expect(wrong.text()).toContain('parlance user reset-link NAME')

      const invite = parlance(['invite', '--uses', '2', '--days', '1', '--data-dir', data])
      expect(await invite.exited).toBe(0)
      const code = /\/invite#([\w-]+)\n/.exec(invite.text())?.[1] ?? ''
      expect((await rest.call('invites.preview', { code })).registers).toBe(true)
      const invites = parlance(['invite', 'list', '--data-dir', data])
      expect(await invites.exited).toBe(0)
      const id = /^([\w-]{36}) {2}0 of 2 used/.exec(invites.text())?.[1] ?? ''
      const revoke = parlance(['invite', 'revoke', id, '--data-dir', data])
      expect([await revoke.exited, revoke.text()]).toEqual([0, 'Revoked.\n'])
      expect((await rest.ask('invites.preview', { code })).problem?.code).toBe('invalid_link')

      const maker = parlance(['user', 'create', 'leaver', '--password', 'a long enough one', '--data-dir', data])
      expect(await maker.exited).toBe(0)
      const unsaid = parlance(['user', 'delete', 'leaver', '--data-dir', data])
      expect([await unsaid.exited, unsaid.text()]).toEqual([1, 'Usage:\n  parlance user delete NAME --messages keep|remove\n'])
      const gone = parlance(['user', 'delete', 'leaver', '--messages', 'keep', '--data-dir', data])
      expect([await gone.exited, gone.text()]).toEqual([0, 'Deleted leaver. What they wrote stays.\n'])
      expect((await rest.ask('accounts.login', { username: 'leaver', password: 'a long enough one' })).problem?.code).toBe(
        'invalid_credentials',
      )

      const again = parlance(['user', 'create', 'ROOT', '--data-dir', data])
      expect([await again.exited, again.text()]).toEqual([1, 'Another account has this username.\n'])

      const issue = parlance(['token', 'ROOT', '--data-dir', data])
      expect(await issue.exited).toBe(0)
      const [issued = ''] = issue.text().split('\n')
      expect(await rest.call('accounts.me', {}, { token: issued })).toMatchObject({ username: 'root' })
      const suspend = parlance(['user', 'suspend', 'root', '--data-dir', data])
      expect([await suspend.exited, suspend.text()]).toEqual([0, 'Suspended root. Everything they had open has ended.\n'])
      expect((await rest.ask('accounts.me', {}, { token: issued })).problem?.code).toBe('suspended')
      const refused = parlance(['token', 'root', '--data-dir', data])
      expect([await refused.exited, refused.text()]).toEqual([1, 'This account is suspended.\n'])
      const restore = parlance(['user', 'restore', 'root', '--data-dir', data])
      expect(await restore.exited).toBe(0)
      expect((await rest.ask('accounts.me', {}, { token: issued })).problem?.code).toBe('unauthenticated')

      const doctor = parlance(['doctor', '--data-dir', data])
      expect(await doctor.exited).toBe(0)
      expect(doctor.text()).toMatch(/the database \(sqlite[^)]*\) answers/)

      const second = parlance(['serve', '--port', '0', '--data-dir', data])
      expect(await second.exited).toBe(1)
      expect(second.text()).toMatch(/is in use by another server \(process \d+/)

      server.kill('SIGTERM')
      expect(await server.exited).toBe(0)
    },
    patience,
  )

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
    'help names every command, and an unknown one is refused',
    async () => {
      const help = parlance(['--help'])
      expect(await help.exited).toBe(0)
      for (const name of ['serve', 'user create', 'chat', 'demo', 'doctor', 'DATA_DIR']) expect(help.text()).toContain(name)
      const unknown = parlance(['explode'])
      expect(await unknown.exited).toBe(2)
      expect(unknown.text()).toContain('no command "explode"')
    },
    patience,
  )
})
