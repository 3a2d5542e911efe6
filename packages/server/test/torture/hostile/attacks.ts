import { connect, type Socket } from 'node:net'

/**
 * What one attacker does to a server until it is stopped. Each keeps so many connections going, and makes so many new ones a second.
 * `isWork`: the server does work for it that costs what it costs, and is shown only: hashes take a core until the limit of the address holds.
 */
export type Attack = { what: string; connections: number; perSecond: number; isWork?: true; begin: (stranger: Stranger) => void }

/** One connection of an attacker. */
export type Stranger = { socket: Socket; drip(text: string, everyMs: number): void; done(): void }

const head = (line: string, ...more: string[]): string => [`${line} HTTP/1.1`, 'Host: chat.example.org', ...more, '', ''].join('\r\n')
const json = 'Content-Type: application/json'

export const attacks: Record<string, Attack> = {
  'slow headers': {
    what: 'requests whose header never ends, a byte a second',
    connections: 3_000,
    perSecond: 1_500,
    begin: ({ socket, drip }) => {
      socket.write('GET /api/v1/me HTTP/1.1\r\nHost: chat.example.org\r\nX-Slow: ')
      drip('a', 1_000)
    },
  },
  'slow bodies': {
    what: 'requests whose body never ends, a byte a second',
    connections: 3_000,
    perSecond: 1_500,
    begin: ({ socket, drip }) => {
      socket.write(`${head('POST /api/v1/auth/login', json, 'Content-Length: 100000')}{"username":"`)
      drip('a', 1_000)
    },
  },
  'fat slow bodies': {
    what: 'requests that send almost all of the largest body and then wait',
    connections: 1_000,
    perSecond: 300,
    begin: ({ socket, drip }) => {
      socket.write(head('POST /api/v1/auth/login', json, 'Content-Length: 131072') + ' '.repeat(100_000))
      drip(' ', 1_000)
    },
  },
  'silent connections': { what: 'connections that say nothing', connections: 5_000, perSecond: 2_500, begin: () => undefined },
  'connection flood': {
    what: 'connections made and dropped at once',
    connections: 200,
    perSecond: 1_000,
    begin: ({ socket, done }) => {
      socket.end()
      done()
    },
  },
  'unproven sockets': {
    what: 'WebSockets that never say who they are',
    connections: 2_000,
    perSecond: 500,
    begin: ({ socket }) => {
      const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
      socket.write(head('GET /ws', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', key))
    },
  },
  'wrong logins': {
    what: 'logins with a wrong password',
    isWork: true,
    connections: 100,
    perSecond: 300,
    begin: ({ socket }) => {
      const body = '{"username":"target","password":"wrong password"}'
      socket.write(head('POST /api/v1/auth/login', json, `Content-Length: ${body.length}`, 'Connection: close') + body)
    },
  },
  'wrong tokens': {
    what: 'requests with a token that is none',
    isWork: true,
    connections: 100,
    perSecond: 500,
    begin: ({ socket }) => socket.write(head('GET /api/v1/me', `Authorization: Bearer ${'a.b'.repeat(100)}.c`, 'Connection: close')),
  },
}

/** Attacks from an address of its own, where the system has more than one on its loopback. The answer stops it and counts what was opened. */
export function attack(port: number, { connections, perSecond, begin }: Attack): { stop(): Promise<number> } {
  const open = new Set<Socket>()
  const localAddress = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1'
  let opened = 0
  const add = () => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    open.add(socket)
    const timers: ReturnType<typeof setInterval>[] = []
    const done = () => {
      for (const timer of timers) clearInterval(timer)
      open.delete(socket)
    }
    socket.on('connect', () => {
      opened += 1
      begin({ socket, done, drip: (text, everyMs) => timers.push(setInterval(() => socket.write(text), everyMs)) })
    })
    // Whatever the server does about it, the next one is on its way.
    socket.on('error', done)
    socket.on('close', done)
    socket.resume()
  }
  const roundMs = 20
  const round = setInterval(() => {
    for (let i = 0; i < (perSecond * roundMs) / 1000 && open.size < connections; i += 1) add()
  }, roundMs)
  return {
    async stop() {
      clearInterval(round)
      for (const socket of [...open]) socket.destroy()
      await new Promise((resolve) => setTimeout(resolve, 100))
      return opened
    },
  }
}
