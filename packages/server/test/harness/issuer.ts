import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

export const issuerName = 'https://id.example.org'
export const audience = 'chat'

/** A key pair of an issuer: what it publishes, and how it signs. */
export type IssuerKey = { jwk: JWK; privateKey: CryptoKey; sign(payload: JWTPayload, header?: Record<string, unknown>): Promise<string> }

export async function issuerKey(alg: string, kid: string): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig', alg }
  return {
    jwk,
    privateKey,
    sign: (payload, header = {}) => new SignJWT(payload).setProtectedHeader({ alg, kid, typ: 'JWT', ...header }).sign(privateKey),
  }
}

/** What an ordinary token says. `exp` and `iat` are seconds from now. */
export function claims(change: JWTPayload = {}, now = Date.now()): JWTPayload {
  const seconds = Math.floor(now / 1000)
  return { iss: issuerName, aud: audience, sub: 'subject-1', iat: seconds, exp: seconds + 300, preferred_username: 'ada', ...change }
}

/** An issuer's key set on loopback. `asked` counts requests; `answer` may be replaced. */
export type JwksServer = Disposable & { url: string; asked: number; answer: () => Response | Promise<Response> }

export function serveJwks(keys: () => readonly JWK[]): JwksServer {
  const served = { url: '', asked: 0, answer: (): Response | Promise<Response> => Response.json({ keys: keys() }) }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch() {
      served.asked += 1
      return served.answer()
    },
  })
  served.url = `http://127.0.0.1:${server.port}/jwks.json`
  return Object.assign(served, {
    [Symbol.dispose]: () => {
      void server.stop(true)
    },
  })
}
