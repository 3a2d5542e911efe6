type Step = { kind: '>' | '<'; text: string }

type Options = {
  /** A line of the connections file, see Script in generator.ts. */
  line: string
  index: number
  port: number
  reply: readonly [got: string, answer: string] | null
  now: () => number
  onMessage: (connection: WorkerConnection, payload: string) => void
  onReady: (connection: WorkerConnection) => void
  onClosed: (code: number) => void
}

/** One connection of the worker: it walks its script, then hands on every message. */
export class WorkerConnection {
  readonly index: number
  /** `failed` was never ready, `dropped` was. */
  state: 'new' | 'connecting' | 'ready' | 'failed' | 'dropped' = 'new'
  started = 0
  readonly #options: Options
  readonly #path: string
  readonly #headers: Record<string, string>
  readonly #steps: Step[]
  #next = 0
  #socket: WebSocket | undefined

  constructor(options: Options) {
    const [path = '', ...fields] = options.line.split('\t')
    this.#options = options
    this.index = options.index
    this.#path = path
    const headers = fields.filter((field) => field.startsWith('H')).map((field) => field.slice(1))
    this.#headers = Object.fromEntries(
      headers.map((header) => [header.slice(0, header.indexOf(':')), header.slice(header.indexOf(':') + 1).trim()]),
    )
    this.#steps = fields
      .filter((field) => !field.startsWith('H'))
      .map((field) => ({ kind: field.startsWith('>') ? '>' : '<', text: field.slice(1) }))
  }

  start() {
    this.state = 'connecting'
    this.started = this.#options.now()
    const socket = new WebSocket(`ws://127.0.0.1:${this.#options.port}${this.#path}`, { headers: this.#headers })
    this.#socket = socket
    socket.onopen = () => this.#walk()
    socket.onmessage = ({ data }) => this.#take(typeof data === 'string' ? data : new TextDecoder().decode(data as ArrayBuffer))
    socket.onclose = ({ code }) => {
      this.state = this.state === 'ready' ? 'dropped' : 'failed'
      this.#options.onClosed(code)
    }
  }

  send(text: string) {
    this.#socket?.send(text)
  }

  #walk() {
    for (let step = this.#steps[this.#next]; step?.kind === '>'; step = this.#steps[++this.#next]) this.send(step.text)
    if (this.#next < this.#steps.length) return
    this.state = 'ready'
    this.#options.onReady(this)
  }

  #take(payload: string) {
    const { reply, onMessage } = this.#options
    if (reply && payload === reply[0]) this.send(reply[1])
    if (this.state === 'ready') return onMessage(this, payload)
    if (!payload.includes(this.#steps[this.#next]?.text ?? '')) return
    this.#next++
    this.#walk()
  }
}
