import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { limits } from '@parlance/protocol'
import { openWorld } from './harness/world.ts'

const guide = await Bun.file(join(import.meta.dir, '../../../docs/guides/messages.md')).text()

/** The requests of the guide in their order: `api POST /path '{"a":1}'`. */
const requests = [...guide.matchAll(/^api (\w+) "?([^\s"]+)"?(?: '([^']+)')?/gm)].map(([, method = '', path = '', body]) => ({
  method,
  path,
  body,
}))

test('the requests of the guide do what it says, one after the other', async () => {
  expect(requests.length).toBeGreaterThan(10)
  await using world = await openWorld()
  const [ada, bob] = [await world.person('ada'), await world.person('bob')]
  await world.rest.call('rooms.create', { kind: 'public', name: 'general' }, bob)
  const room = await world.group([bob, ada])
  const { id } = await world.send(ada, room, 'hello')
  for (const { method, path, body } of requests) {
    const answer = await world.rest.raw(method, `/api/v1${path.replace('$R', room).replace('$M', id)}`, {
      headers: { Authorization: `Bearer ${bob.token}`, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body }),
    })
    expect([method, path, answer.status]).toEqual([method, path, path.endsWith('/forward') ? 201 : 200])
  }
  expect(await world.rest.call('rooms.get', { room }, ada)).toMatchObject({ ttl_s: 86_400 })
})

test('the numbers of the guide are those of the protocol', () => {
  const text = guide.replaceAll(/\s+/g, ' ')
  const sentences = [
    `at most ${limits.reactions} different reactions, and ${limits.user_reactions} of one user`,
    `all of them (${limits.pins} at most)`,
    `rooms of more than ${limits.large_room} members`,
    `(${limits.ttl_min_s} to a year)`,
  ]
  for (const sentence of sentences) expect(text).toContain(sentence)
  expect(limits.ttl_max_s / 86_400).toBe(365 as number)
})
