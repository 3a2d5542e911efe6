import type { Platform } from './platform.ts'
import type { Session } from './session.ts'
import type { Timing } from './socket.ts'
import type { Positions } from './sync.ts'
import type { TokenSource } from './token-source.ts'

/**
 * What `createClient` takes; only `url` is needed.
 *
 * @example
 * createClient({ url: 'https://chat.example.org', session: stored, onSession: store, follow: 'all' })
 */
export type ClientOptions = {
  /** Where the server is, as http(s); a path in front of `/api` and `/ws` may follow. */
  url: string
  /** Name and version of the program, for the server's log. */
  client?: string
  /** A login kept from before. */
  session?: Session | null
  /**
   * Where access tokens come from, if people sign in to the application and not here. It is asked before the first call or connection, before
   * each token ends, and when the server says that one is over; `login` and `register` are not for such a client.
   */
  token?: TokenSource
  /** Called after every change of the login, so that a host can keep it: null once signed out. */
  onSession?: (session: Session | null) => void
  /** Positions kept from before; the events after them are delivered on the first connection. */
  resume?: Positions | null
  /** Which rooms catch up by themselves when they are behind: those open (the default), or all. */
  follow?: 'open' | 'all'
  /** A room further behind than this many events skips to its head and is named in `reset`. Default 2,000. */
  maxFill?: number
  /** Messages that may wait to be sent. Default 1,000. */
  outboxCapacity?: number
  /** Longest wait for the answer to a request over HTTP. Default 30,000. */
  timeout_ms?: number
  timing?: Partial<Timing>
  platform?: Partial<Platform>
  /** Sees the text of every frame received, before anything is made of it. */
  onFrame?: (text: string) => void
  /** Takes what a listener, `onSession` or `onFrame` throws; by default it is thrown again outside the client. */
  onError?: (error: unknown) => void
}

/** The two doors of a server, from the one address a person knows. */
export function doorsOf(url: string): { rest: string; socket: string } {
  const { protocol, host, pathname } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new TypeError(`The address of a server begins with http:// or https://, not ${protocol}//`)
  const base = `//${host}${pathname.replace(/\/+$/, '')}`
  return { rest: `${protocol}${base}`, socket: `${protocol === 'https:' ? 'wss:' : 'ws:'}${base}/ws` }
}
