import { ChatError, type DownFrame, down, type Hello, limits, type OperationName, type UpFrame, up } from '@parlance/protocol'
import type { ServerWebSocket } from 'bun'
import { profile } from './accounts.ts'
import type { FakePeer } from './fake-peer.ts'
import { valid } from './valid.ts'
import { type Hall, type News, type Person } from './world.ts'

export type SocketState = { id: number }

/** One socket as the peer sees it; `frames` are the texts it sent. */
export type Connection = {
  socket: ServerWebSocket<SocketState>
  person: Person | null
  hello: Hello | null
  open: Set<string>
  watch: string[]
  frames: string[]
}

/** Events in one replay page. */
const pageSize = 50
const kinds = Object.keys(up) as (keyof typeof up)[]

/** The socket side of a peer: handshake, replay, calls, and news to whom they concern. */
export class SocketDoor {
  readonly connections: Connection[] = []
  readonly #peer: FakePeer

  constructor(peer: FakePeer) {
    this.#peer = peer
  }

  /** Connections that have said hello and are open. */
  get live(): Connection[] {
    return this.connections.filter(({ socket, person }) => socket.readyState === 1 && person !== null)
  }

  opened(socket: ServerWebSocket<SocketState>): void {
    this.connections.push({ socket, person: null, hello: null, open: new Set(), watch: [], frames: [] })
  }

  heard(socket: ServerWebSocket<SocketState>, text: string): void {
    const connection = this.connections.find((other) => other.socket.data.id === socket.data.id)
    if (connection === undefined) throw new Error('a socket that never opened')
    connection.frames.push(text)
    const frame = JSON.parse(text) as Partial<UpFrame[keyof UpFrame]>
    const kind = kinds.find((key) => key in frame)
    if (kind === undefined || !valid(up[kind], frame)) {
      this.#peer.faults.push(`frame up: ${text}`)
      socket.close(4400)
    } else if (kind === 'hello') this.#hello(connection, (frame as UpFrame['hello']).hello)
    else if (connection.person === null) socket.close(4400)
    else this.#said(connection, connection.person, frame)
  }

  send<K extends keyof DownFrame>({ socket }: Connection, kind: K, frame: DownFrame[K]): void {
    if (!valid(down[kind], frame)) this.#peer.faults.push(`frame down: ${JSON.stringify(frame)}`)
    const tampered =
      kind === 'ev' || kind === 'uev' || kind === 'log' || kind === 'ulog' || kind === 'head' ? this.#peer.wire(frame) : [frame]
    for (const each of tampered) socket.send(JSON.stringify(each))
  }

  news(news: News): void {
    for (const connection of this.live) {
      const me = connection.person
      if (me === null) continue
      if ('toUser' in news) {
        if (news.toUser === me.id) this.send(connection, 'uev', news.fact)
        continue
      }
      const { to } = news
      if ('event' in news) {
        const { event } = news
        const mine = event.ev === 'member.joined' && event.data.user.id === me.id
        if (mine) this.send(connection, 'log', { log: { room: to.id, after: event.seq - 1, upto: event.seq, floor: 0, events: [event] } })
        else if (to.members.has(me.id) || connection.open.has(to.id)) this.send(connection, 'ev', event)
      } else if (connection.open.has(to.id) && news.from.id !== me.id) {
        const about = { room: to.id, user: news.from }
        if ('typing' in news)
          this.send(connection, 'typing', { eph: 'typing', ...about, typing: news.typing, expires_ms: limits.typing_ms })
        else this.send(connection, 'receipt', { eph: 'receipt', ...about, read: news.read })
      }
    }
  }

