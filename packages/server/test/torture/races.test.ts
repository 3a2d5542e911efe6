import { expect, test } from 'bun:test'
import { startServer } from '../harness/server.ts'
import { raceRemovals } from './races.ts'
import { seeded } from './random.ts'

test('a removed member receives nothing past the removal in 200 races', async () => {
  await using server = await startServer()
  const seed = Math.floor(Math.random() * 2 ** 32)
  const { races, contested, violations, faults } = await raceRemovals(Number(new URL(server.url).port), 200, seeded(seed))
  expect({ seed, violations, faults }).toEqual({ seed, violations: [], faults: [] })
  expect(races).toBe(200)
  expect(contested).toBeGreaterThan(100)
}, 60_000)
