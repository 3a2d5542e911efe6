import { grid } from '../world.ts'
import type { Claim } from './claim.ts'
import { compareFanOut } from './fan-out.ts'

export const manyRooms: Claim = {
  name: 'many-rooms',
  sentence: '200 rooms of 10, 200 senders with one message in flight each',
  measure: (bench) => compareFanOut(bench, { world: grid(200, 10), senders: 200, goal: 1.7 }),
}
