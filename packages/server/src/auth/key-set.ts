import { importJWK, type JWK } from 'jose'

/** A key with the only algorithms it is used with: those of its own kind, whatever a token says. */
export type PinnedKey = { kid: string | null; algorithms: string[]; key: CryptoKey | Uint8Array }

/** The keys that a token naming this one (or none) may be signed with. Rejects with KeysUnavailable. */
export type KeySource = { find(kid: string | null): Promise<readonly PinnedKey[]> }

/** There are no keys to check with at the moment: nothing is said about the token. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable'
}

/** Keys of a set beyond these are not looked at. */
const maxKeys = 100
/** A set is asked for anew in the background when it is older. */
const freshMs = 10 * 60_000
/** Without an answer the last one is believed for so long. */
const believedMs = 24 * 3_600_000
/** How often an unknown `kid`, and how often a source without an answer, is asked for. */
const unknownKidMs = 60_000
const retryMs = 5_000

/** One secret, for one algorithm. */
export function sharedSecret(secret: Uint8Array, algorithm: string): KeySource {
  const keys: PinnedKey[] = [{ kid: null, algorithms: [algorithm], key: secret }]
  return { find: () => Promise.resolve(keys) }
}

type Options = {
  /** The text of a JWK set. */
  load: () => Promise<string>
  /** Monotonic, in ms. */
  now: () => number
  failed: (error: unknown) => void
}

/** The public keys of a set that changes now and then. */
export class KeySet implements KeySource {
  readonly #options: Options
  #keys: readonly PinnedKey[] | null = null
  #loadedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #loading: Promise<void> | null = null

  constructor(options: Options) {
    this.#options = options
  }

  async find(kid: string | null): Promise<readonly PinnedKey[]> {
    const age = this.#options.now() - this.#loadedAt
    if (this.#keys === null || age > believedMs) await this.#load(retryMs)
    else if (age > freshMs) void this.#load(unknownKidMs)
    let keys = this.#known(kid)
    if (keys.length === 0) {
      await this.#load(unknownKidMs)
      keys = this.#known(kid)
    }
    return keys
  }

  #known(kid: string | null): readonly PinnedKey[] {
    if (this.#keys === null || this.#options.now() - this.#loadedAt > believedMs) throw new KeysUnavailable('no key set could be had')
    // A token that names no key is clear only where there is one.
    if (kid === null) return this.#keys.length === 1 ? this.#keys : []
    return this.#keys.filter((key) => key.kid === kid)
  }

  /** Settles when an answer is there or could not be had. Nothing is asked within `pauseMs` of the last time. */
  #load(pauseMs: number): Promise<void> {
    if (this.#loading !== null) return this.#loading
    if (this.#options.now() - this.#triedAt < pauseMs) return Promise.resolve()
    this.#triedAt = this.#options.now()
    this.#loading = this.#options
      .load()
      .then(parseKeySet)
      .then(
        (keys) => {
          this.#keys = keys
          this.#loadedAt = this.#options.now()
        },
        (error: unknown) => this.#options.failed(error),
      )
      .finally(() => {
        this.#loading = null
      })
    return this.#loading
  }
}

/** The usable keys of a JWK set; those of another purpose or kind are passed over. Throws where it is none. */
export async function parseKeySet(text: string): Promise<PinnedKey[]> {
  const set: unknown = JSON.parse(text)
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) throw new Error('not a JWK set')
  const keys = await Promise.all((set.keys as unknown[]).slice(0, maxKeys).map(pin))
  return keys.filter((key) => key !== null)
}

async function pin(value: unknown): Promise<PinnedKey | null> {
  if (typeof value !== 'object' || value === null) return null
  const jwk = value as JWK
  const algorithms = algorithmsOf(jwk)
  const [first] = algorithms
  if (first === undefined || (jwk.use !== undefined && jwk.use !== 'sig')) return null
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) return null
  try {
    const key = await importJWK(publicPart(jwk), first)
    return { kid: typeof jwk.kid === 'string' ? jwk.kid : null, algorithms, key }
  } catch {
    return null
  }
}

const curves: Record<string, string> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }

/** What a key is for. Symmetric keys are not among them: in a set that anybody may read they would be no secret. */
function algorithmsOf({ kty, crv = '', alg }: JWK): string[] {
  if (kty === 'OKP') return crv === 'Ed25519' && (alg === undefined || alg === 'EdDSA' || alg === 'Ed25519') ? ['EdDSA', 'Ed25519'] : []
  const fitting = kty === 'RSA' ? ['RS256', 'RS384', 'RS512'] : kty === 'EC' && Object.hasOwn(curves, crv) ? [curves[crv] ?? ''] : []
  return fitting.filter((one) => one === (alg ?? fitting[0]))
}

/** A set that shows a private key by mistake is used for checking all the same, and for nothing else. */
const publicPart = ({ kty, crv, x, y, n, e }: JWK): JWK => {
  if (kty === 'RSA') return { kty, n, e }
  return kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x }
}
