import { createOlderClient, type OlderClient, type OlderSocket } from '../../harness/older-client.ts'

export type Frame = { type: string; message?: string; sender?: number; receiver?: number | string | null; username?: string }
export type Member = { id: number; username: string; access: string; refresh: string }
export type Room = { id: number; name: string; members: number[] }
export type Entry = {
  id: number
  sender_username: string
  receiver_username: string | null
  content: string
  timestamp: string
  room: number
  sender: number
  receiver: number | null
}

type Envelope<T> = { success: boolean; data: T; message: string }

/** People of this API. `prefix` stands before every path. */
export type Older = {
  api: OlderClient
  person(username: string): Promise<Member>
  login(username: string): Promise<{ access: string; refresh: string }>
  makeRoom(who: Member, name: string, members: readonly Member[]): Promise<Room>
  rooms(who: Member, path?: '/rooms/' | '/my-rooms/'): Promise<Room[]>
  messages(who: Member, room: number): Promise<Entry[]>
  open(channel: string): Promise<OlderSocket>
  /** A socket that listens as this person: its `join` came back. */
  listen(who: Member, channel: string): Promise<OlderSocket>
}

export const password = 'secret1'
export const addressOf = (username: string): string => `${username.toLowerCase()}@example.org`

export function older(url: string, prefix = ''): Older {
  const api = createOlderClient(url)
  const data = async <T>(method: string, path: string, request: Parameters<OlderClient['ask']>[2]): Promise<T> => {
    const { status, json, text } = await api.ask(method, prefix + path, request)
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`)
    return (json as Envelope<T>).data
  }
  const people: Older = {
    api,
    async person(username) {
      const json = { username, email: addressOf(username), password }
      const { id } = await data<{ id: number }>('POST', '/register/', { json })
      return { id, username, ...(await people.login(username)) }
    },
    async login(username) {
      const json = { email: addressOf(username), password }
      const tokens = await data<{ access_token: string; refresh_token: string }>('POST', '/login/', { json })
      return { access: tokens.access_token, refresh: tokens.refresh_token }
    },
    makeRoom: ({ access }, name, members) =>
      data('POST', '/rooms/', { token: access, json: { name, members: members.map(({ id }) => id) } }),
    rooms: ({ access }, path = '/rooms/') => data('GET', path, { token: access }),
    messages: ({ access }, room) => data('GET', `/messages/${room}/`, { token: access }),
    open: (channel) => api.open(`${prefix}/ws/chat/${channel}/`),
    async listen(who, channel) {
      const socket = await people.open(channel)
      socket.send({ token: who.access, type: 'join' })
      await socket.upto((frame) => (frame as Frame).type === 'join' && (frame as Frame).username === who.username)
      return socket
    },
  }
  return people
}

/** The frames a socket got before a message of its person to themselves, which nobody else hears outside of a room. */
export async function before(socket: OlderSocket, who: Member): Promise<Frame[]> {
  socket.send({ token: who.access, type: 'message', receiver: who.id, message: 'marker' })
  return (await socket.upto((frame) => (frame as Frame).message === 'marker')) as Frame[]
}

/** Sends a message; `receiver` as it is to be written, where that is not the number. */
export function say(
  socket: OlderSocket,
  who: Member,
  { to, text, receiver = to.id }: { to: Member; text: string; receiver?: string | number },
): void {
  socket.send({ token: who.access, type: 'message', receiver, message: text })
}