  #hello(connection: Connection, hello: Hello): void {
    const { accounts, heartbeat, epoch, world } = this.#peer
    let me: Person
    try {
      me = accounts.bearer(hello.token)
    } catch {
      connection.socket.close(4401)
      return
    }
    connection.hello = hello
    const bounds = { in_flight: limits.in_flight, frame_bytes: limits.frame_bytes }
    const welcome = { conn: 'c1', user: profile(me), protocol: '1.0', heartbeat, expires_in: accounts.expiresIn, limits: bounds }
    this.send(connection, 'welcome', { welcome })
    const resume = hello.resume?.epoch === epoch ? hello.resume : null
    const halls = [...world.halls.values()].filter(({ members }) => members.has(me.id))
    const heads = halls.filter((hall) => !this.#resume(connection, hall, resume?.rooms[hall.id]))
    for (let at = 0; at < heads.length; at += limits.heads_page) {
      const page = heads.slice(at, at + limits.heads_page)
      const rows = page.map(({ id, log, messages, members }) => ({
        room: id,
        seq: log.length,
        n: messages.length,
        read: members.get(me.id)?.read ?? 0,
      }))
      this.send(connection, 'heads', { heads: rows })
    }
    if (resume !== null && resume.useq < me.useq) {
      const facts = me.facts.filter(({ useq }) => useq > resume.useq)
      this.send(connection, 'ulog', { ulog: { after: resume.useq, upto: me.useq, events: facts } })
    }
    const mode = hello.resume === undefined ? 'heads' : resume === null ? 'reset' : 'resumed'
    this.send(connection, 'ready', { ready: { mode, epoch, useq: me.useq } })
    // Attached last and in the same step: nothing can happen between the replay and here.
    connection.person = me
  }

  /** Says whether the room was brought up to its head. */
  #resume(connection: Connection, hall: Hall, after: number | undefined): boolean {
    if (after === undefined) return false
    if (after > hall.log.length) {
      this.send(connection, 'reset', { reset: [hall.id] })
      return false
    }
    if (hall.log.length - after > this.#peer.replayLimit) return false
    this.#replay(connection, hall, after)
    return true
  }

  #replay(connection: Connection, hall: Hall, from: number): void {
    for (let after = from; after < hall.log.length; after += pageSize) {
      const upto = Math.min(hall.log.length, after + pageSize)
      const log = { room: hall.id, after, upto, floor: 0, events: this.#peer.world.eventsOf(hall, after, upto) }
      this.send(connection, 'log', { log })
    }
  }

  #said(connection: Connection, me: Person, frame: Partial<UpFrame[keyof UpFrame]>): void {
    if ('op' in frame) this.#call(connection, me, frame as UpFrame['op'] & { op: OperationName })
    else if ('open' in frame) this.#open(connection, me, frame as UpFrame['open'])
    else if ('close' in frame) connection.open.delete(frame.close ?? '')
    else if ('watch' in frame) this.#watch(connection, frame.watch ?? [])
    else if ('auth' in frame) this.#renew(connection, me, frame.auth ?? '')
    else this.send(connection, 'pong', { pong: 1 })
  }

  #call(connection: Connection, me: Person, { id, op, in: input }: UpFrame['op'] & { op: OperationName }): void {
    try {
      const { behaviour, output } = this.#peer.perform(
        { op, input: input as Record<string, unknown>, door: 'socket' },
        { token: null, person: me },
      )
      if (behaviour === 'cut') connection.socket.terminate()
      else if (behaviour === 'answer') this.send(connection, 'ok', { id, ok: output })
    } catch (error) {
      const { code, detail, retryMs } = error instanceof ChatError ? error : new ChatError('internal', { detail: String(error) })
      this.send(connection, 'err', { id, err: { code, detail, ...(retryMs !== undefined && { retry_ms: retryMs }) } })
    }
  }

  #open(connection: Connection, me: Person, { open, after }: UpFrame['open']): void {
    try {
      const hall = this.#peer.world.hall(me, open)
      connection.open.add(open)
      if (after !== undefined) this.#replay(connection, hall, after)
      this.send(connection, 'opened', { opened: open, seq: hall.log.length })
    } catch (error) {
      const { code, detail } = error as ChatError
      this.send(connection, 'refused', { refused: open, err: { code, detail } })
    }
  }

  #watch(connection: Connection, users: string[]): void {
    connection.watch = users
    const online = new Set(this.live.map(({ person }) => person?.id))
    for (const user of users) this.send(connection, 'presence', { eph: 'presence', user, status: online.has(user) ? 'online' : 'offline' })
  }

  #renew(connection: Connection, me: Person, token: string): void {
    const { accounts } = this.#peer
    try {
      if (accounts.bearer(token).id !== me.id) throw new ChatError('forbidden')
      this.send(connection, 'auth', { auth: { expires_in: accounts.expiresIn } })
    } catch {
      connection.socket.close(4401)
    }
  }
}
