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
  const fields: Record<string, unknown> = {}
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name)
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property?.type === 'array') fields[name] = values.flatMap((value) => value.split(',')).filter((value) => value !== '')
    else fields[name] = values.length > 1 ? values : convert(values[0] ?? '', property?.type)
  }
  return fields
}

function convert(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^-?\d{1,16}$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
