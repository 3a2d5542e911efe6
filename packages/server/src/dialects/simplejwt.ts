import { ChatError, type OutputOf } from '@parlance/protocol'
import type { RestAnswer, RestCall, RestRoute } from './dialect.ts'
import { content, readTexts, Refused, routesOf, unasked } from './drf.ts'

/** The two views of SimpleJWT: a pair of tokens for a name and a password, and a new access token for a refresh token. */

const allow = ['POST', 'OPTIONS']

export const tokenPair = (path: string): RestRoute[] =>
  routesOf({ path, name: 'Token Obtain Pair', allow, enter: unasked, methods: { POST: obtain } })

export const tokenRefresh = (path: string): RestRoute[] =>
  routesOf({ path, name: 'Token Refresh', allow, enter: unasked, methods: { POST: renew } })

async function obtain(call: RestCall): Promise<RestAnswer> {
  const fields = readTexts(await content(call), [{ name: 'username' }, { name: 'password' }])
  const { refresh_token: refresh, access_token: access } = await logIn(call, Object.fromEntries(fields))
  return { status: 200, body: { refresh, access } }
}

/** Whatever is wrong with a name or a password, a login says only that they do not fit. */
async function logIn(call: RestCall, fields: Record<string, string>): Promise<OutputOf<'accounts.login'>> {
  try {
    return await call.call(null, 'accounts.login', fields)
  } catch (error) {
    if (!isRefusal(error, 'invalid_credentials')) throw error
    throw new Refused('invalid_credentials', { detail: 'No active account found with the given credentials' })
  }
}

async function renew(call: RestCall): Promise<RestAnswer> {
  const token = readTexts(await content(call), [{ name: 'refresh' }]).get('refresh') ?? ''
  try {
    const { access_token: access, refresh_token: refresh } = await call.call(null, 'accounts.refresh', { refresh_token: token })
    // Where tokens rotate there is a new one.
    return { status: 200, body: { access, ...(refresh !== token && { refresh }) } }
  } catch (error) {
    if (!isRefusal(error, 'invalid_refresh')) throw error
    throw new Refused('invalid_refresh', { detail: reasonOf(error) ?? 'Token is invalid or expired', code: 'token_not_valid' })
  }
}

/** Why the token is of no use, where that is told. */
const reasonOf = (error: unknown): string | undefined =>
  error instanceof ChatError && error.code === 'invalid_refresh' ? error.faults?.[0]?.message : undefined

/** Whatever is wrong with what proves a person, the answer says only that it does not. */
export const isRefusal = (error: unknown, code: ChatError['code']): boolean =>
  error instanceof ChatError && [code, 'suspended', 'invalid_input'].includes(error.code)
