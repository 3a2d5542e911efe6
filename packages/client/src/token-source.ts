import { ChatError } from '@parlance/protocol'
import { ConnectionError } from './connection-error.ts'
import type { Platform } from './platform.ts'
import type { Rest } from './rest.ts'
import type { Session } from './session.ts'

/**
 * Gives an access token of the application's own issuer: a new one, if the last one is nearly over or was refused, and null where nobody is
 * signed in any more, which ends the session. A rejection means that there is none to be had at the moment; it is asked again.
 *
 * @example
 * createClient({ url, token: async () => (await (await fetch('/chat-token')).json()).token })
 */
export type TokenSource = () => string | null | Promise<string | null>

/** Longest wait for the application. */
const patience = 30_000
/** How long a token is used that the server took although by the clock here it is nearly over, or that does not say when it is. */
const believed = 60_000
const nearlyOver = 10_000

type Deps = { rest: Rest; platform: Platform }

/** Asks the application for a token, and the server whose it is and whether it is any good. */
export async function sessionFrom(source: TokenSource, { rest, platform }: Deps): Promise<Session> {
  const token = await ask(source, platform)
  if (token === null) throw new ChatError('unauthenticated', { detail: 'The application has no token: nobody is signed in.' })
  const user = await rest.call('accounts.me', {}, { token })
  return { user, session: null, access_token: token, expires_at: endOf(token, platform.now()), refresh_token: null }
}

async function ask(source: TokenSource, platform: Platform): Promise<string | null> {
  let timer: unknown
  const late = new Promise<never>((_, reject) => {
    timer = platform.setTimeout(() => reject(new Error(`no answer within ${patience} ms`)), patience)
  })
  try {
    return await Promise.race([source(), late])
  } catch (error) {
    throw new ConnectionError('The application gave no token.', error)
  } finally {
    platform.clearTimeout(timer)
  }
}

/** The end by the clock here, which may be wrong: a token lasts no longer than from its issue to its end, whatever is left of it by now. */
function endOf(token: string, now: number): number {
  const { iat, exp } = payloadOf(token)
  if (typeof exp !== 'number') return now + believed
  const life = typeof iat === 'number' && iat < exp ? (exp - iat) * 1000 : Number.POSITIVE_INFINITY
  const left = exp * 1000 - now
  return now + Math.min(life, left > nearlyOver ? left : believed)
}

/** Nothing of it is believed but how long it may last. */
function payloadOf(token: string): { iat?: unknown; exp?: unknown } {
  try {
    const [, payload = ''] = token.split('.')
    const value: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
