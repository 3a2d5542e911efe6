import { limits } from '@parlance/protocol'
import type { Listed } from '../dialect.ts'
import { atMost, fieldReader, readText } from '../drf.ts'
import { type Asking, fault, peopleOf, personOf, refuse } from '../keys.ts'

/** The fields of this API that name people by their numbers. */

/** People added to a new group at once. */
const maxMembers = 1000

/** The person that a field names, whom there must be. */
export async function readPerson(body: unknown, field: string, asking: Asking): Promise<Listed> {
  const found = await personOf(fieldReader(body)(field), field, asking)
  return 'person' in found ? found.person : refuse([found.fault])
}

export type NewGroup = { name: string; members: Listed[] }

/** What a new group is made of: its name, and the people in it besides the one who makes it, each once. */
export async function readGroup(body: unknown, asking: Asking): Promise<NewGroup> {
  const read = fieldReader(body)
  const name = readText(read('name'), { name: 'name', check: (text) => atMost(text, limits.room_title_chars) })
  const listed = body instanceof FormData ? body.getAll('member_ids') : read('member_ids')
  const members = await peopleOf(listed, { field: 'member_ids', max: maxMembers, required: false }, asking)
  const faults = [...name.wrong.map((message) => fault('/name', message)), ...members.faults]
  return faults.length > 0 ? refuse(faults) : { name: name.text ?? '', members: members.people }
}
