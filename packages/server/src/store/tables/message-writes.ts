import type { Selectable } from 'kysely'
import type { MessagesTable } from '../schema.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import type { Tx } from './locks.ts'
import { logEvent, saveRoom } from './log-writes.ts'
import { roomJudgedAt } from './member-writes.ts'
import { idBytes, messageOf } from './rows-of.ts'

type Mention = { id: string; number: number }
type Message = Selectable<MessagesTable>

export async function editMessage(tx: Tx, input: WriteInput<'messages.edit'>): Promise<WriteOutput<'messages.edit'>> {
  const { content, meta, mentions, mentionAll, by, at } = input
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  const message = await findMessage(tx, input)
  if (message === undefined) return { status: 'gone' }
  if (message.deleted_at !== null) return { status: 'deleted' }
  const event = await logEvent(tx, room, { type: 'message.edited', actor: by, ref: message.n, data: null, at })
  const change = {
    rev: event.seq,
    edited_at: at,
    ...(content !== undefined && { content }),
    ...(meta !== undefined && { meta }),
    ...(mentions !== undefined && { mentions: mentionsText(mentions) }),
    ...(mentionAll !== undefined && { mention_all: Number(mentionAll) }),
  }
  const edited = await changeMessage(tx, message, change)
  if (mentions !== undefined) {
    await dropMentions(tx, message, 'persons')
    await mention(
      tx,
      message,
      mentions.map(({ number }) => number),
    )
  }
  if (mentionAll !== undefined) {
    await dropMentions(tx, message, 'everybody')
    if (mentionAll) await mention(tx, message, [null])
  }
  await saveRoom(tx, room)
  return { status: 'edited', message: messageOf(edited), events: [event], userEvents: [] }
}

export async function deleteMessage(tx: Tx, input: WriteInput<'messages.delete'>): Promise<WriteOutput<'messages.delete'>> {
  const { by, at } = input
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  const message = await findMessage(tx, input)
  if (message === undefined) return { status: 'gone' }
  if (message.deleted_at !== null) return { status: 'unchanged' }
  const event = await logEvent(tx, room, { type: 'message.deleted', actor: by, ref: message.n, data: null, at })
  // The digest goes with the text: it would prove a guess of it.
  const emptied = { content: '', digest: null, meta: null, mentions: null, mention_all: 0 }
  const deleted = await changeMessage(tx, message, { ...emptied, rev: event.seq, deleted_at: at })
  await dropMentions(tx, message, 'all')
  await saveRoom(tx, room)
  return { status: 'deleted', message: messageOf(deleted), events: [event], userEvents: [] }
}

export const mentionsText = (mentions: readonly Mention[]): string | null =>
  mentions.length === 0 ? null : JSON.stringify(mentions.map(({ id }) => id))

async function findMessage(tx: Tx, { room, message }: { room: number; message: string }): Promise<Message | undefined> {
  return await tx.selectFrom('messages').selectAll().where('room', '=', room).where('id', '=', idBytes(message)).executeTakeFirst()
}

async function changeMessage(tx: Tx, message: Message, change: Partial<Message>): Promise<Message> {
  await tx.updateTable('messages').set(change).where('room', '=', message.room).where('n', '=', message.n).execute()
  return { ...message, ...change }
}

async function mention(tx: Tx, { room, n }: Message, users: (number | null)[]): Promise<void> {
  if (users.length === 0) return
  await tx
    .insertInto('mentions')
    .values(users.map((user) => ({ room, n, user })))
    .execute()
}

async function dropMentions(tx: Tx, { room, n }: Message, whom: 'persons' | 'everybody' | 'all'): Promise<void> {
  const rows = tx.deleteFrom('mentions').where('room', '=', room).where('n', '=', n)
  if (whom === 'all') await rows.execute()
  else await rows.where('user', whom === 'persons' ? 'is not' : 'is', null).execute()
}
