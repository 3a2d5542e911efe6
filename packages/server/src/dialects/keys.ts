import { ChatError, type Fault } from '@parlance/protocol'
import type { Actor, Directory, Listed } from './dialect.ts'
import { typeName } from './drf.ts'

/** Fields of the framework that name people by their numbers. */

export type Asking = { actor: Actor; directory: Directory }
type Key = { number: number } | { wrong: string }

/** A number, or the digits of one; anything else is worded as the framework does. */
function keyOf(value: unknown): Key {
  if (value === undefined) return { wrong: 'This field is required.' }
  if (value === null || value === '') return { wrong: 'This field may not be null.' }
  if (typeof value === 'number' && Number.isInteger(value)) return { number: value }
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return { number: Number(value) }
  return { wrong: `Incorrect type. Expected pk value, received ${typeName(value)}.` }
}

/** The number of a person as paths, JSON and forms write it; null for what can be nobody's. */
export function wholeNumber(value: unknown): number | null {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : ''
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

const unknownKey = (value: unknown): string => `Invalid pk "${String(value)}" - object does not exist.`

export const fault = (path: string, message: string): Fault => ({ path, code: 'invalid', message })

export const refuse = (faults: Fault[]): never => {
  throw new ChatError('invalid_input', { errors: faults })
}

/** The person that a value of this field names, or what is wrong with it. */
export async function personOf(
  value: unknown,
  field: string,
  { actor, directory }: Asking,
): Promise<{ person: Listed } | { fault: Fault }> {
  const key = keyOf(value)
  if ('wrong' in key) return { fault: fault(`/${field}`, key.wrong) }
  const [person] = await directory.people(actor, [key.number])
  return person === undefined ? { fault: fault(`/${field}`, unknownKey(value)) } : { person }
}

export type Wanted = { field: string; max: number; required: boolean }

/** The people that a list names, each once and without the one who asks, or what is wrong with it. */
export async function peopleOf(
  listed: unknown,
  { field, max, required }: Wanted,
  { actor, directory }: Asking,
): Promise<{ people: Listed[]; faults: Fault[] }> {
  if (listed === undefined) return { people: [], faults: required ? [fault(`/${field}`, 'This field is required.')] : [] }
  const wrong =
    listed === null
      ? 'This field may not be null.'
      : !Array.isArray(listed)
        ? `Expected a list of items but got type "${typeName(listed)}".`
        : listed.length > max
          ? `Ensure this field has no more than ${max} elements.`
          : null
  if (wrong !== null) return { people: [], faults: [fault(`/${field}`, wrong)] }
  const values = listed as unknown[]
  if (values.length === 0) return { people: [], faults: [] }
  const keys = values.map(keyOf)
  const people = await directory.people(
    actor,
    keys.flatMap((key) => ('number' in key ? [key.number] : [])),
  )
  const there = new Set(people.map(({ number }) => number))
  const faults = keys.flatMap((key, index) => {
    const path = `/${field}/${index}`
    if ('wrong' in key) return [fault(path, key.wrong)]
    return there.has(key.number) ? [] : [fault(path, unknownKey(values[index]))]
  })
  return { people: people.filter(({ number }) => number !== actor.number), faults }
}
