import { limits } from '@parlance/protocol'
import type { Listed } from '../dialect.ts'
import { atMost, fieldReader, readText } from '../drf.ts'
import { type Asking, fault, peopleOf, personOf, refuse } from '../keys.ts'

/** The fields of this API that name people by their numbers. */

/** What a new room is made of: its name, and the people in it besides the one who makes it, each once. */
export async function readNewRoom(body: unknown, asking: Asking): Promise<{ name: string; members: Listed[] }> {
  const read = fieldReader(body)
  const name = readText(read('name'), { name: 'name', check: (text) => atMost(text, limits.room_name_chars) })
  const listed = body instanceof FormData ? body.getAll('members') : read('members')
  const members = await peopleOf(listed, { field: 'members', max: limits.initial_members, required: true }, asking)
  const faults = [...name.wrong.map((message) => fault('/name', message)), ...members.faults]
  return faults.length > 0 ? refuse(faults) : { name: name.text ?? '', members: members.people }
}

/** A message to be sent: its text, and whom it is for. */
export async function readMessage(body: unknown, asking: Asking): Promise<{ receiver: Listed; text: string }> {
  const read = fieldReader(body)
  const content = readText(read('content'), { name: 'content', check: (text) => atMost(text, limits.content_chars) })
  const receiver = await personOf(read('receiver'), 'receiver', asking)
  const faults = content.wrong.map((message) => fault('/content', message))
  if ('fault' in receiver) return refuse([...faults, receiver.fault])
  return faults.length > 0 ? refuse(faults) : { receiver: receiver.person, text: content.text ?? '' }
}
