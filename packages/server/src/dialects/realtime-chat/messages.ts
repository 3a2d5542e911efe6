import { ChatError, limits } from '@parlance/protocol'
import type { Actor, RestAnswer, RestCall, RestRoute } from '../dialect.ts'
import { atMost, content, fieldNames, readTexts, routesOf, signedIn } from '../drf.ts'
import { isOwn } from './shapes.ts'

export const messageRoutes: RestRoute[] = [
  ...routesOf({
    path: '/chat/messages/:message/edit/',
    name: 'Message Edit',
    allow: ['PUT', 'PATCH', 'OPTIONS'],
    enter: signedIn,
    methods: { PUT: edit, PATCH: edit },
  }),
  ...routesOf({
    path: '/chat/messages/:message/delete/',
    name: 'Message Delete',
    allow: ['DELETE', 'OPTIONS'],
    enter: signedIn,
    methods: { DELETE: remove },
  }),
]

type Found = { room: string; message: string }

/** The message of the path, if it is the caller's own and stands; to everybody else there is none. */
async function own(call: RestCall, actor: Actor): Promise<Found & { content: string }> {
  const message = (call.params.message ?? '').toLowerCase()
  const room = await call.directory.roomOfMessage(actor, message)
  if (room === null) throw new ChatError('not_found')
  const found = await unlessGone(() => call.call(actor, 'messages.get', { room, message }))
  if (!isOwn(found, actor)) throw new ChatError('not_found')
  return { room, message, content: found.content }
}

async function edit(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { room, message, content: before } = await own(call, actor)
  const body = await content(call)
  // A partial update may leave the one field out that there is.
  const isEmpty = call.method === 'PATCH' && !fieldNames(body).includes('content')
  const text = isEmpty ? before : (readTexts(body, [{ name: 'content', check: bounds }]).get('content') ?? '')
  if (!isEmpty) await unlessGone(() => call.call(actor, 'messages.edit', { room, message, content: text }))
  return { status: 200, body: { content: text } }
}

const bounds = (text: string): string[] => [...atMost(text, limits.content_chars), ...bytesAtMost(text, limits.content_bytes)]
const bytesAtMost = (text: string, max: number): string[] =>
  Buffer.byteLength(text) > max ? [`Ensure this field has no more than ${max} bytes.`] : []

async function remove(call: RestCall, actor: Actor): Promise<RestAnswer> {
  const { room, message } = await own(call, actor)
  await unlessGone(() => call.call(actor, 'messages.delete', { room, message }))
  return { status: 204, body: null }
}

/** What one may not change is not there, here. */
async function unlessGone<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isGone = error instanceof ChatError && ['not_found', 'forbidden', 'message_deleted', 'invalid_input'].includes(error.code)
    throw isGone ? new ChatError('not_found') : error
  }
}
