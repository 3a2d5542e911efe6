import { grid } from '../world.ts'
import type { Claim } from './claim.ts'
import { compareFanOut } from './fan-out.ts'

export const oneRoom: Claim = {
  name: 'one-room',
  sentence: 'One room of 200 sockets that have it open, 10 senders with one message in flight each',
  measure: (bench) => compareFanOut(bench, { world: grid(1, 200), senders: 10, goal: 7 }),
}
