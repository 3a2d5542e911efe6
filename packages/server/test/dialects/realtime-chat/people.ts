import { createOlderClient, type OlderAnswer, type OlderClient, type OlderRequest, type OlderSocket } from '../../harness/older-client.ts'

export type Frame = {
  type?: string
  error?: string
  message?: string
  message_id?: string
  sender_username?: string
  sender_id?: string
  timestamp?: string
  edited_at?: string | null
  is_deleted?: boolean
  user_id?: string
  username?: string
  users?: { id: string; username: string }[]
}
export type Room = {
  room_id: string
  room_name: string
  created_at: string
  creator_username?: string
  description: string | null
  is_private: boolean
  message_count: number
}
export type Member = { id: number; username: string; access: string; refresh: string }

export const password = 'Passw0rd!x'
export const isoZ = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** People of this API at one server. `prefix`: where its paths begin. */
export type Older = {
  api: OlderClient
  prefix: string
  ask(method: string, path: string, request?: OlderRequest & { as?: Member }): Promise<OlderAnswer>
  person(username: string): Promise<Member>
  /** Makes a room and gives it as the list shows it. */
  room(by: Member, json: { room_name: string; description?: string; is_private?: boolean }): Promise<Room>
  path(room: string): string
  /** Opens a socket and waits until it has been told that it has arrived; `before` is what it got until then. */
  open(who: Member, room: string): Promise<{ socket: OlderSocket; before: Frame[] }>
  enter(who: Member, room: string): Promise<OlderSocket>
}

export function older(url: string, prefix = ''): Older {
  const api = createOlderClient(url)
  const people: Older = {
    api,
    prefix,
    ask: (method, path, { as, ...request } = {}) =>
      api.ask(method, prefix + path, { ...request, ...(as !== undefined && { token: as.access }) }),
    async person(username) {
      await people.ask('POST', '/users/auth/register/', { json: { username, password } })
      const answer = await people.ask('POST', '/users/auth/login/', { json: { username, password } })
      const { access, refresh } = answer.json as { access: string; refresh: string }
      const { id } = (await people.ask('GET', '/users/auth/profile/', { token: access })).json as { id: number }
      return { id, username, access, refresh }
    },
    async room(by, json) {
      const { status, json: made, text } = await people.ask('POST', '/chat/rooms/create/', { json, as: by })
      if (status !== 201) throw new Error(`making a room answered ${status}: ${text}`)
      return made as Room
    },
    path: (room) => `${prefix}/ws/chat/${encodeURIComponent(room)}/`,
    async open(who, room) {
      const socket = await api.open(`${people.path(room)}?token=${who.access}`)
      const before = (await socket.upto((frame) => isJoin(frame as Frame, who))) as Frame[]
      return { socket, before }
    },
    enter: async (who, room) => (await people.open(who, room)).socket,
  }
  return people
}

export const isJoin = ({ type, user_id }: Frame, { id }: Member): boolean => type === 'user_join' && user_id === String(id)

/** Says something and gives the frames that came before it. */
export async function before(socket: OlderSocket, message: string): Promise<Frame[]> {
  socket.send({ message })
  return (await socket.upto((frame) => (frame as Frame).message === message)) as Frame[]
}

export const texts = (frames: readonly unknown[]): string[] => frames.flatMap((frame) => (frame as Frame).message ?? [])
