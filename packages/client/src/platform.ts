import type { Bytes } from './server-sent-events.ts'

/**
 * What the client needs of a WebSocket: the part that browsers, Bun and Node share.
 *
 * @example
 * import { WebSocket } from 'ws'
 * createClient({ url, platform: { WebSocket } })
 */
export interface SocketLike {
  send(text: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
}

export type SocketConstructor = new (url: string, protocols?: string[]) => SocketLike

export type FetchRequest = {
  method: string
  headers: Record<string, string>
  body?: string
  credentials: 'include' | 'omit'
  signal: AbortSignal
}
/** `body`: the answer as it comes; a platform without it has no way around a blocked WebSocket. */
export type FetchAnswer = { status: number; headers: { get(name: string): string | null }; text(): Promise<string>; body?: Bytes | null }

/**
 * Everything the client takes from its surroundings. Each part has a default from the platform; a test or a harness replaces those it
 * wants to see or steer.
 *
 * @example
 * createClient({ url, platform: { WebSocket: RecordingSocket, random: () => 0.5 } })
 */
export type Platform = {
  /** The platform's own unless given; looked for when a connection is asked for, so that REST alone needs none. */
  WebSocket?: SocketConstructor
  fetch(url: string, request: FetchRequest): Promise<FetchAnswer>
  /** Wall time in ms since 1970: only ever compared with itself and with a stored session's `expires_at`. */
  now(): number
  setTimeout(task: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
  /** Uniform in [0, 1), for jitter. */
  random(): number
  /** Unpredictable bytes, for client message ids. */
  randomBytes(size: number): Uint8Array
}

/** Longest wait a timer takes; a longer one would fire at once. */
const longestTimer = 2 ** 31 - 1

export const platformDefaults: Platform = {
  fetch: (url, request) => globalThis.fetch(url, request),
  now: () => Date.now(),
  setTimeout: (task, ms) => globalThis.setTimeout(task, Math.min(ms, longestTimer)),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as Parameters<typeof globalThis.clearTimeout>[0]),
  random: () => Math.random(),
  randomBytes: (size) => globalThis.crypto.getRandomValues(new Uint8Array(size)),
}

/** The WebSocket to use; throws where there is none. */
export function socketConstructor(platform: Platform): SocketConstructor {
  const found = platform.WebSocket ?? (globalThis.WebSocket as unknown as SocketConstructor | undefined)
  if (found === undefined) throw new Error('This runtime has no WebSocket: pass `platform.WebSocket`.')
  return found
}

/**
 * A client message id: 12 hex digits of time, so that ids sort roughly by age in a log, and 80 random bits.
 *
 * @example
 * newCid(platform) // '019a5c2f8e11-9b0c4d7a1e5f2a6b3c8d'
 */
export function newCid({ now, randomBytes }: Pick<Platform, 'now' | 'randomBytes'>): string {
  const hex = Array.from(randomBytes(10), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${Math.max(0, Math.floor(now())).toString(16).padStart(12, '0')}-${hex}`
}
