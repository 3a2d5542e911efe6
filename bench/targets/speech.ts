import { limits } from '@parlance/protocol'
import type { Script } from '../generator.ts'
import { content } from '../world.ts'

/** A socket of a world in the server's terms. */
export type Speaker = { token: string; room: { id: string; name: string } }

/** How to talk to the server through one of its APIs. `run` makes what must be new in each run so. */
export type Speech = Pick<Script, 'delivery' | 'ack' | 'error' | 'keepalive'> & {
  name: string
  connection(speaker: Speaker): string
  frame(speaker: Speaker, run: number): string
}

/** Our own protocol; `open` also opens the room each socket sends into. */
export const native = (open: boolean): Speech => ({
  name: 'Parlance',
  connection({ token, room }) {
    const hello = JSON.stringify({ hello: { token, client: 'bench' } })
    return `/ws\t>${hello}\t<"ready":${open ? `\t>${JSON.stringify({ open: room.id })}\t<"opened":` : ''}`
  },
  // The stamp and the counter stay as they are: the generator fills them in, the run makes each cid new to the server.
  frame: ({ room }, run) =>
    `{"id":%count%,"op":"messages.send","in":${JSON.stringify({ room: room.id, cid: `run${run}-%count%`, content })}}`,
  delivery: '"ev":"message.created"',
  ack: '"ok":',
  error: '"err":',
  keepalive: [(limits.silence_ms - 10_000) / 1000, '{"ping":1}'],
})

/** The older APIs. A token of ours opens each below its own name. Somebody for whom a message is: the first user there is. */
export const older: readonly Speech[] = [
  {
    name: 'chat-backend',
    connection: ({ token, room }) => `/chat-backend/ws/chat/${room.id}/?token=${token}`,
    frame: () => JSON.stringify({ message: content }),
    delivery: '"type":"chat_message"',
  },
  {
    name: 'django-chat-app',
    connection: ({ token, room }) => `/django-chat-app/ws/chat/${room.name}/\t>${JSON.stringify({ token, type: 'join' })}\t<"type":"join"`,
    frame: ({ token }) => JSON.stringify({ token, type: 'message', receiver: 1, message: content }),
    delivery: '"type":"message"',
    error: '"type":"error"',
  },
  {
    name: 'django-realtime-chat-api',
    connection: ({ token, room }) => `/django-realtime-chat-api/ws/chat/${room.name}/?token=${token}`,
    frame: () => JSON.stringify({ message: content }),
    delivery: '"type":"chat_message"',
  },
  {
    name: 'realtime-chat',
    connection: ({ token, room }) => `/realtime-chat/ws/chat/${room.name}/?token=${token}\t<"user_join"`,
    frame: () => JSON.stringify({ message: content }),
    delivery: '"type":"chat_message"',
    error: '{"error"',
  },
]
