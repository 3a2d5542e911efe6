import { createHash, createHmac } from 'node:crypto'
import { signJwt, type Verdict, verifyJwt } from './jwt.ts'
import { deriveKey } from './keys.ts'

/** Whose login it is. `uno` is the user's number, `sub` their id, `sid` the session that can be ended. */
export type AccessGrant = { sub: string; uno: number; sid: string; username: string }
export type AccessClaims = AccessGrant & { iss: 'parlance'; iat: number; exp: number }

/** A token in the older clients' form: SimpleJWT's claims, with the door it was issued at (`dia`) and our session (`sid`). */
export type DialectGrant = { token_type: 'access' | 'refresh'; user_id: number; dia: string; sid: string; username?: string }
export type DialectClaims = DialectGrant & { jti: string; iat: number; exp: number }

/** From `now` (milliseconds since the epoch) for `seconds`. */
export type Lifetime = { now: number; seconds: number }

/** Issues and checks every token. The three kinds have keys of their own, so none passes for another. `now` is milliseconds. */
export type Tokens = {
  signAccess(grant: AccessGrant, lifetime: Lifetime): Promise<string>
  verifyAccess(token: string, now: number): Verdict<AccessClaims>
  signDialect(grant: DialectGrant, lifetime: Lifetime): Promise<string>
  verifyDialect(token: string, now: number): Verdict<DialectClaims>
  /** A new login's refresh token: 256 random bits, base64url. It is shown once and never stored, only its digest is. */
  newRefresh(): string
  /** The one token that replaces this one, always the same: asked twice (a lost reply, a second tab), the answer does not change. */
  refreshAfter(token: string): string
  /** What the store keeps of a refresh token (SHA-256), or null for a text that cannot be one. */
  refreshDigest(token: string): Uint8Array | null
  /** What the store keeps of an older client's refresh token that was spent (SHA-256): of its `jti`, as one signature has several spellings. */
  spentDigest(jti: string): Uint8Array
}

export function createTokens({ master, random }: { master: Uint8Array; random: (size: number) => Uint8Array }): Tokens {
  const access = { key: deriveKey(master, 'access token'), typ: 'at+jwt', isClaims: isAccessClaims }
  const dialect = { key: deriveKey(master, 'dialect token'), typ: 'JWT', isClaims: isDialectClaims }
  const successorKey = deriveKey(master, 'refresh token successor')
  return {
    signAccess: (grant, lifetime) => signJwt(access, { iss: 'parlance', ...grant, ...period(lifetime) }),
    verifyAccess: (token, now) => verifyJwt(token, access, now),
    signDialect: (grant, lifetime) => signJwt(dialect, { ...grant, jti: Buffer.from(random(16)).toString('hex'), ...period(lifetime) }),
    verifyDialect: (token, now) => verifyJwt(token, dialect, now),
    newRefresh: () => Buffer.from(random(32)).toString('base64url'),
    refreshAfter: (token) => createHmac('sha256', successorKey).update(token).digest('base64url'),
    refreshDigest: (token) => (/^[\w-]{43}$/.test(token) ? sha256(token) : null),
    spentDigest: sha256,
  }
}

const sha256 = (token: string): Uint8Array => new Uint8Array(createHash('sha256').update(token).digest())

function period({ now, seconds }: Lifetime): { iat: number; exp: number } {
  const iat = Math.floor(now / 1_000)
  return { iat, exp: iat + seconds }
}

// Only we can have signed what comes here; the check is for tokens of another version of ourselves.
function isAccessClaims(claims: object): claims is AccessClaims {
  const { iss, sub, uno, sid, username, iat, exp } = claims as Record<string, unknown>
  return iss === 'parlance' && areStrings([sub, sid, username]) && areIntegers([uno, iat, exp])
}

function isDialectClaims(claims: object): claims is DialectClaims {
  const { token_type, user_id, dia, sid, jti, username, iat, exp } = claims as Record<string, unknown>
  const isType = token_type === 'access' || token_type === 'refresh'
  return isType && areStrings([dia, sid, jti, username ?? '']) && areIntegers([user_id, iat, exp])
}

function areStrings(values: unknown[]): boolean {
  return values.every((value) => typeof value === 'string')
}

function areIntegers(values: unknown[]): boolean {
  return values.every(Number.isSafeInteger)
}
