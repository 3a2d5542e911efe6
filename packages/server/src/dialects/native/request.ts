import { ChatError, type Operation } from '@parlance/protocol'

/** Below this stand all paths of the native API. */
export const base = '/api/v1'

/** The access token of the Authorization header. */
export function bearer(headers: Headers): string {
  const [, token] = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '') ?? []
  if (token === undefined) throw new ChatError('unauthenticated')
  return token
}

type Property = { type?: string; items?: unknown }

/** Query text by the type the schema wants; what does not fit stays text and is refused with the others by the gate. */
export function queryOf(query: URLSearchParams, spec: Pick<Operation, 'in'>): Record<string, unknown> {
  const properties = (spec.in as { properties?: Record<string, Property> }).properties ?? {}
  const fields = [...new Set(query.keys())].map((name): [string, unknown] => {
    const values = query.getAll(name)
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property?.type === 'array') return [name, values.flatMap((value) => value.split(',')).filter((value) => value !== '')]
    return [name, values.length > 1 ? values : convert(values[0] ?? '', property?.type)]
  })
  // So that `__proto__` is a field like any other, and refused.
  return Object.fromEntries(fields)
}

function convert(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^-?\d{1,16}$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
