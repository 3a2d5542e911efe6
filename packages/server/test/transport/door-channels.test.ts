import { describe, expect, test } from 'bun:test'
import type { Encoder } from '../../src/dialects/dialect.ts'
import type { ChannelSignal } from '../../src/live/bus.ts'
import { memoryBus } from '../../src/live/memory/bus.ts'
import { DoorChannels } from '../../src/transport/door-channels.ts'
import { MemoryOutbound, MemoryWire } from '../../src/transport/outbound-memory.ts'
import type { Sitter } from '../../src/transport/sitter.ts'

const silent: Encoder = { room: () => null, user: () => null, ephemeral: () => null, presence: () => null, heads: () => null }

/** Channels of two doors that have some, and of one that has none, on the real bus. */
function open() {
  let encoded = 0
  const telling: Encoder = {
    ...silent,
    channel: ({ user, what }) => {
      encoded++
      return `${user.username}: ${what}`
    },
  }
  const [bus, outbound] = [memoryBus(), new MemoryOutbound()]
  const encoders = new Map([
    ['one', telling],
    ['two', telling],
    ['none', silent],
  ])
  const channels = new DoorChannels({ bus, outbound, encoders })
  let heard = 0
  bus.listen((signal) => {
    heard++
    if (signal.kind === 'channel' || signal.kind === 'named') channels.receive(signal)
  })
  const sit = (person: number, dialect = 'one') => {
    const wire = new MemoryWire(outbound)
    return { wire, sitter: { dialect, person, wire } as unknown as Sitter }
  }
  const say = (name: string, { door = 'one', to = null as number[] | null, what = 'hi' } = {}) => {
    const signal: ChannelSignal = { kind: 'channel', channel: { door, name }, user: ann, to, what, data: {}, at: 1 }
    bus.publish(signal)
  }
  const name = (given: string) => bus.publish({ kind: 'named', room: { number: 1, id: given, name: given }, fresh: true })
  return { channels, sit, say, name, counts: () => ({ encoded, heard }) }
}

const ann = { number: 1, id: 'u1', username: 'ann' }

describe('a channel', () => {
  test('is heard by those who listen in it, encoded once, and by nobody else', async () => {
    const { channels, sit, say, counts } = open()
    const [first, second, elsewhere, other] = [sit(1), sit(2), sit(3), sit(4, 'two')]
    for (const { sitter } of [first, second, other]) await channels.tune(sitter, 'lobby')
    await channels.tune(elsewhere.sitter, 'hall')
    say('lobby')
    expect([first, second, elsewhere, other].map(({ wire }) => wire.received)).toEqual([['ann: hi'], ['ann: hi'], [], []])
    expect(counts().encoded).toBe(1)
    say('lobby', { door: 'two' })
    expect(other.wire.received).toEqual(['ann: hi'])
    expect(first.wire.received).toHaveLength(1)
  })

  test('tells some people alone what is for them, on each of their sockets', async () => {
    const { channels, sit, say } = open()
    const sockets = [sit(1), sit(2), sit(2), sit(3)]
    for (const { sitter } of sockets) await channels.tune(sitter, 'lobby')
    say('lobby', { to: [2, 9], what: 'psst' })
    expect(sockets.map(({ wire }) => wire.received.length)).toEqual([0, 1, 1, 0])
  })

  test('is left in the very step in which another one is entered', async () => {
    const { channels, sit, say } = open()
    const { sitter, wire } = sit(1)
    await channels.tune(sitter, 'inside')
    const entered = channels.tune(sitter, 'outside')
    say('inside')
    say('inside', { to: [1] })
    await entered
    say('outside')
    expect(wire.received).toEqual(['ann: hi'])
    await channels.tune(sitter, 'outside')
    say('outside', { what: 'once' })
    expect(wire.received).toEqual(['ann: hi', 'ann: once'])
    void channels.tune(sitter, null)
    say('outside')
    expect(wire.received).toHaveLength(2)
  })

  test('that nobody here listens in is not heard of from the bus', async () => {
    const { channels, sit, say, counts } = open()
    const [first, second] = [sit(1), sit(2)]
    for (const { sitter } of [first, second]) await channels.tune(sitter, 'lobby')
    await channels.tune(first.sitter, null)
    say('lobby')
    expect(counts().heard).toBe(1)
    await channels.tune(second.sitter, 'hall')
    say('lobby')
    expect(counts().heard).toBe(1)
  })

  test('tells those who await its name that a room has it, as long as they do', async () => {
    const { channels, sit, name } = open()
    const told: string[] = []
    const awaiting = (who: string, awaited: string) => ({ name: awaited, told: ({ id }: { id: string }) => void told.push(`${who} ${id}`) })
    const [first, second, third] = [sit(1), sit(2, 'two'), sit(3)]
    await channels.tune(first.sitter, 'bare plaza', awaiting('first', 'plaza'))
    await channels.tune(second.sitter, 'bare plaza', awaiting('second', 'plaza'))
    await channels.tune(third.sitter, 'bare hall', awaiting('third', 'hall'))
    name('plaza')
    expect(told).toEqual(['first plaza', 'second plaza'])
    await channels.tune(first.sitter, 'the room')
    void channels.tune(second.sitter, null)
    name('plaza')
    name('hall')
    expect(told.slice(2)).toEqual(['third hall'])
  })

  test('of a door without any says nothing', async () => {
    const { channels, sit, say } = open()
    const { sitter, wire } = sit(1, 'none')
    await channels.tune(sitter, 'lobby')
    say('lobby', { door: 'none' })
    expect(wire.received).toEqual([])
  })
})
