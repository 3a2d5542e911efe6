import { createOlderClient, type OlderClient, type OlderSocket } from '../../harness/older-client.ts'
import type { World } from '../../harness/world.ts'

export type Frame = { type: string; message: string; username: string; timestamp: string }
export type Member = { username: string; access: string; refresh: string }

/** People of this API in a world of all. */
export type Older = {
  api: OlderClient
  person(username: string): Promise<Member>
  open(who: Member, room: string): Promise<OlderSocket>
  history(who: Member, room: string): Promise<{ username: string; message: string; timestamp: string }[]>
}

export function older({ server }: World): Older {
  const api = createOlderClient(server.url)
  return {
    api,
    async person(username) {
      const json = { username, password: '123456' }
      await api.ask('POST', '/api/register/', { json })
      const { access, refresh } = (await api.ask('POST', '/api/login/', { json })).json as { access: string; refresh: string }
      return { username, access, refresh }
    },
    open: ({ access }, room) => api.open(`/ws/chat/${room}/?token=${access}`),
    async history({ access }, room) {
      const { status, json, text } = await api.ask('GET', `/api/chat/history/${room}/`, { token: access })
      if (status !== 200) throw new Error(`the history of ${room} answered ${status}: ${text}`)
      return json as Awaited<ReturnType<Older['history']>>
    },
  }
}

/** Sends a text and gives the frames that came before it. */
export async function before(socket: OlderSocket, message: string): Promise<unknown[]> {
  socket.send({ message })
  return await socket.upto((frame) => (frame as Frame).message === message)
}

export const messages = (frames: readonly unknown[]): string[] => frames.map((frame) => (frame as Frame).message)
