import { expect, test } from 'bun:test'
import { backends } from '../../harness/server.ts'
import { openWorld } from '../../harness/world.ts'

for (const { name, env } of await backends()) {
  test(`a hundred who spend one at once over REST get one successor, on ${name}`, async () => {
    await using other = await openWorld({ env: await env() })
    const who = await other.person('spender')
    const spend = () => other.rest.call('accounts.refresh', { refresh_token: who.refresh })
    const answers = await Promise.all(Array.from({ length: 100 }, spend))
    expect(new Set(answers.map(({ refresh_token }) => refresh_token)).size).toBe(1)
    expect(new Set(answers.map(({ session }) => session)).size).toBe(1)
    const next = await other.rest.call('accounts.refresh', { refresh_token: answers[0]?.refresh_token ?? '' })
    expect(next.session).toBe(answers[0]?.session ?? '')
  }, 60_000)
}
