import { expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import type { Conversation } from '../../src/dialects/dialect.ts'
import { native } from '../../src/dialects/native/native.ts'
import type { Gate } from '../../src/dispatch.ts'
import { Connection } from '../../src/transport/connection.ts'
import { MemoryOutbound, MemoryWire } from '../../src/transport/outbound-memory.ts'
import { Replies } from '../../src/transport/replies.ts'
import { openNode } from '../simulation/node.ts'

const { name, door, lossy } = native({ access: 60, refresh: 60 })
const second = 1000

/** When a connection is ended of whose peer something comes in at these seconds, and how; null where it stays for five minutes. */
async function endOf(comesIn: (second: number, wire: MemoryWire) => boolean, wire = new MemoryWire(new MemoryOutbound())) {
  await using node = await openNode(1, { lose: 0, repeat: 0, delay: 0 })
  const ended: [code: number, reason: string][] = []
  const conversation: Conversation = {
    frame: () => undefined,
    // What the server says is no sign of the peer's life.
    heartbeat: () => wire.send('heartbeat'),
    end: (code, reason) => void ended.push([code, reason]),
    closed: () => undefined,
  }
  const origin = { id: 'conn', address: 'here', proven: () => undefined, ended: () => undefined }
  const gate = {} as Gate
  const connection = new Connection({
    origin,
    wire,
    deps: {
      dialect: { name, door, lossy },
      gate,
      hub: node.hub,
      replies: new Replies(),
      heartbeatMs: 22.5 * second,
      maxFrames: Number.POSITIVE_INFINITY,
    },
  })
  connection.start(conversation)
  const { actor } = await node.person('ada')
  connection.prolong(actor)
  const began = node.clock.now()
  for (let at = 1; at <= 300; at++) {
    await node.clock.advance(second)
    if (comesIn(at, wire)) connection.heard()
    connection.inspect(node.clock.now())
    if (ended.length > 0) return { ended, after_ms: node.clock.now() - began }
  }
  return { ended, after_ms: null }
}

test('a peer that says nothing is asked, and ended with 4408 when it is silent for as long as is published', async () => {
  const { ended, after_ms } = await endOf(() => false)
  expect(ended).toEqual([[4408, 'silent']])
  expect(after_ms).toBeWithin(limits.silence_ms, limits.silence_ms + 3 * second)
})

test('a peer whose end of the wire answers, and nothing else, stays', async () => {
  let answered = 0
  const { ended } = await endOf((_, { pings }) => pings > answered && (answered = pings) > 0)
  expect(ended).toEqual([])
  expect(answered).toBeGreaterThan(300 / 35)
})

test('where no sign of life can come none is missed', async () => {
  class Stream extends MemoryWire {
    override ping(): boolean {
      return false
    }
  }
  expect((await endOf(() => false, new Stream(new MemoryOutbound()))).ended).toEqual([])
})
