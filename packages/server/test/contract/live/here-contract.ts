import { describe, expect, test } from 'bun:test'
import type { Bus, Person } from '../../../src/live/bus.ts'
import type { Here } from '../../../src/live/here.ts'
import { eventually } from '../../harness/eventually.ts'

/** Who is here as two nodes see it, or one node twice, and the bus that tells it. */
export type HerePair = AsyncDisposable & { near: Here; far: Here; bus: Bus }

const room = { number: 7, id: '0197a4be-0000-7000-8000-000000000007', name: 'plaza' }
const elsewhere = { ...room, number: 8, name: null }
const person = (number: number, username: string): Person => ({ number, id: `0197a4be-0000-7000-8000-00000000000${number}`, username })
const [ada, bob, cat] = [person(1, 'ada'), person(2, 'bob'), person(3, 'cat')]

/** What every one must do. `max`: people of one room that are told and listed. */
export function hereContract(name: string, open: (max: number) => Promise<HerePair>): void {
  const listening = async (max = 10) => {
    const pair = await open(max)
    const told: string[] = []
    pair.bus.listen((signal) => {
      if (signal.kind === 'here') told.push(`${signal.user.username} ${signal.here ? 'came to' : 'left'} ${signal.room.number}`)
    })
    for (const { number } of [room, elsewhere]) await pair.bus.subscribe({ room: number })
    const names = async (number = room.number) => (await pair.far.people(number)).map(({ username }) => username)
    return { ...pair, told, names }
  }

  describe(`who is here (${name})`, () => {
    test('is told and listed in the order of coming, room by room', async () => {
      await using pair = await listening()
      pair.near.enter(room, bob)
      pair.far.enter(room, ada)
      pair.near.enter(elsewhere, cat)
      await eventually(() => pair.told.length === 3)
      expect(pair.told.toSorted()).toEqual(['ada came to 7', 'bob came to 7', 'cat came to 8'])
      expect(await pair.names()).toEqual(['bob', 'ada'])
      expect(pair.near.heard(room.number)).toEqual([bob, ada])
      expect(await pair.names(9)).toEqual([])
    })

    test('the first socket comes, the last one leaves, at once', async () => {
      await using pair = await listening()
      const [first, second] = [pair.near.enter(room, ada), pair.far.enter(room, ada)]
      expect([first.told, second.told]).toEqual([true, false])
      first.end()
      expect(await pair.names()).toEqual(['ada'])
      second.end()
      await eventually(() => pair.told.length === 2)
      expect(pair.told).toEqual(['ada came to 7', 'ada left 7'])
      expect(await pair.names()).toEqual([])
    })

    test('ending a lease twice is ending it once', async () => {
      await using pair = await listening()
      const first = pair.near.enter(room, ada)
      pair.near.enter(room, ada)
      first.end()
      first.end()
      expect(await pair.names()).toEqual(['ada'])
      expect(pair.told).toEqual(['ada came to 7'])
    })

    test('a crowd is listed up to the bound, and hears of nobody beyond it', async () => {
      await using pair = await listening(2)
      const leases = [ada, bob, cat].map((one) => pair.near.enter(room, one))
      expect(leases.map(({ told }) => told)).toEqual([true, true, false])
      expect(await pair.names()).toEqual(['ada', 'bob'])
      for (const lease of leases) lease.end()
      await eventually(() => pair.told.length === 4)
      expect(pair.told).toEqual(['ada came to 7', 'bob came to 7', 'bob left 7', 'cat left 7'])
    })
  })
}
