import { describe, expect, test } from 'bun:test'
import { createOlderClient } from '../harness/older-client.ts'
import { createRest } from '../harness/rest.ts'
import { startServer } from '../harness/server.ts'

/** Clients of older APIs were never told to come back later: who spends a budget is slowed before anybody refuses. */

const rate = (perMinute: number) => ({ burst: 3, perMinute })
const serverWith = (perMinute: number) => {
  const all = rate(perMinute)
  const ratesPerUser = { auth: all, read: all, write: all, send: all, ephemeral: all }
  return startServer({ env: { RATE_LIMIT: 'on' }, limits: { ratesPerUser, signedOutPerAddress: all } })
}

const password = 'Passw0rd!x'
const account = { username: 'ann', email: 'ann@example.org', password }
const logins = [
  ['/api/token/', { username: 'ann', password }],
  ['/login/', { email: 'ann@example.org', password }],
  ['/api/login/', { username: 'ann', password }],
  ['/users/auth/login/', { username: 'ann', password }],
] as const

describe('a budget that is spent', () => {
  test('slows logins and what is asked after them, one after the other and all at once', async () => {
    await using server = await serverWith(6000)
    const api = createOlderClient(server.url)
    await api.ask('POST', '/register/', { json: account })
    for (const [path, json] of logins) {
      const answers = []
      for (let i = 0; i < 4; i++) answers.push((await api.ask('POST', path, { json })).status)
      answers.push(...(await Promise.all([1, 2, 3, 4].map(() => api.ask('POST', path, { json })))).map(({ status }) => status))
      expect(new Set(answers)).toEqual(new Set([200]))
    }
    const { access: token } = (await api.ask('POST', '/api/token/', { json: logins[0][1] })).json as { access: string }
    for (const path of ['/api/chats/', '/my-rooms/', '/api/chat/history/x/', '/chat/rooms/']) {
      const asked = await Promise.all(Array.from({ length: 8 }, () => api.ask('GET', path, { token })))
      expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200]))
    }
    for (let i = 0; i < 8; i++)
      expect((await api.ask('POST', '/chat/rooms/create/', { token, json: { room_name: `r${i}` } })).status).toBe(201)
  })

  test('is refused with the time where that is more than a request may wait', async () => {
    await using server = await serverWith(6)
    const api = createOlderClient(server.url)
    await api.ask('POST', '/register/', { json: account })
    const answers = []
    for (const [path, json] of logins) answers.push(await api.ask('POST', path, { json }))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429])
    expect(answers.at(-1)?.headers.get('retry-after')).toBe('10')
  })

  test('is refused at once by the native API, whose clients know what that means', async () => {
    await using server = await serverWith(600)
    const rest = createRest(server.url)
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => rest.call('accounts.register', { username: `u${i}`, password })),
    )
    expect(answers.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
  })
})
