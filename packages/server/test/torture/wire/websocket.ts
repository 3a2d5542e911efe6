import { randomBytes } from 'node:crypto'

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export type WireHandlers = { text(text: string): void; closed(code: number): void }
export type WireTarget = { port: number; path: string; headers?: Record<string, string> }

const noData: Buffer = Buffer.alloc(0)
/** RFC 6455 wants masked frames from clients; a mask of zeros leaves the payload as it is, which costs nothing. */
const mask = Buffer.alloc(4)

/**
 * A WebSocket by hand, for two reasons: fifty of them at a thousand sends a second must leave the processor to the server, and a fuzzer
 * has to send what no proper client would. It checks nothing; whoever reads the texts does.
 */
export class WireSocket {
  readonly #handlers: WireHandlers
  #socket: Bun.Socket<undefined> | null = null
  #received: Buffer = noData
  #unsent: Buffer[] = []
  #upgraded = false
  #closeCode = 1006
  #ended = false
  #opened = Promise.withResolvers<undefined>()

  private constructor(handlers: WireHandlers) {
    this.#handlers = handlers
  }

  /** Opens a socket; rejects where nobody listens or the handshake is refused. */
  static async open(target: WireTarget, handlers: WireHandlers): Promise<WireSocket> {
    const wire = new WireSocket(handlers)
    wire.#socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: target.port,
      socket: {
        data: (_, chunk) => wire.#data(chunk),
        drain: () => wire.#flush(),
        close: () => wire.#end(),
        error: () => wire.#end(),
      },
    })
    wire.#write(Buffer.from(handshake(target)))
    await wire.#opened.promise
    return wire
  }

  get isOpen(): boolean {
    return this.#upgraded && !this.#ended
  }

  sendText(text: string): void {
    this.sendFrame(opcodes.text, Buffer.from(text))
  }

  /** One frame with any opcode and any bytes. */
  sendFrame(opcode: number, payload: Uint8Array): void {
    this.#write(Buffer.concat([header(opcode, payload.length), mask, payload]))
  }

  /** Ends the connection without a word, as a network does. */
  terminate(): void {
    this.#socket?.terminate()
    this.#end()
  }

  #write(bytes: Buffer): void {
    if (this.#ended) return
    this.#unsent.push(bytes)
    if (this.#unsent.length === 1) this.#flush()
  }

  #flush(): void {
    for (let [first] = this.#unsent; first !== undefined; [first] = this.#unsent) {
      const written = this.#socket?.write(first) ?? 0
      if (written < first.length) {
        this.#unsent[0] = first.subarray(Math.max(0, written))
        return
      }
      this.#unsent.shift()
    }
  }

  #data(chunk: Buffer): void {
    // The chunk's memory may be used again after this call.
    this.#received = this.#received.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#received, chunk])
    if (!this.#upgraded && !this.#upgrade()) return
    let at = 0
    for (let frame = frameAt(this.#received, at); frame !== null && !this.#ended; frame = frameAt(this.#received, at)) {
      at = frame.end
      this.#frame(frame.opcode, this.#received.subarray(frame.start, frame.end))
    }
    this.#received = this.#received.subarray(at)
  }

  #upgrade(): boolean {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return false
    const answer = this.#received.toString('latin1', 0, end)
    this.#received = this.#received.subarray(end + 4)
    this.#upgraded = answer.startsWith('HTTP/1.1 101 ')
    if (this.#upgraded) this.#opened.resolve(undefined)
    else this.terminate()
    return this.#upgraded
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.text) this.#handlers.text(payload.toString('utf8'))
    else if (opcode === opcodes.ping) this.sendFrame(opcodes.pong, payload)
    else if (opcode === opcodes.close) {
      this.#closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005
      this.sendFrame(opcodes.close, payload.subarray(0, 2))
      this.#socket?.end()
    }
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#opened.reject(new Error('the socket was refused or lost'))
    if (this.#upgraded) this.#handlers.closed(this.#closeCode)
  }
}

function handshake({ port, path, headers = {} }: WireTarget): string {
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Version': '13',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

function header(opcode: number, length: number): Buffer {
  const first = 0x80 | opcode
  if (length < 126) return Buffer.from([first, 0x80 | length])
  const long = Buffer.alloc(length < 65_536 ? 4 : 10)
  long[0] = first
  long[1] = 0x80 | (length < 65_536 ? 126 : 127)
  if (length < 65_536) long.writeUInt16BE(length, 2)
  else long.writeBigUInt64BE(BigInt(length), 2)
  return long
}

/** Where the payload of the frame at `at` begins and ends; null while it is not all there. */
function frameAt(bytes: Buffer, at: number): { opcode: number; start: number; end: number } | null {
  if (bytes.length < at + 2) return null
  const opcode = (bytes[at] ?? 0) & 0x0f
  const short = (bytes[at + 1] ?? 0) & 0x7f
  const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
  if (bytes.length < start) return null
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
  return bytes.length < start + length ? null : { opcode, start, end: start + length }
}
