import { ManualClock } from '../../../src/base/manual-clock.ts'
import { memoryBus } from '../../../src/live/memory/bus.ts'
import { memoryHere } from '../../../src/live/memory/here.ts'
import { memoryPresence } from '../../../src/live/memory/presence.ts'
import { busContract } from './bus-contract.ts'
import { hereContract } from './here-contract.ts'
import { presenceContract } from './presence-contract.ts'

busContract('memory', () => {
  const failures: unknown[] = []
  const bus = memoryBus((error) => void failures.push(error))
  return Promise.resolve({ near: bus, far: bus, failures, [Symbol.asyncDispose]: () => Promise.resolve() })
})

presenceContract('memory', () => {
  const clock = new ManualClock()
  const presence = memoryPresence({ clock })
  return Promise.resolve({
    near: presence,
    far: presence,
    pass: (ms) => clock.advance(ms),
    [Symbol.asyncDispose]() {
      presence[Symbol.dispose]()
      return Promise.resolve()
    },
  })
})

hereContract('memory', (max) => {
  const bus = memoryBus()
  const here = memoryHere({ bus, clock: new ManualClock(), max })
  return Promise.resolve({ near: here, far: here, bus, [Symbol.asyncDispose]: () => Promise.resolve() })
})
