import { describe, expect, test } from 'bun:test'
import type { Outbound, Wire } from '../../../src/transport/outbound.ts'
import { BunWire, bunOutbound } from '../../../src/transport/outbound-bun.ts'
import { MemoryOutbound, MemoryWire } from '../../../src/transport/outbound-memory.ts'
import { StreamOutbound, StreamWire } from '../../../src/transport/outbound-stream.ts'
import { eventually } from '../../harness/eventually.ts'
import { openSocket } from '../../harness/plain-socket.ts'

type Peer = {
  wire: Wire
  /** Everything received, put together: not every wire keeps texts apart. */
  received: () => string
  /** Null where the wire has no word for it. */
  closed: () => Promise<{ code: number; reason: string } | null>
  flushed: () => Promise<void>
}
type World = AsyncDisposable & { outbound: Outbound; connect: () => Promise<Peer> }

const marker = 'marker'

function memory(): World {
  const outbound = new MemoryOutbound()
  return {
    outbound,
    connect: () => {
      const wire = new MemoryWire(outbound)
      const received = () => wire.received.filter((text) => text !== marker).join('')
      return Promise.resolve({
        wire,
        received,
        closed: () => Promise.resolve(wire.closedWith ?? { code: 0, reason: '' }),
        flushed: () => Promise.resolve(),
      })
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

function runtime(): World {
  const opened: ((wire: Wire) => void)[] = []
  const server = Bun.serve<object>({
    port: 0,
    fetch: (request, self) => (self.upgrade(request, { data: {} }) ? undefined : new Response(null, { status: 400 })),
    websocket: {
      open: (socket) => opened.shift()?.(new BunWire(socket)),
      message: () => undefined,
      closeOnBackpressureLimit: true,
    },
  })
  return {
    outbound: bunOutbound(() => server),
    async connect() {
      const wire = new Promise<Wire>((resolve) => opened.push(resolve))
      const peer = await openSocket(`ws://127.0.0.1:${server.port}/`)
      const own = await wire
      return {
        wire: own,
        received: () => peer.received.filter((text) => text !== marker).join(''),
        closed: () => peer.closed,
        // What was sent before the marker is there once the marker is.
        flushed: async () => {
          own.send(marker)
          await peer.until((texts) => texts.at(-1) === marker)
        },
      }
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop(true)
    },
  }
}

/** Streams of server-sent events, read as slowly as anybody likes. */
function stream(): World {
  const outbound = new StreamOutbound()
  return {
    outbound,
    connect: () => {
      const { promise: ended, resolve } = Promise.withResolvers<void>()
      const wire = new StreamWire(outbound, { drained: () => undefined, closed: resolve })
      let text = ''
      const read = (async () => {
        for await (const piece of wire.body()) text += new TextDecoder().decode(piece)
      })()
      return Promise.resolve({
        wire,
        received: () => text.replaceAll(marker, ''),
        // There is no close frame: the last text says why.
        closed: async () => {
          await Promise.all([ended, read])
          return null
        },
        flushed: async () => {
          wire.send(marker)
          await eventually(() => text.endsWith(marker))
        },
      })
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

for (const [name, open] of Object.entries({ memory, runtime, stream })) {
  describe(`outbound: ${name}`, () => {
    test('what is sent and what is published arrives in the order of the calls', async () => {
      await using world = open()
      const peer = await world.connect()
      peer.wire.subscribe('a')
      world.outbound.publish('a', '1')
      peer.wire.send('2')
      world.outbound.publish('a', '3')
      peer.wire.send('4')
      await peer.flushed()
      expect(peer.received()).toBe('1234')
    })

    test('a publish reaches those subscribed at that moment and nobody else', async () => {
      await using world = open()
      const [one, two] = [await world.connect(), await world.connect()]
      one.wire.subscribe('a')
      two.wire.subscribe('b')
      world.outbound.publish('a', 'before')
      one.wire.unsubscribe('a')
      world.outbound.publish('a', 'after')
      await one.flushed()
      await two.flushed()
      expect([one.received(), two.received()]).toEqual(['before', ''])
    })

    test('subscribing twice delivers once', async () => {
      await using world = open()
      const peer = await world.connect()
      peer.wire.subscribe('a')
      peer.wire.subscribe('a')
      world.outbound.publish('a', 'x')
      await peer.flushed()
      expect(peer.received()).toBe('x')
    })

    test('what was sent before a close arrives, and calls after it do nothing', async () => {
      await using world = open()
      const peer = await world.connect()
      peer.wire.subscribe('a')
      peer.wire.send('last')
      peer.wire.close(4503, 'gone')
      expect([null, { code: 4503, reason: 'gone' }]).toContainEqual(await peer.closed())
      world.outbound.publish('a', 'late')
      peer.wire.send('late')
      peer.wire.subscribe('a')
      peer.wire.unsubscribe('a')
      expect(peer.received()).toBe('last')
    })
  })
}
