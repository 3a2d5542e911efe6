import type { InputOf, OperationName, OutputOf } from '@parlance/protocol'

/** Somebody signed in: the person and the login that proves it. */
export type Actor = { number: number; id: string; username: string; session: string; /** ms since 1970 */ expiresAt: number }

/**
 * What a door differs in, as data. `dia` marks sessions and tokens made here (`native` for our own); `passwordMin` characters;
 * `sharedEmail` accepts an address that another account owns; `tokens` are lifetimes in seconds.
 */
export type Door = {
  dia: string
  passwordMin: number
  sharedEmail: boolean
  anyUsername: boolean
  tokens: { access: number; refresh: number }
}

/** Where a REST door keeps a refresh token out of scripts' reach. `value` is what the browser sent, null where it may not be used. */
export type RefreshCookie = { value: string | null; set(token: string, maxAgeSeconds: number): void; clear(): void }

/** The circumstances of one call. `lane`: calls with the same one (a socket) keep their order in the log. */
export type Call = {
  actor: Actor | null
  lane: object | null
  door: Door
  requestId: string
  /** The address the request came from, for limits on signed-out work. */
  address: string
  /** There where the door can set cookies. */
  cookie?: RefreshCookie
}

export type SignedIn = Call & { actor: Actor }

/** What services offer: a handler for every operation of the catalog; those open to everybody get a call without an actor. */
export type Handlers = { [N in OperationName]: (call: Call, input: InputOf<N>) => Promise<OutputOf<N>> }
