import { ChatError, type Fault, type InputOf, limits } from '@parlance/protocol'
import { contentFault, contentFits, metaFault, packMeta } from '../../rules/bounds.ts'
import { isWithin } from '../../rules/visibility.ts'
import type { Store } from '../../store/store.ts'
import type { Reach } from './reach.ts'
import type { Refs, Seen } from '../refs.ts'

type Body = Pick<InputOf<'messages.edit'>, 'content' | 'mentions' | 'meta'>

/** A user to be mentioned: the id for views, the number for rows. */
export type Mention = { id: string; number: number }

/** `meta` as it is stored. Throws with every fault of the body that can be told without reading anything. */
export function checkBody({ content, mentions, meta }: Body): { meta: string | null | undefined } {
  const packed = meta === undefined ? undefined : packMeta(meta)
  const faults: Fault[] = []
  if (content !== undefined && !contentFits(content)) faults.push(contentFault)
  if (mentions !== undefined && mentions.length > limits.mentions) faults.push(mentionsFault)
  if (packed === null) faults.push(metaFault)
  if (faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
  return { meta: packed }
}

const mentionsFault: Fault = { path: '/mentions', code: 'too_many', message: `At most ${limits.mentions} users.` }

type Deps = { store: Store; refs: Refs; reach: Reach }

/** Looks up what a message refers to. */
export type Drafts = {
  /** The users named, each once. Throws where one is not among the readers of the room. */
  mentions(reader: { number: number }, seen: Seen, refs: readonly string[]): Promise<Mention[]>
  /** The thread that an answer to this message joins, by its first message. Throws unless it is one of this room that the sender can read. */
  threadOf(reader: { number: number }, seen: Seen, message: string): Promise<string>
}

export function createDrafts({ store, refs, reach }: Deps): Drafts {
  return {
    async mentions(reader, { room }, named) {
      const users = await refs.users(reader, named)
      const numbers = users.flatMap((user) => (user === undefined ? [] : [user.number]))
      // Whoever is signed in reads a public room; of others only the members do.
      const readers = new Set(room.policy.read === 'users' ? numbers : await store.members.present(room.number, numbers))
      const faults = named.flatMap((_, index): Fault[] => {
        const user = users[index]
        if (user !== undefined && readers.has(user.number)) return []
        return [{ path: `/mentions/${index}`, code: 'not_a_member', message: 'This user does not read this room.' }]
      })
      if (faults.length > 0) throw new ChatError('invalid_input', { errors: faults.slice(0, 20) })
      const found = users.filter((user) => user !== undefined)
      return [...new Map(found.map(({ id, number }) => [number, { id, number }])).values()]
    },

    async threadOf(reader, seen, message) {
      const row = await store.messages.byId(seen.room.number, message)
      if (row !== undefined && isWithin(await reach.ordinals(reader.number, seen), row.n)) return row.root ?? row.id
      const fault = { path: '/reply_to', code: 'not_found', message: 'There is no such message in this room.' }
      throw new ChatError('invalid_input', { errors: [fault] })
    },
  }
}
