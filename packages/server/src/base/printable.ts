export type Fields = Record<string, unknown>

const secretKey = /password|token|refresh|access|secret|authorization|cookie/i
const hidden = '[redacted]'
const bounds = { depth: 6, entries: 50, characters: 4_000 }

/** A copy that is safe to log: plain JSON values, bounded in size, without secrets, cycles or accessors that throw. */
export function printable(fields: Fields): Fields {
  return entriesOf(fields, [])
}

function describe(value: unknown, parents: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
      return clean(value)
    case 'bigint':
      return value.toString()
    case 'function':
      return '[function]'
    case 'symbol':
      return value.toString()
    case 'object':
      return value === null ? null : describeObject(value, parents)
    default:
      return value
  }
}

function describeObject(value: object, parents: readonly object[]): unknown {
  if (parents.includes(value)) return '[circular]'
  if (parents.length >= bounds.depth) return '[deep]'
  try {
    const within = [...parents, value]
    if (value instanceof Error) return describeError(value, within)
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString()
    if (value instanceof URL) return clean(value.href)
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
    if (value instanceof Map || value instanceof Set) return describeList([...value], within)
    if (Array.isArray(value)) return describeList(value, within)
    return entriesOf(value, within)
  } catch {
    return '[unreadable]'
  }
}

function describeError(error: Error, parents: readonly object[]): Fields {
  const { name, message, stack, cause } = error
  // Whatever else an error carries (a code, a status, the faults it sums up) is what one looks for first.
  const extra = entriesOf(error, parents, ['name', 'message', 'stack', 'cause'])
  const described: Fields = { name, message: clean(message), ...extra, stack: clean(stack ?? '') }
  return cause === undefined ? described : { ...described, cause: describe(cause, parents) }
}

function describeList(list: readonly unknown[], parents: readonly object[]): unknown[] {
  const shown = list.slice(0, bounds.entries).map((item) => describe(item, parents))
  return list.length > bounds.entries ? [...shown, `[${list.length - bounds.entries} more]`] : shown
}

function entriesOf(object: object, parents: readonly object[], except: readonly string[] = []): Fields {
  const result: Fields = {}
  const keys = Object.keys(object).filter((key) => !except.includes(key))
  for (const key of keys.slice(0, bounds.entries)) {
    try {
      result[key] = secretKey.test(key) ? hidden : describe((object as Fields)[key], parents)
    } catch {
      result[key] = '[unreadable]'
    }
  }
  if (keys.length > bounds.entries) result['…'] = `[${keys.length - bounds.entries} more]`
  return result
}

/** Takes out the secrets that hide in links (the password of a database's, the token of a socket's or a file's), then cuts a long text. */
function clean(text: string): string {
  const safe = text
    .replace(/(:\/\/[^\s/:@]*:)[^\s/@]*@/g, `$1${hidden}@`)
    .replace(/([?&](?:token|access|refresh|key|k|t)=)[^&\s"']+/gi, `$1${hidden}`)
  const over = safe.length - bounds.characters
  return over > 0 ? `${safe.slice(0, bounds.characters)}[${over} more]` : safe
}
