import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export type Pbkdf2 = { iterations: number; salt: string; digest: Buffer }

// A stored hash comes from an imported database: it may not decide to occupy a core for minutes.
const maxIterations = 10_000_000
const digestBytes = 32

/** Reads Django's `pbkdf2_sha256$iterations$salt$digest`, as imported accounts bring it along; null for anything else. */
export function parsePbkdf2(hash: string): Pbkdf2 | null {
  const [, iterations, salt, text] = /^pbkdf2_sha256\$([1-9]\d{0,7})\$([^$]+)\$([A-Za-z0-9+/]+=*)$/.exec(hash) ?? []
  if (iterations === undefined || salt === undefined || text === undefined || Number(iterations) > maxIterations) return null
  const digest = Buffer.from(text, 'base64')
  return digest.length === digestBytes ? { iterations: Number(iterations), salt, digest } : null
}

export async function verifyPbkdf2(password: string, { iterations, salt, digest }: Pbkdf2): Promise<boolean> {
  const derived = await promisify(pbkdf2)(password, salt, iterations, digestBytes, 'sha256')
  return timingSafeEqual(derived, digest)
}
