import { createHmac, timingSafeEqual } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'

/**
 * What a token turned out to be. `expired`: signed by us, past its `exp`; its claims are still ours to believe. `invalid` is everything
 * else: not signed with this key, of another kind, malformed.
 */
export type Verdict<Claims> = { state: 'valid' | 'expired'; claims: Claims } | { state: 'invalid' }

/** One kind of token: its own key, and its own `typ` in the header. */
export type Kind<Claims extends object> = { key: Uint8Array; typ: string; isClaims: (claims: object) => claims is Claims }

const maxLength = 4_096

export async function signJwt(kind: { key: Uint8Array; typ: string }, claims: JWTPayload): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: kind.typ }).sign(kind.key)
}

/**
 * Checks a token at `now` (milliseconds). Synchronous and by hand because every request and every hello pays for it: jose's jwtVerify took
 * 46 us of CPU per token here (its HMAC goes through WebCrypto's promises), this takes 2 us. The algorithm is fixed: the header may only
 * agree with it.
 */
export function verifyJwt<Claims extends { exp: number }>(token: string, kind: Kind<Claims>, now: number): Verdict<Claims> {
  const [header, payload, signature, ...more] = token.length > maxLength ? [] : token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) return { state: 'invalid' }
  if (!isSignedBy(kind.key, `${header}.${payload}`, signature)) return { state: 'invalid' }
  const { alg, typ, crit } = parseObject(header) as Record<string, unknown>
  const claims = parseObject(payload)
  if (alg !== 'HS256' || typ !== kind.typ || crit !== undefined || !kind.isClaims(claims)) return { state: 'invalid' }
  return { state: now < claims.exp * 1_000 ? 'valid' : 'expired', claims }
}

/** Compares texts, not bytes: base64 has several spellings of the same bytes, and a token shall have one. */
function isSignedBy(key: Uint8Array, content: string, signature: string): boolean {
  const expected = Buffer.from(createHmac('sha256', key).update(content).digest('base64url'))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function parseObject(part: string): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
