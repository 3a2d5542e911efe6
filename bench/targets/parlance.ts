import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { limits, type OutputOf } from '@parlance/protocol'
import type { Contender } from '../contender.ts'
import { freePort, root, TargetProcess } from '../target-process.ts'
import type { World } from '../world.ts'
import { eachOf, ParlanceApi } from './parlance-api.ts'
import type { Speaker, Speech } from './speech.ts'

type Session = OutputOf<'accounts.register'> & { renew_at: number }

export type Parlance = Contender & {
  /** Starts the server anew on the same data: a fresh process with the same users, rooms and, where they run out, new tokens. */
  restart(): Promise<void>
}

type Options = { world: World; dir: string; speech: Speech }

const serve = (data: string) =>
  TargetProcess.start({
    command: [process.execPath, join(root, 'packages/server/src/cli.ts'), 'serve'],
    port: freePort(),
    env: { HOST: '127.0.0.1', DATA_DIR: data, RATE_LIMIT: 'off' },
    log: `${data}.log`,
  })

/** The real server as anyone starts it, with a user of its own for every socket of the world, all made through the public API. */
export async function startParlance({ world, dir, speech }: Options): Promise<Parlance> {
  const data = mkdtempSync(join(dir, 'parlance-'))
  let server = await serve(data)
  let run = 0
  const api = () => new ParlanceApi(server.port)
  const sessions = await eachOf(world.sockets, async (_, socket) => {
    return renewable(await api().call('accounts.register', { username: `bench-${socket}`, password: 'correct horse battery' }))
  })
  const rooms = await makeRooms(api(), world, sessions)

  const speaker = (socket: number): Speaker => {
    const room = world.sockets[socket]?.[0] ?? 0
    return { token: sessions[socket]?.access_token ?? '', room: { id: rooms[room] ?? '', name: roomName(room) } }
  }
  const { name, delivery, ack, error, keepalive } = speech

  return {
    name,
    get process() {
      return server
    },
    script(from = 0, to = world.sockets.length) {
      run++
      const sockets = Array.from({ length: to - from }, (_, index) => from + index)
      return {
        port: server.port,
        connections: sockets.map((socket) => speech.connection(speaker(socket))),
        templates: sockets.map((socket) => speech.frame(speaker(socket), run)),
        delivery,
        ack,
        error,
        keepalive,
      }
    },
    async restart() {
      await server[Symbol.asyncDispose]()
      server = await serve(data)
      await eachOf(sessions, async (session, socket) => {
        if (Date.now() < session.renew_at) return
        sessions[socket] = renewable(await api().call('accounts.refresh', { refresh_token: session.refresh_token ?? '' }))
      })
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const renewable = (session: OutputOf<'accounts.register'>): Session => ({ ...session, renew_at: Date.now() + session.expires_in * 500 })

/** Older APIs call rooms by their names. */
const roomName = (index: number): string => `room_${index}`

/** Groups, because a member of a group is the usual listener. The first of a room makes it; who does not fit into that call is added. */
async function makeRooms(api: ParlanceApi, world: World, sessions: Session[]): Promise<string[]> {
  const people: Session[][] = Array.from({ length: world.rooms }, () => [])
  for (const [socket, rooms] of world.sockets.entries()) {
    const session = sessions[socket]
    if (session) for (const room of rooms) people[room]?.push(session)
  }
  return await eachOf(people, async ([owner, ...others], index) => {
    if (!owner) throw new Error(`room ${index} has nobody in it`)
    const ids = others.map(({ user }) => user.id)
    const first = { kind: 'group' as const, name: roomName(index), members: ids.slice(0, limits.initial_members) }
    const { room } = await api.call('rooms.create', first, owner.access_token)
    for (const user of ids.slice(limits.initial_members)) await api.call('members.add', { room: room.id, user }, owner.access_token)
    return room.id
  })
}
