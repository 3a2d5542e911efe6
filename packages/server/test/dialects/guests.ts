import { createOlderClient, type OlderClient, type OlderSocket } from '../harness/older-client.ts'
import { createRest } from '../harness/rest.ts'
import { connect, type TestSocket } from '../harness/socket.ts'

/** One public room, by every name it has, and who is in it, by number. */
export type Place = { url: string; id: string; name: string; number: number; people: ReadonlyMap<number, string> }

export type Account = { username: string; email: string; password: string; token: string; number: number }

export type Said = { text: string; author: string }

/** Somebody in the room, in the words of one API. */
export type Guest = AsyncDisposable & {
  say(text: string): void
  /** The messages told so far on this socket, in the order in which they came. */
  heard(): Said[]
  /** What this API tells of the room's past. */
  past(): Promise<Said[]>
  /** The keys of every message frame so far, each combination once. */
  shapes(): string[]
}

export type Door = { api: string; shape: string[]; enter(who: Account, place: Place): Promise<Guest> }

type Frame = Record<string, unknown>

/** The ways into the room: every API that can name it. */
export const doors: readonly Door[] = [
  { api: 'native', shape: ['ev', 'room', 'seq', 'at', 'n', 'data'], enter: enterNative },
  {
    api: 'chat-backend',
    shape: ['type', 'id', 'message', 'sender_id', 'chat_id', 'created_at'],
    async enter(who, place) {
      const api = createOlderClient(place.url)
      const token = await tokenOf(api, '/api/token/', { username: who.username, password: who.password })
      const socket = await api.open(`/ws/chat/${place.id}/?token=${token}`)
      const past = async () => {
        const messages = await ask<{ content: string; sender: { username: string } }[]>(api, `/api/chats/${place.id}/messages/`, token)
        return messages.map(({ content, sender }) => ({ text: content, author: sender.username }))
      }
      return guest(socket, { past, say: (message) => ({ message }), author: ({ sender_id }) => place.people.get(Number(sender_id)) })
    },
  },
  {
    api: 'django-chat-app',
    shape: ['type', 'message', 'sender', 'receiver'],
    async enter(who, place) {
      const api = createOlderClient(place.url)
      const login = await api.ask('POST', '/login/', { json: { email: who.email, password: who.password } })
      const token = (login.json as { data: { access_token: string } }).data.access_token
      const socket = await api.open(`/ws/chat/${place.name}/`)
      socket.send({ token, type: 'join' })
      await socket.upto((frame) => (frame as Frame).type === 'join' && (frame as Frame).username === who.username)
      const past = async () => {
        const path = `/messages/${place.number}/`
        const { data } = await ask<{ data: { content: string; sender_username: string }[] }>(api, path, token)
        return data.map(({ content, sender_username }) => ({ text: content, author: sender_username }))
      }
      const say = (message: string) => ({ token, type: 'message', receiver: who.number, message })
      return guest(socket, { past, say, author: ({ sender }) => place.people.get(Number(sender)) })
    },
  },
  {
    api: 'django-realtime-chat-api',
    shape: ['type', 'message', 'username', 'timestamp'],
    async enter(who, place) {
      const api = createOlderClient(place.url)
      const token = await tokenOf(api, '/api/login/', { username: who.username, password: who.password })
      const socket = await api.open(`/ws/chat/${place.name}/?token=${token}`)
      const past = async () => {
        const entries = await ask<{ message: string; username: string }[]>(api, `/api/chat/history/${place.name}/`, token)
        return entries.map(({ message, username }) => ({ text: message, author: username }))
      }
      return guest(socket, { past, say: (message) => ({ message }), author: ({ username }) => String(username) })
    },
  },
  {
    api: 'realtime-chat',
    shape: ['type', 'message', 'message_id', 'sender_username', 'sender_id', 'timestamp', 'edited_at', 'is_deleted'],
    async enter(who, place) {
      const api = createOlderClient(place.url)
      const token = await tokenOf(api, '/users/auth/login/', { username: who.username, password: who.password })
      const socket = await api.open(`/ws/chat/${place.name}/`, { authorization: `Bearer ${token}` })
      // Its past comes on the socket, before the newcomer's own arrival.
      const before = await socket.upto((frame) => (frame as Frame).type === 'user_join' && (frame as Frame).username === who.username)
      const author = ({ sender_username }: Frame) => String(sender_username)
      const history = saidIn(before, author)
      const told = guest(socket, { past: () => Promise.resolve(history), say: (message) => ({ message }), author })
      return { ...told, heard: () => told.heard().slice(history.length) }
    },
  },
]

type Words = { past: Guest['past']; say: (text: string) => object; author: (frame: Frame) => string | undefined }

function guest(socket: OlderSocket, { past, say, author }: Words): Guest {
  return {
    past,
    say: (text) => socket.send(say(text)),
    heard: () => saidIn(socket.frames, author),
    shapes: () => shapesOf(socket.frames.filter(isMessage)),
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  }
}

const isMessage = (frame: unknown): frame is Frame => ['message', 'chat_message'].includes(String((frame as Frame).type))
const shapesOf = (frames: readonly Frame[]): string[] => [...new Set(frames.map((frame) => Object.keys(frame).join(' ')))]
const saidIn = (frames: readonly unknown[], author: Words['author']): Said[] =>
  frames.filter(isMessage).map((frame) => ({ text: String(frame.message), author: author(frame) ?? 'nobody' }))

async function tokenOf(api: OlderClient, path: string, json: object): Promise<string> {
  const { status, json: tokens, text } = await api.ask('POST', path, { json })
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`)
  return (tokens as { access: string }).access
}

async function ask<T>(api: OlderClient, path: string, token: string): Promise<T> {
  const { status, json, text } = await api.ask('GET', path, { token })
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`)
  return json as T
}

async function enterNative(who: Account, { url, id }: Place): Promise<Guest> {
  const socket: TestSocket = await connect(url)
  await socket.hello(who.token)
  socket.send({ open: id })
  await socket.next('opened')
  const frames = () =>
    socket.frames.flatMap((seen) =>
      seen.kind === 'ev' && seen.frame.ev === 'message.created' && seen.frame.room === id ? [seen.frame] : [],
    )
  return {
    say(text) {
      // Its outcome is what the others hear.
      socket.op('messages.send', { room: id, content: text, cid: crypto.randomUUID() }).catch(() => {})
    },
    heard: () => frames().map(({ data }) => ({ text: data.content, author: data.sender.username })),
    async past() {
      const rest = createRest(url)
      let page = await rest.call('messages.list', { room: id, limit: 200 }, who)
      const told = page.items
      while (page.more_before) {
        page = await rest.call('messages.list', { room: id, limit: 200, before: told[0]?.n ?? 0 }, who)
        told.unshift(...page.items)
      }
      return told.map(({ content, sender }) => ({ text: content, author: sender.username }))
    },
    shapes: () => shapesOf(frames()),
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  }
}
