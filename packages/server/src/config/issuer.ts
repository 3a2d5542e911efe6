import type { SettingName } from './settings.ts'
import { oneOf, type Parse, text, Unfit, urlOf } from './values.ts'

/** An issuer of the installation's own whose tokens sign people in, and what checks them: one secret, or the key set at an address. */
export type IssuerConfig = {
  issuer: string
  audience: string
  keys: { secret: string; algorithm: 'HS256' | 'HS384' | 'HS512' } | { url: string }
}

type Source = {
  faults: string[]
  get<T>(name: SettingName, parse: Parse<T>): T
  optional<T>(name: SettingName, parse: Parse<T>): T | null
}

const minSecretBytes = 32
const maxNameLength = 500

const secret: Parse<string> = (value) => {
  if (Buffer.byteLength(value) < minSecretBytes) throw new Unfit(`at least ${minSecretBytes} bytes long`)
  return value
}

const issuerName: Parse<string> = (value) => {
  // Our own tokens name it: nobody else's may.
  if (value === 'parlance' || value.length > maxNameLength)
    throw new Unfit(`the issuer as its tokens name it in "iss", such as https://id.example.org`)
  return value
}

/** Null where there is none. What is half set is refused: a token without the right issuer and audience is for somebody else. */
export function readIssuer({ faults, get, optional }: Source): IssuerConfig | null {
  const url = optional('AUTH_JWKS_URL', urlOf('https://id.example.org/.well-known/jwks.json', 'https', 'http'))
  const shared = optional('AUTH_JWT_SECRET', secret)
  const algorithm = get('AUTH_JWT_ALGORITHM', oneOf('HS256', 'HS384', 'HS512'))
  const issuer = optional('AUTH_ISSUER', issuerName)
  const audience = optional('AUTH_AUDIENCE', text)
  if (url === null && shared === null) {
    const [useless] = Object.entries({ AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience }).flatMap(([name, set]) =>
      set === null ? [] : [name],
    )
    if (useless !== undefined)
      faults.push(`${useless}: is of no use without AUTH_JWKS_URL or AUTH_JWT_SECRET, which say by which keys tokens are checked`)
    return null
  }
  if (url !== null && shared !== null)
    faults.push('AUTH_JWT_SECRET: is set beside AUTH_JWKS_URL; a token is checked by one of them, so set one')
  const given = url === null ? 'AUTH_JWT_SECRET' : 'AUTH_JWKS_URL'
  if (issuer === null) faults.push(`AUTH_ISSUER: must be set where ${given} is; tokens are accepted only if "iss" is exactly this`)
  if (audience === null) faults.push(`AUTH_AUDIENCE: must be set where ${given} is; tokens are accepted only if "aud" names it`)
  const keys = url === null ? { secret: shared ?? '', algorithm } : { url }
  return { issuer: issuer ?? '', audience: audience ?? '', keys }
}
