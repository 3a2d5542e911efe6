import type { Profile } from '@parlance/protocol'

/**
 * A login as a host may keep it: hand the last one to `createClient({ session })` and the user stays signed in. `refresh_token` is null
 * where it lives in a cookie, and with `session` where the token is the application's own. `expires_at` (of the access token) is ms since
 * 1970.
 *
 * @example
 * createClient({ url, session: JSON.parse(localStorage.parlance ?? 'null'), onSession: (s) => { localStorage.parlance = JSON.stringify(s) } })
 */
export type Session = { user: Profile; session: string | null; access_token: string; expires_at: number; refresh_token: string | null }
