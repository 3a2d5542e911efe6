import { expect, test } from 'bun:test'
import { createRest } from '../harness/rest.ts'
import { startServer } from '../harness/server.ts'

/** Where people register at the older doors, with a body that each would take. */
const doors = [
  { path: '/django-realtime-chat-api/api/register/', body: { username: 'ann', password: 'correct horse', email: 'ann@example.org' } },
]

for (const mode of ['off', 'invite'] as const) {
  test(`with REGISTRATION=${mode} older doors answer 403 in their own shape, and make nobody`, async () => {
    await using server = await startServer({ env: { REGISTRATION: mode } })
    const rest = createRest(server.url)
    for (const { path, body } of doors) {
      const answer = await rest.raw('POST', path, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      expect([path, answer.status]).toEqual([path, 403])
      expect(await answer.json()).toEqual({
        detail: mode === 'off' ? 'This server does not take registrations.' : 'This server takes registrations by invitation only.',
      })
    }
    expect(await server.running.house.store.users.list('', { after: null, limit: 1 })).toEqual([])
  })
}
