import { connect } from 'node:net'
import { eventually } from './eventually.ts'
import { noteRequest, noteSecretsIn, noteText } from './secrets.ts'

/** One request to an older API. `token` is sent as a bearer; `json`, `form` (url-encoded), or `body` with whatever headers say. */
export type OlderRequest = {
  token?: string
  json?: unknown
  form?: Record<string, string> | FormData
  body?: string | Uint8Array<ArrayBuffer>
  headers?: Record<string, string>
}

/** `json` is null where the body is not JSON. */
export type OlderAnswer = { status: number; headers: Headers; text: string; json: unknown }

/** A bare client of HTTP and WebSocket for the older APIs, which publish no schema: what it brings back is for the test to judge. */
export type OlderClient = {
  ask(method: string, path: string, request?: OlderRequest): Promise<OlderAnswer>
  /** The status a WebSocket handshake is answered with; 101 where it is accepted. The socket is dropped at once. */
  handshake(path: string, headers?: Record<string, string>): Promise<number>
  /** Opens a socket, or rejects where the handshake is refused. */
  open(path: string, headers?: Record<string, string>): Promise<OlderSocket>
}

export function createOlderClient(url: string): OlderClient {
  const { hostname, port, host } = new URL(url)
  return {
    async ask(method, path, { token, json, form, body, headers = {} } = {}) {
      noteRequest(path, { headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers }, body })
      noteSecretsIn([json, form instanceof FormData ? Object.fromEntries(form.entries()) : form])
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body:
          json !== undefined
            ? JSON.stringify(json)
            : form instanceof FormData || form === undefined
              ? (form ?? body)
              : new URLSearchParams(form),
      })
      const text = await response.text()
      noteText(text)
      return { status: response.status, headers: response.headers, text, json: parsed(text) }
    },
    handshake(path, headers = {}) {
      noteRequest(path, { headers })
      return handshake({ hostname, port: Number(port), host }, path, headers)
    },
    async open(path, headers = {}) {
      noteRequest(path, { headers })
      const socket = new OlderSocket(new WebSocket(url.replace('http', 'ws') + path, { headers }))
      await socket.opened
      return socket
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** By hand, because a browser's WebSocket hides the status of a refusal. */
function handshake(
  server: { hostname: string; port: number; host: string },
  path: string,
  headers: Record<string, string>,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${server.host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  let received = ''
  const socket = connect(server.port, server.hostname, () => socket.write(`${lines.join('\r\n')}\r\n\r\n`))
  socket.on('data', (data) => {
    received += data.toString('latin1')
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(received)?.[1]
    if (status === undefined) return
    resolve(Number(status))
    socket.destroy()
  })
  socket.on('error', reject)
  socket.on('close', () => reject(new Error(`the handshake for ${path} was not answered`)))
  return promise
}

/** A socket of an older API. Disposing closes it. */
export class OlderSocket implements AsyncDisposable {
  /** Every text frame so far, parsed where it is JSON. */
  readonly frames: unknown[] = []
  readonly opened: Promise<void>
  readonly closed: Promise<{ code: number; reason: string }>
  /** How it ended, once it has. */
  ended: { code: number; reason: string } | null = null
  readonly #socket: WebSocket
  #read = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    const opened = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<{ code: number; reason: string }>()
    this.opened = opened.promise
    this.closed = closed.promise
    socket.addEventListener('open', () => opened.resolve())
    socket.addEventListener('message', ({ data }) => {
      const frame: unknown = typeof data === 'string' ? (parsed(data) ?? data) : data
      noteSecretsIn(frame)
      this.frames.push(frame)
    })
    socket.addEventListener('close', ({ code, reason }) => {
      this.ended = { code, reason }
      opened.reject(new Error(`the socket did not open: ${code} ${reason}`))
      closed.resolve(this.ended)
    })
    // A close always follows.
    socket.addEventListener('error', () => {})
  }

  /** Sends an object as JSON, anything else as it is. */
  send(frame: object | string | Uint8Array<ArrayBuffer>): void {
    if (typeof frame === 'string') noteText(frame)
    else if (!(frame instanceof Uint8Array)) noteSecretsIn(frame)
    this.#socket.send(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame))
  }

  /** The frames after the last one taken, up to the first that fits, which is taken too and left out. */
  async upto(fits: (frame: unknown) => boolean): Promise<unknown[]> {
    const from = this.#read
    const index = await eventually(() => {
      const found = this.frames.slice(from).findIndex(fits)
      if (found < 0)
        throw new Error(`no such frame among ${JSON.stringify(this.frames.slice(from))}${this.ended === null ? '' : ' (closed)'}`)
      return from + found
    })
    this.#read = index + 1
    return this.frames.slice(from, index)
  }

  /** The next `count` frames. */
  async take(count: number): Promise<unknown[]> {
    const from = this.#read
    await eventually(() => {
      if (this.frames.length < from + count) throw new Error(`${count} frames wanted, there are ${JSON.stringify(this.frames.slice(from))}`)
    })
    this.#read = from + count
    return this.frames.slice(from, from + count)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await this.closed
  }
}
