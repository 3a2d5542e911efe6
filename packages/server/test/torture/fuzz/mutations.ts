import { limits } from '@parlance/protocol'
import type { Random } from '../random.ts'

/** Values of every sort that a field was not made for. */
const oddities: unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  -0,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  ' ',
  'a\u0000b',
  '\ud800',
  'x\udfff',
  '\u202e\u200b',
  'x'.repeat(5_000),
  '../../etc/passwd',
  "'; drop table messages; --",
  '%00',
  'name:',
  'me',
  [],
  [[]],
  {},
  { toString: 'x', valueOf: 1 },
  { constructor: { prototype: { polluted: true } } },
  Array.from({ length: 300 }, () => 'x'),
]

const oddKeys = ['__proto__', 'constructor', 'toString', 'unknown_field', '', 'a'.repeat(300), 'room\u0000']

/** A copy of the value with one thing wrong somewhere in it: a field gone, added, of another type, or nested up to `depth` deep. */
export function mutateValue(value: unknown, random: Random, depth: number): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && random.chance(0.85)) {
    return mutateFields(Object.entries(value), random, depth)
  }
  if (random.chance(0.1)) return nest(random.integer(2, depth))
  return random.pick(oddities)
}

function mutateFields(fields: [string, unknown][], random: Random, depth: number): unknown {
  const at = random.integer(0, Math.max(0, fields.length - 1))
  const field = fields[at]
  const how = random.integer(0, 3)
  if (how === 0 || field === undefined) return build([...fields, [random.pick(oddKeys), random.pick(oddities)]])
  const others = fields.filter((_, i) => i !== at)
  if (how === 1) return build(others)
  return build([...others, [field[0], how === 2 ? random.pick(oddities) : mutateValue(field[1], random, depth)]])
}

/** `__proto__` becomes a key like any other. */
function build(fields: [string, unknown][]): object {
  const built: Record<string, unknown> = {}
  for (const [key, value] of fields) Object.defineProperty(built, key, { value, enumerable: true, configurable: true, writable: true })
  return built
}

function nest(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i += 1) value = i % 2 === 0 ? [value] : { deep: value }
  return value
}

/** The text of a request with something wrong in its very bytes. */
export function mutateText(text: string, random: Random, maxBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text)
  const at = random.integer(0, bytes.length)
  switch (random.integer(0, 7)) {
    case 0:
      return owned(bytes.subarray(0, at))
    case 1:
      return owned(Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]), bytes.subarray(at)]))
    case 2:
      return owned(Buffer.from(text.replace('{', '{"__proto__":{"polluted":true},')))
    case 3:
      return owned(Buffer.from(`${text.slice(0, -1)},"pad":"${'x'.repeat(maxBytes)}"}`))
    case 4:
      return owned(Buffer.from('['.repeat(random.integer(limits.json_depth, 3_000))))
    case 5:
      return owned(Buffer.from(text.replace(/:(\d+|"[^"]*")/, ':1e9999')))
    case 6:
      return owned(Buffer.concat([bytes, Buffer.from(random.pick(['}', '\u0000', ',', '{}', '\ufeff', ' //']))]))
    default: {
      const flipped = Buffer.from(bytes)
      if (flipped.length > 0) flipped[at % flipped.length] = random.integer(0, 255)
      return owned(flipped)
    }
  }
}

const owned = (bytes: Buffer): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)
