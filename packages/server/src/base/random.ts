/** The only source of randomness. */
export type Random = {
  /** `size` unpredictable bytes, the caller's to keep. */
  bytes(size: number): Uint8Array
  /** Uniform in [0, 1): for jitter and choices, never for secrets. */
  fraction(): number
}

export const systemRandom: Random = {
  bytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  fraction: () => Math.random(),
}

/** The same sequence for the same seed (splitmix32): for tests and the simulation only, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const word = () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  return {
    bytes: (size) => Uint8Array.from({ length: size }, () => word() & 0xff),
    fraction: () => word() / 2 ** 32,
  }
}

/** An unguessable token of `size` random bytes (256 bits unless told), base64url without padding. */
export function randomToken(random: Random, size = 32): string {
  return Buffer.from(random.bytes(size)).toString('base64url')
}
