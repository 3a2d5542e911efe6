import { expect, test } from 'bun:test'
import { seededRandom } from '../../src/base/random.ts'
import { SeatRooms, type Standing } from '../../src/transport/seat-rooms.ts'

const standings: readonly Standing[] = ['live', 'heads', 'open', 'guest']

test('the rooms of a seat are what a Map would say, few of them and many', () => {
  const random = seededRandom(7)
  const below = (max: number) => Math.floor(random.fraction() * max)
  const keys = Array.from({ length: 60 }, (_, id) => ({ id }))
  const [few, map] = [new SeatRooms<object>(), new Map<object, Standing>()]
  for (let step = 0; step < 3000; step++) {
    // Fills up beyond what lists hold, and empties again.
    const fills = Math.floor(step / 500) % 2 === 0
    const key = keys[below(keys.length)]
    if (key === undefined) throw new Error('a key is missing')
    if (below(4) === 0 ? !fills : fills) {
      const standing = standings[below(standings.length)] as Standing
      few.set(key, standing)
      map.set(key, standing)
    } else {
      few.delete(key)
      map.delete(key)
    }
    expect(few.entries()).toEqual([...map])
    expect(keys.map((each) => few.get(each))).toEqual(keys.map((each) => map.get(each)))
    expect(keys.map((each) => few.has(each))).toEqual(keys.map((each) => map.has(each)))
  }
})

test('what is walked through stays as it was', () => {
  const map = new SeatRooms<number>()
  for (const n of [1, 2, 3]) map.set(n, 'live')
  const seen: number[] = []
  for (const [key] of map.entries()) {
    map.delete(key)
    seen.push(key)
  }
  expect([seen, map.entries()]).toEqual([[1, 2, 3], []])
})
