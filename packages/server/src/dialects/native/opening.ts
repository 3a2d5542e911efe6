import { ChatError } from '@parlance/protocol'
import type { Actor, Attached, DoorSocket, Seat } from '../dialect.ts'

type Asked = { socket: DoorSocket; actor: Actor; room: string; after?: number | undefined }

/** Opens a room. Who may not read it is told what any request would tell them: `banned`, or `not_found` for whatever is not theirs to see. */
export async function openRoom(seat: Seat, { socket, actor, room, after }: Asked): Promise<Attached> {
  const attached = await seat.open(room, { mode: 'open', after })
  if (attached !== null) return attached
  await socket.call(actor, 'rooms.get', { room })
  // It was not theirs a moment ago, and is now.
  throw new ChatError('not_found')
}
