import type { Message } from '@parlance/protocol'
import type { MessageState } from './bus.ts'
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
  if (state.mentions.length > 0) view.mentions = state.mentions
  if (state.mentionAll) view.mention_all = true
  if (state.meta !== null) view.meta = state.meta
  if (state.editedAt !== null) view.edited_at = timestamp(state.editedAt)
  if (state.deletedAt !== null) view.deleted_at = timestamp(state.deletedAt)
  return view
}
