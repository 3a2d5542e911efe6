import { createInterface, type Interface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'

/** Where a person types: a terminal, or a pipe. */
export type Input = Readable & { isTTY?: boolean }
export type Output = { write(text: string): unknown; isTTY?: boolean; columns?: number }

/** A line longer than this cannot be a message or a command: it is cut here, so that a pipe without line ends fills no memory. */
const longestLine = 32_768

/** Reads lines and prints others above the one being typed. On a pipe there is nothing to keep in order: lines come and go plainly. */
export class Prompt {
  readonly #output: Output
  readonly #terminal: Terminal | null
  readonly #input: Input
  readonly #lines: AsyncIterator<string, undefined>

  /** `comesBack`: a line that will be printed anyway, so that on a terminal what was typed makes room for it. */
  constructor(input: Input, output: Output, comesBack: (line: string) => boolean = () => false) {
    this.#input = input
    this.#output = output
    this.#terminal = input.isTTY && output.isTTY ? new Terminal(input, output, comesBack) : null
    this.#lines = this.#terminal === null ? linesOf(input) : this.#terminal.lines()
  }

  /** Whether colours and corrections of the line above mean anything. */
  get interactive(): boolean {
    return this.#terminal !== null
  }

  print(text: string): void {
    if (this.#terminal === null) this.#output.write(`${text}\n`)
    else this.#terminal.print(text)
  }

  /** What stands before the line being typed. */
  label(text: string): void {
    this.#terminal?.label(text)
  }

  /** The next line, or null when there will be none. */
  async line(): Promise<string | null> {
    const next = await this.#lines.next()
    return next.done ? null : next.value
  }

  /** `hidden`: the answer is not shown while it is typed. */
  async ask(question: string, { hidden = false } = {}): Promise<string | null> {
    if (this.#terminal === null) this.#output.write(`${question}\n`)
    else this.#terminal.ask(question, hidden)
    return this.line()
  }

  /** Called when a key changed the line being typed; `text` is the line. Never on a pipe. */
  onTyping(listener: (text: string) => void): void {
    this.#terminal?.onTyping(listener)
  }

  /** Lets go of the input; on a pipe nothing more is read. */
  close(): void {
    if (this.#terminal === null) this.#input.destroy()
    else this.#terminal.close()
  }
}

/** A terminal whose bottom line belongs to the person typing. */
class Terminal {
  readonly #input: Input
  readonly #output: Output
  readonly #reader: Interface
  readonly #typed: string[] = []
  #waiting: ((result: IteratorResult<string>) => void) | null = null
  #closed = false
  #muted = false
  #asking = false
  #label = ''
  readonly #comesBack: (line: string) => boolean

  constructor(input: Input, output: Output, comesBack: (line: string) => boolean) {
    this.#comesBack = comesBack
    this.#input = input
    this.#output = output
    this.#reader = createInterface({ input, output: this.#screen(), terminal: true, historySize: 100 })
    this.#reader.on('line', (line) => this.#entered(line))
    this.#reader.on('close', () => {
      this.#closed = true
      this.#waiting?.({ value: undefined, done: true })
    })
  }

  async *lines(): AsyncGenerator<string, undefined> {
    for (;;) {
      const result = await this.#next()
      if (result.done) return
      yield result.value
    }
  }

  print(text: string): void {
    if (this.#muted || this.#closed) {
      this.#output.write(`${text}\n`)
      return
    }
    // Up to the first row of what is being typed, away with it, and drawn again below the new text.
    const { rows } = this.#reader.getCursorPos()
    this.#output.write(`${rows > 0 ? `\x1b[${rows}A` : ''}\r\x1b[J${text}\n`)
    this.#reader.prompt(true)
  }

  label(text: string): void {
    if (this.#label === text) return
    this.#label = text
    this.#reader.setPrompt(text)
    if (!this.#muted && !this.#closed) this.#reader.prompt(true)
  }

  ask(question: string, hidden: boolean): void {
    this.#asking = true
    this.#reader.setPrompt(question)
    this.#reader.prompt()
    this.#muted = hidden
  }

  onTyping(listener: (text: string) => void): void {
    this.#input.on('keypress', () => {
      if (!this.#muted && this.#reader.line !== '') listener(this.#reader.line)
    })
  }

  close(): void {
    this.#reader.close()
  }

  /** Some terminals do not know their own, and say 0. */
  get #width(): number {
    return this.#output.columns || 80
  }

  /** What the line editor draws, unless the answer must not be seen. */
  #screen(): Writable & { columns: number } {
    const screen = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#muted) this.#output.write(String(chunk))
        done()
      },
    })
    return Object.defineProperty(screen as Writable & { columns: number }, 'columns', { get: () => this.#width })
  }

  #entered(line: string): void {
    if (this.#muted) this.#output.write('\n')
    else if (!this.#asking && this.#comesBack(line)) {
      const rows = Math.floor(Bun.stringWidth(this.#label + line) / this.#width) + 1
      this.#output.write(`\x1b[${rows}A\r\x1b[J`)
    }
    const asked = this.#asking
    this.#muted = false
    this.#asking = false
    this.#reader.setPrompt(this.#label)
    if (!asked) this.#reader.prompt()
    if (this.#waiting === null) this.#typed.push(line)
    else this.#waiting({ value: line, done: false })
    this.#waiting = null
  }

  #next(): Promise<IteratorResult<string>> {
    const line = this.#typed.shift()
    if (line !== undefined) return Promise.resolve({ value: line, done: false })
    if (this.#closed) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}

/** The lines of a pipe, read only as fast as they are asked for. An input that breaks has ended. */
async function* linesOf(input: Input): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of input) {
      rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk as Uint8Array, { stream: true })
      const lines = rest.split('\n')
      rest = (lines.pop() ?? '').slice(0, longestLine)
      for (const line of lines) yield line.replace(/\r$/, '').slice(0, longestLine)
    }
  } catch {
    return
  }
  if (rest !== '') yield rest
}
