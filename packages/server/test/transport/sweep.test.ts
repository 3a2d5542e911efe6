import { expect, test } from 'bun:test'
import type { Conversation } from '../../src/dialects/dialect.ts'
import { native } from '../../src/dialects/native/native.ts'
import type { Gate } from '../../src/dispatch.ts'
import { Connection } from '../../src/transport/connection.ts'
import { MemoryOutbound, MemoryWire } from '../../src/transport/outbound-memory.ts'
import { Replies } from '../../src/transport/replies.ts'
import { Sweep } from '../../src/transport/sweep.ts'
import { openNode } from '../simulation/node.ts'

test('a conversation that breaks at its heartbeat ends alone', async () => {
  await using node = await openNode(1, { lose: 0, repeat: 0, delay: 0 })
  const { actor } = await node.person('ada')
  const { name, door, lossy } = native({ access: 60, refresh: 60 })
  const origin = { id: 'conn', address: 'here', proven: () => undefined, ended: () => undefined }
  const deps = {
    dialect: { name, door, lossy },
    gate: {} as Gate,
    hub: node.hub,
    replies: new Replies(),
    maxFrames: 100,
    heartbeatMs: 1000,
  }
  const connect = (heartbeat: (wire: MemoryWire) => void) => {
    const wire = new MemoryWire(new MemoryOutbound())
    const connection = new Connection({ origin, wire, deps })
    const conversation: Conversation = {
      frame: () => undefined,
      heartbeat: () => heartbeat(wire),
      end: () => undefined,
      closed: () => undefined,
    }
    connection.start(conversation)
    connection.prolong(actor)
    return { connection, wire }
  }
  const broken = connect(() => {
    throw new Error('a bug')
  })
  const other = connect((wire) => wire.send('still here'))
  const connections = new Set([broken.connection, other.connection])
  using _sweep = new Sweep({ hub: node.hub, connections, clock: node.clock, logger: node.hub.deps.logger })
  await node.clock.advance(1500)
  expect([broken.wire.closedWith?.code, other.wire.received]).toEqual([1011, ['still here']])
  expect(node.failures.join()).toContain('a conversation broke at its inspection')
})
