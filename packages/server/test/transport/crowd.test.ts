import { expect, test } from 'bun:test'
import { seededRandom } from '../../src/base/random.ts'
import { Crowd } from '../../src/transport/crowd.ts'

test('a crowd has whoever came and has not gone, few or many', () => {
  const random = seededRandom(5)
  const [crowd, set] = [new Crowd<number>(), new Set<number>()]
  for (let step = 0; step < 20_000; step++) {
    // Fills up beyond what a list holds, and empties again.
    const fills = Math.floor(step / 5000) % 2 === 0
    const one = Math.floor(random.fraction() * 3000)
    if (random.fraction() < 0.1 ? fills : !fills) {
      crowd.remove(one)
      set.delete(one)
    } else if (!set.has(one)) {
      crowd.add(one)
      set.add(one)
    }
    if (step % 100 === 0) expect(crowd.all().toSorted((a, b) => a - b)).toEqual([...set].sort((a, b) => a - b))
  }
})

test('those who were counted are all seen, whoever goes meanwhile', () => {
  const crowd = new Crowd<string>()
  for (const name of ['ada', 'bob', 'cleo']) crowd.add(name)
  const seen = crowd.all().map((name) => {
    crowd.remove(name)
    return name
  })
  expect([seen, crowd.all()]).toEqual([['ada', 'bob', 'cleo'], []])
})
