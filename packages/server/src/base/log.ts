import { type Fields, printable } from './printable.ts'

export const levels = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof levels)[number]

/** The log. `text` is constant and says what happened; what differs from case to case goes into the fields. No call ever throws. */
export type Logger = Record<Level, (text: string, fields?: Fields) => void> & {
  /** Whether lines of this level are written: for fields that are dear to gather. */
  tells(level: Level): boolean
  /** The same log, with these fields on every line. */
  child(fields: Fields): Logger
}

export type LogOptions = {
  level: Level
  /** `json` is one object a line, for machines; `text` is for people on a terminal. */
  format: 'json' | 'text'
  /** Receives each finished line, without its line break. */
  write(line: string): void
  /** Wall time in milliseconds since the epoch. */
  now(): number
}

export function createLogger(options: LogOptions, bound: Fields = {}): Logger {
  const threshold = levels.indexOf(options.level)
  const logAt = (level: Level) => (text: string, fields?: Fields) => {
    if (levels.indexOf(level) < threshold) return
    try {
      // What goes wrong while describing a value is described in its place; what is left to fail is the output, and its loss is no reason
      // to fail the work that was logged.
      const line = { time: new Date(options.now()), level, text, fields: printable({ ...bound, ...fields }) }
      options.write(options.format === 'json' ? asJson(line) : asText(line))
    } catch {}
  }
  return {
    debug: logAt('debug'),
    info: logAt('info'),
    warn: logAt('warn'),
    error: logAt('error'),
    tells: (level) => levels.indexOf(level) >= threshold,
    child: (fields) => createLogger(options, { ...bound, ...fields }),
  }
}

type Line = { time: Date; level: Level; text: string; fields: Fields }

function asJson({ time, level, text, fields }: Line): string {
  const head = { time: time.toISOString(), level, text }
  // A field may not pass for one of these: they stand first, and win.
  return JSON.stringify({ ...head, ...fields, ...head })
}

const colours: Record<Level, string> = { debug: '\x1b[2m', info: '\x1b[32m', warn: '\x1b[33m', error: '\x1b[31m' }

function asText({ time, level, text, fields }: Line): string {
  const clock = time.toTimeString().slice(0, 8)
  const stacks: string[] = []
  const rest = Object.entries(fields).map(([key, value]) => {
    if (isError(value)) {
      stacks.push(...indentedStack(value))
      return `${key}=${quoted(value.message)}`
    }
    return `${key}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`
  })
  const head = `\x1b[2m${clock}\x1b[0m ${colours[level]}${level.padEnd(5)}\x1b[0m ${oneLine(text)}`
  return [[head, ...rest].join('  '), ...stacks].join('\n')
}

type PrintedError = { message: string; stack?: string; cause?: unknown }

function isError(value: unknown): value is PrintedError {
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value && typeof value.message === 'string'
}

function indentedStack({ stack = '', cause }: PrintedError): string[] {
  const own = stack.split('\n').map((line) => `         ${oneLine(line)}`)
  if (cause === undefined) return own
  return [...own, '         caused by', ...(isError(cause) ? indentedStack(cause) : [`         ${JSON.stringify(cause)}`])]
}

/** Control characters would let a logged value forge lines or steer the reader's terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function quoted(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : `"${oneLine(text).replaceAll('"', '\\"')}"`
}
