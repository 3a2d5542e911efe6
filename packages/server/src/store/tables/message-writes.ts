import type { Selectable } from 'kysely'
import { printId } from '../../base/ids.ts'
import type { EventRow, ThreadFact } from '../rows.ts'
import type { MessagesTable } from '../schema.ts'
import type { WriteInput, WriteOutput } from '../writes.ts'
import { lockRooms, type Tx } from './locks.ts'
import { type LockedRoom, logEvent, nothingLogged, saveRoom } from './log-writes.ts'
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
  const { event, deleted } = await takeAway(tx, { room, message }, { by, at })
  await saveRoom(tx, room)
  return { status: 'deleted', message: messageOf(deleted), events: [event], userEvents: [] }
}

export async function eraseMessages(
  tx: Tx,
  { room: number, user, ns, at }: WriteInput<'messages.erase'>,
): Promise<WriteOutput<'messages.erase'>> {
  const [room] = await lockRooms(tx, [number])
  const erased: WriteOutput<'messages.erase'> = { status: 'erased', messages: [], ...nothingLogged() }
  if (room === undefined || room.deleted_at !== null || ns.length === 0) return erased
  const written = tx.selectFrom('messages').selectAll().where('room', '=', number).where('n', 'in', ns)
  for (const message of await written.where('sender', '=', user).where('deleted_at', 'is', null).orderBy('n').execute()) {
    const { event } = await takeAway(tx, { room, message }, { by: user, at })
    erased.events.push(event)
    erased.messages.push({ n: message.n, id: printId(message.id) })
  }
  await saveRoom(tx, room)
  return erased
}

/** The text of a message goes, and what hangs on it; the place stays. The caller saves the room. */
async function takeAway(
  tx: Tx,
  { room, message }: { room: LockedRoom; message: Message },
  { by, at }: { by: number; at: number },
): Promise<{ event: EventRow; deleted: Message }> {
  const left = message.root === null ? null : await threadWithout(tx, message, message.root)
  const data = left && { thread: left }
  const event = await logEvent(tx, room, { type: 'message.deleted', actor: by, ref: message.n, data, at })
  // The digest goes with the text: it would prove a guess of it.
  const emptied = { content: '', digest: null, meta: null, mentions: null, mention_all: 0, forward: null, reactions: null, pinned_at: null }
  const deleted = await changeMessage(tx, message, { ...emptied, rev: event.seq, deleted_at: at })
  if (left !== null) await saveThread(tx, event, left)
  await dropMentions(tx, message, 'all')
  for (const table of ['reactions', 'reads'] as const)
    await tx.deleteFrom(table).where('room', '=', message.room).where('n', '=', message.n).execute()
  return { event, deleted }
}

export async function pinMessage(tx: Tx, input: WriteInput<'messages.pin'>): Promise<WriteOutput<'messages.pin'>> {
  const { pinned, pins, by, at } = input
  const room = await roomJudgedAt(tx, input.room, input.acl)
  if (room === undefined) return { status: 'stale' }
  const message = await findMessage(tx, input)
  if (message === undefined) return { status: 'gone' }
  if (message.deleted_at !== null) return { status: 'deleted' }
  if ((message.pinned_at !== null) === pinned) return { status: 'unchanged', message: messageOf(message) }
  if (pinned && (await countPins(tx, room.number)) >= pins) return { status: 'too_many_pins' }
  const type = pinned ? 'message.pinned' : 'message.unpinned'
  const event = await logEvent(tx, room, { type, actor: by, ref: message.n, data: null, at })
  const changed = await changeMessage(tx, message, { rev: event.seq, pinned_at: pinned ? at : null })
  await saveRoom(tx, room)
  return { status: 'changed', message: messageOf(changed), events: [event], userEvents: [] }
}

async function countPins(tx: Tx, room: number): Promise<number> {
  const { pins } = await tx
    .selectFrom('messages')
    .select((row) => row.fn.countAll<number>().as('pins'))
    .where('room', '=', room)
    .where('pinned_at', 'is not', null)
    .executeTakeFirstOrThrow()
  return pins
}

/** The thread as it is without this reply; null where its first message is gone for good. */
async function threadWithout(tx: Tx, reply: Message, root: Uint8Array): Promise<ThreadFact | null> {
  const inRoom = tx.selectFrom('messages').where('room', '=', reply.room)
  const first = await inRoom.select('replies').where('id', '=', root).executeTakeFirst()
  if (first === undefined) return null
  const others = inRoom.select(['n', 'created_at']).where('root', '=', root).where('deleted_at', 'is', null).where('n', '!=', reply.n)
  const last = await others.orderBy('n', 'desc').limit(1).executeTakeFirst()
  return { root: printId(root), replies: first.replies - 1, last_n: last?.n ?? null, last_at: last?.created_at ?? null }
}

async function saveThread(tx: Tx, { room, seq }: EventRow, { root, replies, last_n, last_at }: ThreadFact): Promise<void> {
  await tx
    .updateTable('messages')
    .set({ replies, last_reply_n: last_n, last_reply_at: last_at, rev: seq })
    .where('room', '=', room)
    .where('id', '=', idBytes(root))
    .execute()
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
