import { createRest, type Rest } from './rest.ts'
import { startServer, type TestServer, type TestServerOptions } from './server.ts'
import { connect, type TestSocket } from './socket.ts'

export type Person = { id: string; username: string; token: string; refresh: string }

export type World = AsyncDisposable & {
  server: TestServer
  rest: Rest
  /** Registers somebody new; the name gets a number so that it is free. */
  person(name?: string): Promise<Person>
  /** A socket that has said hello. */
  socket(person: Person): Promise<TestSocket>
  /** A public room of this person with a name of its own. */
  publicRoom(person: Person): Promise<string>
  /** A group of these people; the first owns it. */
  group(people: readonly [Person, ...Person[]]): Promise<string>
  send(person: Person, room: string, content: string): Promise<{ id: string; n: number; seq: number }>
}

export const password = 'correct horse battery'

/** A server with people in it; sockets opened through it are closed with it. */
export async function openWorld(options: TestServerOptions = {}): Promise<World> {
  const server = await startServer(options)
  const rest = createRest(server.url)
  const sockets: TestSocket[] = []
  let made = 0
  const name = (what: string) => `${what}${++made}`
  return {
    server,
    rest,
    async person(called = 'user') {
      const username = name(called)
      const { user, access_token, refresh_token } = await rest.call('accounts.register', { username, password })
      return { id: user.id, username, token: access_token, refresh: refresh_token ?? '' }
    },
    async socket(person) {
      const socket = await connect(server.url)
      sockets.push(socket)
      await socket.hello(person.token)
      return socket
    },
    async publicRoom(person) {
      const { room } = await rest.call('rooms.create', { kind: 'public', name: name('room') }, person)
      return room.id
    },
    async group([owner, ...others]) {
      const { room } = await rest.call('rooms.create', { kind: 'group', title: 'a group', members: others.map(({ id }) => id) }, owner)
      return room.id
    },
    async send(person, room, content) {
      return (await rest.call('messages.send', { room, content, cid: crypto.randomUUID() }, person)).message
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) await socket[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
