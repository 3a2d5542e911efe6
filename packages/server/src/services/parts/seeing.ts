import { ChatError } from '@parlance/protocol'
import { isWithin } from '../../rules/visibility.ts'
import type { MessageRow } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'
import type { Seen } from '../refs.ts'
import type { Reach } from './reach.ts'

type Deps = { store: Store; reach: Reach }

/** A message that the reader may see; `not_found` is all one learns of others. */
export async function visibleMessage(
  { store, reach }: Deps,
  reader: { number: number },
  { seen, message }: { seen: Seen; message: string },
): Promise<MessageRow> {
  const row = await store.messages.byId(seen.room.number, message)
  if (row === undefined || !isWithin(await reach.ordinals(reader.number, seen), row.n)) throw new ChatError('not_found')
  return row
}
