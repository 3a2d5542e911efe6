import type { Message, Thread } from '@parlance/protocol'
import type { MessageState, ThreadState } from './bus.ts'
import { timestamp } from './timestamp.ts'

/** A message as the native protocol prints it, in answers and in events alike. Empty parts are left out. */
export function messageView(room: string, state: MessageState): Message {
  const view: Message = {
    id: state.id,
    room,
    seq: state.seq,
    n: state.n,
    rev: state.rev,
    sender: { id: state.sender.id, username: state.sender.username },
    kind: 'text',
    content: state.content,
    created_at: timestamp(state.createdAt),
  }
  if (state.cid !== null) view.cid = state.cid
  if (state.replyTo !== null) view.reply_to = state.replyTo
  if (state.root !== null) view.root = state.root
  if (state.thread !== null) view.thread = threadView(state.thread)
  if (state.mentions.length > 0) view.mentions = state.mentions
  if (state.mentionAll) view.mention_all = true
  if (state.meta !== null) view.meta = state.meta
  if (state.forwarded !== null) view.forwarded = forwardedView(state.forwarded)
  if (state.reactions.length > 0) view.reactions = state.reactions.map(([emoji, count]) => ({ emoji, count }))
  if (state.pinnedAt !== null) view.pinned_at = timestamp(state.pinnedAt)
  if (state.editedAt !== null) view.edited_at = timestamp(state.editedAt)
  if (state.deletedAt !== null) view.deleted_at = timestamp(state.deletedAt)
  return view
}

export const threadView = ({ count, lastN, lastAt }: ThreadState): Thread => ({ count, last_n: lastN, last_at: timestamp(lastAt) })

function forwardedView({ sender, at, room }: NonNullable<MessageState['forwarded']>): NonNullable<Message['forwarded']> {
  return { sender: { id: sender.id, username: sender.username }, at: timestamp(at), ...(room !== null && { room }) }
}
