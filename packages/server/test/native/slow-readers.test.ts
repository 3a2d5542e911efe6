import { connect as dial, type Socket } from 'node:net'
import { expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { eventually } from '../harness/eventually.ts'
import { openWorld } from '../harness/world.ts'

/** A socket that says hello and then never reads again. */
async function stalled(url: string, token: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = dial({ host: hostname, port: Number(port) })
  const key = 'dGhlIHNhbXBsZSBub25jZQ=='
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  )
  await new Promise<void>((resolve) => socket.once('data', () => resolve()))
  const payload = Buffer.from(JSON.stringify({ hello: { token } }))
  const length = Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0])
  socket.write(Buffer.concat([length, payload]))
  await new Promise<void>((resolve) => {
    let seen = ''
    const look = (data: Buffer) => {
      seen += data.toString('latin1')
      if (!seen.includes('"ready"')) return
      socket.off('data', look)
      resolve()
    }
    socket.on('data', look)
  })
  socket.pause()
  return socket
}

test('a socket that does not read is closed at a bound, misses nothing silently, and slows nobody else', async () => {
  await using world = await openWorld()
  const [ada, bob] = [await world.person('ada'), await world.person('bob')]
  const room = await world.group([ada, bob])
  const reader = await world.socket(bob)
  const lazy = await stalled(world.server.url, bob.token)
  const connections = async () => {
    const text = await (await world.rest.raw('GET', '/metrics')).text()
    return Number(/^parlance_socket_connections\{dialect="native"\} (\d+)$/m.exec(text)?.[1])
  }
  expect(await connections()).toBe(2)

  // The kernel takes some megabytes before the server sees any of it waiting.
  const content = 'x'.repeat(limits.content_chars)
  let sent = 0
  while ((await connections()) > 1) {
    expect(sent).toBeLessThan(20_000)
    await Promise.all(Array.from({ length: 100 }, () => world.send(ada, room, content)))
    sent += 100
  }
  await eventually(() => {
    const heard = reader.frames.filter((seen) => seen.kind === 'ev' && seen.frame.ev === 'message.created')
    expect(heard.length).toBe(sent)
  })
  lazy.destroy()
}, 60_000)
