import { ChatError } from '@parlance/protocol'
import type { Actor, Call } from '../../dispatch.ts'

/** Who is calling. The gate lets nobody else reach an operation for the signed-in; the type cannot know that. */
export function actorOf(call: Call): Actor {
  if (call.actor === null) throw new ChatError('unauthenticated')
  return call.actor
}
