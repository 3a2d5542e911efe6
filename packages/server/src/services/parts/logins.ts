import { ChatError, type OutputOf } from '@parlance/protocol'
import type { Tokens } from '../../auth/tokens.ts'
import type { Clock } from '../../base/clock.ts'
import type { Call } from '../../dispatch.ts'
import type { NewSession, UserRow } from '../../store/rows.ts'
import { profileView } from '../views.ts'

/** The door whose sessions have refresh tokens that rotate. */
export const nativeDoor = 'native'

/** A login about to be stored. `refresh` is its opaque refresh token, null where the door's tokens are made from the session alone. */
export type Begun = { session: NewSession; refresh: string | null }

type Pair = { access: string; refresh: string; refreshSeconds: number }
type SessionOutput = OutputOf<'accounts.login'>

/** A token pair for a stored session. `session` its id; `refresh` the opaque token where the door has such. */
type Issue = { user: UserRow; session: string; refresh: string | null; where: 'token' | 'cookie' }

/** A refresh token of an older client that may be used; `dia` and `username` are its claims. */
type Renewal = { user: UserRow; session: string; dia: string; username?: string | undefined; token: string; expiresAt: number }

/** Makes sessions and their tokens in the form of the door they are made at. */
export type Logins = {
  begin(call: Call): Begun
  /** The answer to a login. The refresh token leaves in it, or in the door's cookie. */
  issue(call: Call, issue: Issue): Promise<SessionOutput>
  /** The answer to a renewal with a token of an older client, which stays as it is until it expires. */
  renew(call: Call, renewal: Renewal): Promise<SessionOutput>
}

type Deps = {
  tokens: Tokens
  clock: Clock
  newId: () => string
  /** Seconds an access token lives, by the door it is of: a renewal at another door does not change that. Absent: as the door says. */
  accessSeconds?: ReadonlyMap<string, number>
}

export function createLogins({ tokens, clock, newId, accessSeconds }: Deps): Logins {
  const pairOf = async ({ door }: Call, { user, session, refresh }: Issue): Promise<Pair> => {
    const now = clock.now()
    const access = { now, seconds: door.tokens.access }
    if (refresh !== null) {
      const grant = { sub: user.id, uno: user.number, sid: session, username: user.username }
      return { access: await tokens.signAccess(grant, access), refresh, refreshSeconds: door.tokens.refresh }
    }
    const grant = { user_id: user.number, dia: door.dia, sid: session }
    return {
      access: await tokens.signDialect({ token_type: 'access', ...grant }, access),
      refresh: await tokens.signDialect({ token_type: 'refresh', ...grant }, { now, seconds: door.tokens.refresh }),
      refreshSeconds: door.tokens.refresh,
    }
  }

  return {
    begin({ door, agent }) {
      const refresh = tokens.newRefresh()
      const refresh_hash = tokens.refreshDigest(refresh)
      if (refresh_hash === null) throw new Error('a new refresh token has no digest')
      const at = clock.now()
      const expires_at = at + door.tokens.refresh * 1000
      const session = { id: newId(), dia: door.dia, agent: agentOf(agent), created_at: at, expires_at, refresh_hash }
      return { session, refresh: door.dia === nativeDoor ? refresh : null }
    },

    async issue(call, issue) {
      const { access, refresh, refreshSeconds } = await pairOf(call, issue)
      if (issue.where === 'cookie') cookieOf(call).set(refresh, refreshSeconds)
      return {
        user: profileView(issue.user),
        session: issue.session,
        access_token: access,
        expires_in: call.door.tokens.access,
        refresh_token: issue.where === 'cookie' ? null : refresh,
        refresh_expires_in: refreshSeconds,
      }
    },

    async renew({ door }, { user, session, dia, username, token, expiresAt }) {
      const now = clock.now()
      const grant = { token_type: 'access' as const, user_id: user.number, dia, sid: session, ...(username !== undefined && { username }) }
      const seconds = accessSeconds?.get(dia) ?? door.tokens.access
      return {
        user: profileView(user),
        session,
        access_token: await tokens.signDialect(grant, { now, seconds }),
        expires_in: seconds,
        refresh_token: token,
        refresh_expires_in: Math.floor((expiresAt - now) / 1000),
      }
    },
  }
}

const agentChars = 200

/** As much of what a client calls itself as can be shown. */
function agentOf(agent = ''): string | null {
  const shown = Array.from(agent.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, ''))
    .slice(0, agentChars)
    .join('')
    .trim()
  return shown === '' ? null : shown
}

/** Where the door keeps cookies. Asked before anything is written, so that nobody signs in without getting the token. */
export function cookieOf({ cookie }: Call): NonNullable<Call['cookie']> {
  if (cookie !== undefined) return cookie
  const fault = { path: '/session', code: 'unavailable', message: 'Cookies can be had over REST only.' }
  throw new ChatError('invalid_input', { errors: [fault] })
}
