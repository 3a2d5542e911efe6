import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { Verdict } from './jwt.ts'
import type { KeySource } from './key-set.ts'

/** What a token of another issuer says. Times are ms; texts are as claimed, within bounds and well-formed, empty where nothing is. */
export type IssuedClaims = {
  subject: string
  issuedAt: number | null
  expiresAt: number
  username: string
  email: string
  firstName: string
  lastName: string
  /** What was signed, as text: the same for every spelling of the signature. */
  signed: string
}

/** An issuer that is not us. `name` is what its tokens call it. */
export type Issuer = {
  name: string
  /** `now` in ms. Rejects with KeysUnavailable. */
  verify(token: string, now: number): Promise<Verdict<IssuedClaims>>
}

const maxLength = 8_192
const maxSubject = 255
const maxText = 254
/** Clocks differ: a token may be from a little in the future. It never lives on after its end. */
const toleranceSeconds = 60
const latest = 8.64e15

type Options = { issuer: string; audience: string; keys: KeySource }

export function createIssuer({ issuer, audience, keys }: Options): Issuer {
  return {
    name: issuer,
    async verify(token, now) {
      const kid = kidOf(token)
      if (kid === undefined) return { state: 'invalid' }
      for (const { key, algorithms } of await keys.find(kid)) {
        const payload = await check(token, key, { algorithms, issuer, audience, currentDate: new Date(now) })
        const claims = payload && claimsOf(payload, token)
        if (claims) return { state: now < claims.expiresAt ? 'valid' : 'expired', claims }
      }
      return { state: 'invalid' }
    },
  }
}

/** The key that a token names, null for none; undefined for what is no access token on its face. Nothing else of the header is believed. */
function kidOf(token: string): string | null | undefined {
  const [head = '', payload, signature, ...more] = token.length > maxLength ? [] : token.split('.')
  if (payload === undefined || !signature || more.length > 0 || ![head, payload, signature].every(isBase64Url)) return undefined
  const header = parseObject(head)
  const { kid = null, typ = 'JWT', crit } = header ?? {}
  if (header === null || crit !== undefined || typeof typ !== 'string') return undefined
  if (!/^(?:application\/)?(?:at\+)?jwt$/i.test(typ)) return undefined
  return kid === null || typeof kid === 'string' ? kid : undefined
}

const isBase64Url = (part: string): boolean => /^[\w-]+$/.test(part)

function parseObject(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

type Terms = { algorithms: string[]; issuer: string; audience: string; currentDate: Date }

/** The payload of a token that is rightly signed and meant for us; one past its end too, and up to the tolerance before its begin. */
async function check(token: string, key: CryptoKey | Uint8Array, terms: Terms): Promise<JWTPayload | null> {
  try {
    const { payload } = await jwtVerify(token, key, { ...terms, requiredClaims: ['exp', 'sub'], clockTolerance: toleranceSeconds })
    return payload
  } catch (error) {
    // Thrown last: everything else about the token was right.
    if (error instanceof errors.JWTExpired) return error.payload
    return null
  }
}

function claimsOf(payload: JWTPayload, token: string): IssuedClaims | null {
  const { sub, iat, exp } = payload
  if (typeof sub !== 'string' || sub === '' || sub.length > maxSubject || !isStorable(sub)) return null
  if (typeof exp !== 'number' || !(Math.abs(exp) * 1_000 < latest)) return null
  if (iat !== undefined && !(Math.abs(iat) * 1_000 < latest)) return null
  return {
    subject: sub,
    issuedAt: iat === undefined ? null : Math.floor(iat * 1_000),
    expiresAt: Math.floor(exp * 1_000),
    username: textOf(payload.preferred_username) || textOf(payload.name),
    email: textOf(payload.email),
    firstName: textOf(payload.given_name),
    lastName: textOf(payload.family_name),
    signed: token.slice(0, token.lastIndexOf('.')),
  }
}

const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

const textOf = (value: unknown): string =>
  typeof value === 'string' && isStorable(value) ? value.slice(0, maxText).trim().toWellFormed() : ''
