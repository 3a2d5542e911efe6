import { ChatError, type Fault, limits } from '@parlance/protocol'
import type { Directory, Actor, Listed } from '../dialect.ts'
import { atMost, fieldReader, readText, typeName } from '../drf.ts'

/** The fields of this API that name people by their numbers. */

/** People added to a new group at once. */
const maxMembers = 1000

type Asking = { actor: Actor; directory: Directory }
type Key = { number: number } | { wrong: string }

/** A number, or the digits of one; anything else is worded as the framework does. */
function keyOf(value: unknown): Key {
  if (value === undefined) return { wrong: 'This field is required.' }
  if (value === null || value === '') return { wrong: 'This field may not be null.' }
  if (typeof value === 'number' && Number.isInteger(value)) return { number: value }
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return { number: Number(value) }
  return { wrong: `Incorrect type. Expected pk value, received ${typeName(value)}.` }
}

const unknownKey = (value: unknown): string => `Invalid pk "${String(value)}" - object does not exist.`

export const fault = (path: string, message: string): Fault => ({ path, code: 'invalid', message })

const refuse = (faults: Fault[]): never => {
  throw new ChatError('invalid_input', { errors: faults })
}

/** The person that a field names, whom there must be. */
export async function readPerson(body: unknown, field: string, { actor, directory }: Asking): Promise<Listed> {
  const value = fieldReader(body)(field)
  const key = keyOf(value)
  if ('wrong' in key) return refuse([fault(`/${field}`, key.wrong)])
  const [person] = await directory.people(actor, [key.number])
  return person ?? refuse([fault(`/${field}`, unknownKey(value))])
}

export type NewGroup = { name: string; members: Listed[] }

/** What a new group is made of: its name, and the people in it besides the one who makes it, each once. */
export async function readGroup(body: unknown, { actor, directory }: Asking): Promise<NewGroup> {
  const read = fieldReader(body)
  const name = readText(read('name'), { name: 'name', check: (text) => atMost(text, limits.room_title_chars) })
  const listed = body instanceof FormData ? body.getAll('member_ids') : read('member_ids')
  const faults = name.wrong.map((message) => fault('/name', message))
  const members = await readPeople(listed, { actor, directory })
  faults.push(...members.faults)
  return faults.length > 0 ? refuse(faults) : { name: name.text ?? '', members: members.people }
}

async function readPeople(listed: unknown, { actor, directory }: Asking): Promise<{ people: Listed[]; faults: Fault[] }> {
  if (listed === undefined) return { people: [], faults: [] }
  const wrong =
    listed === null
      ? 'This field may not be null.'
      : !Array.isArray(listed)
        ? `Expected a list of items but got type "${typeName(listed)}".`
        : listed.length > maxMembers
          ? `Ensure this field has no more than ${maxMembers} elements.`
          : null
  if (wrong !== null) return { people: [], faults: [fault('/member_ids', wrong)] }
  const values = listed as unknown[]
  const keys = values.map(keyOf)
  const people = await directory.people(
    actor,
    keys.flatMap((key) => ('number' in key ? [key.number] : [])),
  )
  const there = new Set(people.map(({ number }) => number))
  const faults = keys.flatMap((key, index) => {
    const path = `/member_ids/${index}`
    if ('wrong' in key) return [fault(path, key.wrong)]
    return there.has(key.number) ? [] : [fault(path, unknownKey(values[index]))]
  })
  return { people: people.filter(({ number }) => number !== actor.number), faults }
}
