import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createOlderClient, type OlderClient } from '../harness/older-client.ts'
import { backends, startServer, type TestServer } from '../harness/server.ts'

/** Hashes as the originals wrote them, and where their people log in. */
const doors = [
  {
    api: 'chat-backend',
    password: 'Passw0rd!x',
    hash: 'pbkdf2_sha256$260000$iMU3KWzjUHqdinyFdRMgT1$G+qI/+fRLOcHWWyad3RUDx+YKGzff/Ki471K7ANAEG0=',
    path: '/api/token/',
    by: 'username',
  },
  {
    api: 'django-chat-app',
    password: 'secret1',
    hash: 'pbkdf2_sha256$260000$P4jem44IzYj5UiRsgVozmD$+jcy+KqcKiq5OkEDjp2PVvN7aJCBb0O0hCMPAkFsU5U=',
    path: '/login/',
    by: 'email',
  },
  {
    api: 'django-realtime-chat-api',
    password: '12345678',
    hash: 'pbkdf2_sha256$260000$z1YQq0ijAzDo8vsrBgeyO7$DZDfK8QNdpGMrVmxOcC17P0sQC9HCDhliB6IXClF6+g=',
    path: '/api/login/',
    by: 'username',
  },
  {
    api: 'realtime-chat',
    password: 'Passw0rd!x',
    hash: 'pbkdf2_sha256$260000$mqWB1ehRpulyDj3E3SU9S1$cva++I4w/rS6tcJr3hmh8MWPK6n7QJur8dK7IiFJfbY=',
    path: '/users/auth/login/',
    by: 'username',
  },
] as const

for (const { name, env } of await backends()) {
  describe(`an account that brings the hash of its original along (${name})`, () => {
    let server: TestServer
    let api: OlderClient
    beforeAll(async () => {
      server = await startServer({ env: await env() })
      api = createOlderClient(server.url)
    })
    afterAll(() => server[Symbol.asyncDispose]())

    test.each(doors)(
      'logs in at $api, several times at once, and has a hash of ours from then on',
      async ({ api: username, password, hash, path, by }) => {
        const { store } = server.running.house
        const email = `${username}@example.org`
        const names = { username, name_key: username, email, owned_email: email, first_name: '', last_name: '' }
        const user = { ...names, id: Bun.randomUUIDv7(), password: hash, admin: false, created_at: 1 }
        expect((await store.queue.write('users.create', { user, session: null })).status).toBe('created')
        const stored = async () => (await store.users.byNameKey(username))?.password
        const login = async (typed: string) =>
          (await api.ask('POST', path, { json: { [by]: by === 'email' ? email : username, password: typed } })).status

        expect(await login('wrong')).toBe(401)
        expect(await stored()).toBe(hash)
        expect(await Promise.all([login(password), login(password), login(password)])).toEqual([200, 200, 200])
        const replaced = await stored()
        expect(replaced).toStartWith('$argon2id$')
        expect([await login('wrong'), await login(password)]).toEqual([401, 200])
        expect(await stored()).toBe(replaced)
      },
    )
  })
}
