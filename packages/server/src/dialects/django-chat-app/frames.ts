import { typeName } from '../drf.ts'
import { parseFrame } from '../frames.ts'

/** What a frame asks for, or what is wrong with it. `receiver` is as it was written. */
export type Act = { what: 'message'; receiver: string | number; text: string } | { what: 'typing' | 'join' | 'exit' } | { wrong: string }

/** A frame of a client: whose token it carries (null: none), and what it asks for. */
export type Frame = { token: string | null; act: Act }

/** Reads a frame, or says what is wrong with the whole of it. */
export function readFrame(text: string): Frame | { wrong: string } {
  const frame = parseFrame(text)
  if (frame === null) return { wrong: whyNot(text) }
  const own = new Map(Object.entries(frame))
  const token = own.get('token')
  return { token: isMissing(token) ? null : String(token), act: actOf(own) }
}

function actOf(frame: ReadonlyMap<string, unknown>): Act {
  const type = frame.has('type') ? frame.get('type') : 'message'
  if (type === 'typing' || type === 'join' || type === 'exit') return { what: type }
  if (type !== 'message') return { wrong: `Unsupported event type: ${asPython(type)}` }
  const [message, receiver] = [frame.get('message'), frame.get('receiver')]
  if (!isText(message) || isMissing(receiver)) return { wrong: 'Missing message or receiver.' }
  if (!isText(receiver)) return { wrong: unknownReceiver }
  return { what: 'message', receiver, text: String(message) }
}

export const unknownReceiver = 'Unknown receiver.'

/** As Python writes it into a text. */
function asPython(value: unknown): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Nothing that counts as something in Python. */
function isMissing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === null || value === '' || value === 0 || value === false
}

const isText = (value: unknown): value is string | number => (typeof value === 'string' || typeof value === 'number') && !isMissing(value)

/** The number of a person as clients write it: a number or its digits. Null for what can be nobody's. */
export function personNumber(receiver: string | number): number | null {
  const number = typeof receiver === 'number' || /^\d{1,15}$/.test(receiver) ? Number(receiver) : Number.NaN
  return Number.isSafeInteger(number) && number > 0 ? number : null
}

/** The original's words, as far as they do not depend on where in the text its parser stumbled. */
function whyNot(text: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return whereNot(text)
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? 'Nested too deeply.' : `Server error: '${value === null ? 'NoneType' : typeName(value)}' object has no attribute 'get'`
}

function whereNot(text: string): string {
  const blank = /^[ \t\n\r]*/.exec(text)?.[0] ?? ''
  if (/^(?:[[{"\d-]|true|false|null)/.test(text.slice(blank.length))) return 'Not well-formed JSON.'
  const lines = blank.split('\n')
  return `Expecting value: line ${lines.length} column ${(lines.at(-1)?.length ?? 0) + 1} (char ${blank.length})`
}
