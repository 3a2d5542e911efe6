import { createOlderClient, type OlderAnswer, type OlderClient, type OlderSocket } from '../../harness/older-client.ts'
import { password, type Person, type World } from '../../harness/world.ts'

export type User = { id: number; username: string; email: string }
export type Message = { id: string; chat: string; sender: User; content: string; created_at: string }
export type Chat = { id: string; is_group: boolean; name: string | null; created_at: string; members: User[]; last_message: Message | null }
export type Frame = { type: string; id: string; message: string; sender_id: number; chat_id: string; created_at: string }

/** Somebody with an account, whose number this API shows, and tokens of this API. */
export type Member = Person & { number: number; access: string; refresh: string }

/** People of this API in a world of all: nobody registers here, so they come from the native one. */
export type Backend = {
  api: OlderClient
  person(name: string): Promise<Member>
  /** A call that must succeed. */
  ask<T>(who: Member, method: string, path: string, json?: unknown): Promise<T>
  group(who: Member, name: string, others?: readonly Member[]): Promise<Chat>
  messages(who: Member, chat: string): Promise<Message[]>
  open(who: Member, chat: string): Promise<OlderSocket>
}

export function backend(world: World, prefix = ''): Backend {
  const api = createOlderClient(world.server.url)
  const ask = async <T>(...[who, method, path, json]: Parameters<Backend['ask']>): Promise<T> => {
    const answer: OlderAnswer = await api.ask(method, prefix + path, { token: who.access, ...(json !== undefined && { json }) })
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
    return answer.json as T
  }
  return {
    api,
    ask,
    async person(name) {
      const person = await world.person(name)
      const json = { username: person.username, password }
      const tokens = (await api.ask('POST', `${prefix}/api/token/`, { json })).json as { access: string; refresh: string }
      const number = (await world.server.running.house.store.users.byId(person.id))?.number ?? 0
      return { ...person, ...tokens, number }
    },
    group: (who, name, others = []) => ask(who, 'POST', '/api/chats/group/', { name, member_ids: others.map(({ number }) => number) }),
    messages: (who, chat) => ask(who, 'GET', `/api/chats/${chat}/messages/`),
    open: ({ access }, chat) => api.open(`${prefix}/ws/chat/${chat}/?token=${access}`),
  }
}

/** Sends a text and gives the frames that came before it. */
export async function before(socket: OlderSocket, message: string): Promise<unknown[]> {
  socket.send({ message })
  return await socket.upto((frame) => (frame as Frame).message === message)
}

export const texts = (frames: readonly unknown[]): string[] => frames.map((frame) => (frame as Frame).message)
