// What an application writes, checked with the settings of one: everything it touches has a type, and what does not exist is an error.
import {
  ChatError,
  type Client,
  ConnectionError,
  createClient,
  type Outgoing,
  type Positions,
  type Session,
  type Status,
} from '@parlance/client'

export async function talk(url: string, stored: Session | null, keep: (session: Session | null) => void): Promise<Positions | null> {
  const client: Client = createClient({ url, session: stored, onSession: keep })
  if (client.user === null) await client.login('alice', 'correct horse')
  client.on('message.created', ({ room, n, data }) => show(room, n, data.sender.username, data.content))
  client.on('status', (status: Status) => {
    if (status.state === 'waiting') show('offline for', status.retry_ms)
  })
  client.on('outbox', ({ cid, state }: Outgoing) => show(cid, state))
  client.connect()
  await client.ready()
  const { room, dup } = await client.call('rooms.create', { kind: 'group', title: 'Tea', cid: 'tea' })
  await client.open(room.id)
  const { message } = await client.send(room.id, { content: 'hello', mentions: ['name:bob'] })
  show(dup, message.n, message.content)
  try {
    await client.call('messages.edit', { room: room.id, message: message.id, content: 'hello!' })
  } catch (error) {
    if (error instanceof ChatError) show(error.code === 'room_archived', error.retryMs)
    if (error instanceof ConnectionError) show(error.message)
  }
  const timeline = client.timeline(room.id, () => show(timeline.messages.length))
  await timeline.latest()
  // @ts-expect-error There is no such operation.
  const wrong = client.call('rooms.explode', {})
  // @ts-expect-error There is no such field.
  const odd = client.call('rooms.get', { romo: room.id })
  // @ts-expect-error There is no such event.
  const off = client.on('message.sung', () => undefined)
  show(wrong, odd, off)
  return client.positions
}

const show = (...what: unknown[]): void => console.log(...what)
