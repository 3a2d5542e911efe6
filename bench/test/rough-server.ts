import { createHash } from 'node:crypto'
import type { Socket, TCPSocketListener } from 'bun'

type Peer = { received: Buffer; upgraded: boolean; echoes: number }

const opcodes = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 }

function frame(opcode: number, payload: Buffer, final = true): Buffer {
  const first = (final ? 0x80 : 0) | opcode
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload])
  const long = payload.length > 0xffff
  const head = Buffer.alloc(long ? 10 : 4)
  head[0] = first
  head[1] = long ? 127 : 126
  if (long) head.writeBigUInt64BE(BigInt(payload.length), 2)
  else head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, payload])
}

/** Ways to send one message that a client must all read alike. */
const shapes: ((message: string) => Buffer[])[] = [
  // Three fragments with a ping between them, byte by byte.
  (message) => {
    const bytes = Buffer.from(message)
    const third = Math.ceil(bytes.length / 3)
    const whole = Buffer.concat([
      frame(opcodes.text, bytes.subarray(0, third), false),
      frame(opcodes.ping, Buffer.from('between')),
      frame(opcodes.continuation, bytes.subarray(third, 2 * third), false),
      frame(opcodes.continuation, bytes.subarray(2 * third)),
    ])
    return Array.from(whole, (byte) => Buffer.from([byte]))
  },
  // A 16-bit length, cut within the length.
  (message) => {
    const whole = frame(opcodes.text, Buffer.from(message.padEnd(300)))
    return [whole.subarray(0, 3), whole.subarray(3)]
  },
  // A 64-bit length, larger than what a read brings.
  (message) => {
    const whole = frame(opcodes.text, Buffer.from(message.padStart(700_000)))
    return [whole.subarray(0, 7), whole.subarray(7, 400_000), whole.subarray(400_000)]
  },
  // Behind an unrelated message in the same packet.
  (message) => [Buffer.concat([frame(opcodes.text, Buffer.from('~not a stamp~')), frame(opcodes.text, Buffer.from(message))])],
]

/** A server that echoes every text message, each time in another shape, and counts the pongs to its pings. */
export class RoughServer implements Disposable {
  pongs = 0
  shapesUsed = 0
  readonly #listener: TCPSocketListener<Peer>
  readonly #queues = new Map<Socket<Peer>, Buffer[]>()

  constructor() {
    this.#listener = Bun.listen<Peer>({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = { received: Buffer.alloc(0), upgraded: false, echoes: 0 }
          socket.setNoDelay(true)
        },
        data: (socket, chunk) => this.#receive(socket, chunk),
        drain: (socket) => this.#flush(socket),
        close: (socket) => void this.#queues.delete(socket),
      },
    })
  }

  get port() {
    return this.#listener.port
  }

  #receive(socket: Socket<Peer>, chunk: Buffer) {
    const { data } = socket
    data.received = Buffer.concat([data.received, chunk])
    if (!data.upgraded) {
      const key = /sec-websocket-key: (\S+)\r\n(?=[\s\S]*\r\n$)/i.exec(data.received.toString())?.[1]
      if (key === undefined) return
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      const answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
      data.upgraded = true
      data.received = Buffer.alloc(0)
      this.#write(socket, [Buffer.from(answer)])
    }
    for (let taken = this.#takeFrame(socket); taken; taken = this.#takeFrame(socket)) continue
  }

  /** Clients send short masked frames only. */
  #takeFrame(socket: Socket<Peer>): boolean {
    const { received } = socket.data
    const length = (received[1] ?? 0) & 127
    if (received.length < 6 + length) return false
    const payload = Buffer.from(received.subarray(6, 6 + length).map((byte, i) => byte ^ (received[2 + (i & 3)] ?? 0)))
    const opcode = (received[0] ?? 0) & 15
    socket.data.received = received.subarray(6 + length)
    if (opcode === opcodes.pong && payload.toString() === 'between') this.pongs++
    if (opcode !== opcodes.text) return true
    const shape = shapes[socket.data.echoes++ % shapes.length]
    this.shapesUsed = Math.max(this.shapesUsed, socket.data.echoes)
    this.#write(socket, shape?.(payload.toString()) ?? [])
    return true
  }

  #write(socket: Socket<Peer>, pieces: Buffer[]) {
    const queue = this.#queues.get(socket)
    if (queue) return void queue.push(...pieces)
    this.#queues.set(socket, [...pieces])
    this.#flush(socket)
  }

  // One piece a turn of the loop, so that each arrives on its own.
  #flush(socket: Socket<Peer>) {
    const queue = this.#queues.get(socket)
    const piece = queue?.[0]
    if (queue === undefined || piece === undefined) return void this.#queues.delete(socket)
    const written = socket.write(piece)
    if (written < 0) return
    if (written < piece.length) queue[0] = piece.subarray(written)
    else queue.shift()
    if (written === piece.length) setImmediate(() => this.#flush(socket))
  }

  [Symbol.dispose]() {
    this.#listener.stop(true)
  }
}
